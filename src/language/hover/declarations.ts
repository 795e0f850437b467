/** Hover on what source text declares: models and blocks, their parameters, dimensions, inputs, outputs and bindings. */
import type { Instance } from "../../compiler/check/instances.ts";
import type { Shape } from "../../compiler/graph/graph.ts";
import type { Argument, Binding, Declaration, Parameter, Port } from "../../compiler/syntax/ast.ts";
import { costsOf, groupsAt, totalsOf, type Group } from "../known/costs.ts";
import { evaluateIn, evaluateShapeIn } from "../known/evaluate.ts";
import type { Known } from "../known/knowledge.ts";
import { constantText, declarationSignature, exactCount, parameterText, shapeText } from "../known/text.ts";
import type { Definition } from "../names/symbols.ts";
import { code, costText, lines, paragraphs, severalText, source, type HoverContext } from "./context.ts";

export function hoverDeclaration(context: HoverContext, declaration: Declaration): string {
  const { workspace, form } = context;
  const text = workspace.text(declaration.name.span.file) ?? "";
  const known = context.knownOf(declaration);
  const groups = known === undefined ? [] : groupsAt(known.models, declaration.span, { perCall: false });
  const facts =
    known === undefined
      ? undefined
      : declaration.kind === "model"
        ? modelText(context, declaration, known)
        : blockText(known, groups, form);
  return paragraphs([source(declarationSignature(declaration, text)), declaration.doc, facts]);
}

function modelText({ workspace, form }: HoverContext, { name }: Declaration, known: Known): string | undefined {
  const model = known.models.find(
    (candidate) => candidate.input.span.file === name.span.file && candidate.name === name.text,
  );
  if (model === undefined) return undefined;
  const whole = workspace.networks(known.path).includes(model);
  const output = model.outputs[0];
  return lines([
    output === undefined ? undefined : `${code(shapeText(model.input.shape))} → ${code(shapeText(output.shape))}`,
    valuesText(known.instances[0]),
    `${exactCount(costsOf(model, form).size, "layer")}${prefixed(" · ", costText(totalsOf(model, form, model.layers)))}`,
    form === "bcos" ? `B-cos preset ${code(model.settings.preset)}` : "conventional form",
    whole ? undefined : "as far as it is known: the model has errors",
  ]);
}

function prefixed(prefix: string, text: string | undefined): string {
  return text === undefined ? "" : prefix + text;
}

function blockText(known: Known, groups: readonly Group[], form: HoverContext["form"]): string {
  const [first] = groups;
  const models = [...new Set(groups.map(({ model }) => model.name))];
  const different = known.instances.length === 1 ? "" : `, ${known.instances.length} different`;
  return lines([
    `${exactCount(groups.length, "instance")} in ${models.map(code).join(", ")}${different}`,
    `the first: ${valuesText(known.instances[0]) ?? "no parameters"}`,
    first && costText(totalsOf(first.model, form, first.layers)),
  ]);
}

function valuesText({ values }: Instance): string | undefined {
  const known = [...values].flatMap(([name, constant]) => {
    const value = constantText(constant);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  return known.length === 0 ? undefined : code(known.join(", "));
}

/** `argument` where the name is that of an argument in a call. */
export function hoverNamed(
  context: HoverContext,
  definition: Definition,
  argument: Argument | undefined,
): string | undefined {
  switch (definition.kind) {
    case "parameter":
      return hoverParameter(context, definition.declaration, definition.parameter, argument);
    case "enum-value":
      return paragraphs([
        source(parameterText(definition.parameter, context.workspace.text(definition.span.file) ?? "")),
        `A value of ${code(definition.parameter.name.text)}.`,
        takenText(context.knownOf(definition.declaration), definition.parameter.name.text),
      ]);
    case "dimension":
      return hoverDimension(context, definition.declaration, definition.port, definition.name);
    case "binding":
      return hoverBinding(context, definition.declaration, definition.binding);
    case "input":
    case "output":
      return hoverPort(context, definition.declaration, definition.port);
    case "model":
    case "block":
      return hoverDeclaration(context, definition.declaration);
    case "import":
    case "label":
      return undefined;
    default:
      return definition satisfies never;
  }
}

function hoverParameter(
  context: HoverContext,
  declaration: Declaration,
  parameter: Parameter,
  argument: Argument | undefined,
): string {
  const { workspace, known } = context;
  const text = workspace.text(parameter.span.file) ?? "";
  const { text: name } = parameter.name;
  const given = argument && known && constantText(evaluateIn(known.instances[0], argument.value));
  return paragraphs([
    source(parameterText(parameter, text)),
    `A parameter of the ${declaration.kind} ${code(declaration.name.text)}.`,
    argument === undefined
      ? takenText(context.knownOf(declaration), name)
      : given === undefined
        ? undefined
        : `here ${code(given)}`,
  ]);
}

function hoverDimension(context: HoverContext, declaration: Declaration, port: Port, name: string): string {
  const axis = port.shape.dimensions.findIndex((d) => d.kind === "name" && d.name === name);
  const axes: Readonly<Record<number, readonly string[]>> = {
    1: ["features"],
    2: ["tokens", "features"],
    3: ["height", "width", "channels"],
  };
  const meaning = axes[port.shape.dimensions.length]?.[axis];
  const which = meaning === undefined ? `axis ${axis}` : `the ${meaning}`;
  return paragraphs([
    source(`${name}: int`),
    `A dimension of the input ${code(port.name.text)}: ${which}.`,
    takenText(context.knownOf(declaration), name),
  ]);
}

/** The values that a parameter or dimension has in the instances, the first one's first. */
function takenText(known: Known | undefined, name: string): string | undefined {
  const values = severalText(known?.instances.map(({ values }) => constantText(values.get(name))) ?? []);
  return values && `value ${values}`;
}

function hoverPort(context: HoverContext, declaration: Declaration, port: Port): string {
  const known = context.knownOf(declaration);
  const shapes = known?.instances.map((instance) =>
    port.direction === "input" ? instance.input : evaluateShapeIn(instance, port.shape),
  );
  return paragraphs([
    source(context.workspace.text(port.span.file)?.slice(port.span.start, port.span.end) ?? ""),
    port.doc,
    shapesText(shapes ?? []),
  ]);
}

function hoverBinding(context: HoverContext, declaration: Declaration, binding: Binding): string {
  const known = context.knownOf(declaration);
  const shapes = known?.instances.flatMap((instance) => instance.passages.get(binding)?.map(({ to }) => to) ?? []);
  const [group] = known === undefined ? [] : groupsAt(known.models, binding.span, { perCall: false });
  const totals = group && totalsOf(group.model, context.form, group.layers);
  const port = declaration.outputs.find(({ name }) => name.text === binding.name.text);
  return paragraphs([
    source(`${binding.name.text}${shapes?.[0] === undefined ? "" : `: ${shapeText(shapes[0])}`}`),
    binding.doc === "" ? port?.doc : binding.doc,
    lines([
      shapes !== undefined && shapes.length > 1 ? shapesText(shapes) : undefined,
      totals && group && prefixed(`${exactCount(group.layers.length, "layer")}`, prefixed(" · ", costText(totals))),
    ]),
  ]);
}

function shapesText(shapes: readonly (Shape | undefined)[]): string | undefined {
  return severalText(shapes.map((shape) => shape && shapeText(shape)));
}
