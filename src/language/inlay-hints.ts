/**
 * Inlay hints: the shape behind every step, the names of arguments, what a `repeat` sums up to, and the values of
 * parameters, symbols and shapes. In blocks they are those of the first instance. Nothing is repeated that the text says.
 */
import type { Instance } from "../compiler/check/instances.ts";
import type { Form } from "../compiler/graph/program.ts";
import { sameShape, type Shape } from "../compiler/graph/graph.ts";
import type {
  Binding,
  CallStep,
  Declaration,
  Flow,
  ShapeExpression,
  SourceFile,
  Step,
} from "../compiler/syntax/ast.ts";
import type { Span, TextEdit } from "../diagnostics/diagnostic.ts";
import { groupsAt, totalsOf } from "./known/costs.ts";
import { evaluateIn, evaluateShapeIn } from "./known/evaluate.ts";
import { knowledgeOf, type Known } from "./known/knowledge.ts";
import { constantText, scaledCount, shapeText } from "./known/text.ts";
import { calleeMeaning, formalsOf } from "./names/resolve.ts";
import { scopeOf } from "./names/tables.ts";
import { walk, type SyntaxNode } from "./walk.ts";
import type { Workspace } from "./workspace.ts";

export interface InlayHintOptions {
  /** Shapes behind every step, behind those that change it, or not at all. Default `every`. */
  readonly shapes?: "every" | "changed" | "off";
  /** The names of positional arguments. Default true. */
  readonly argumentNames?: boolean;
  /** Layers and parameters of a `repeat`. Default true. */
  readonly totals?: boolean;
  /** Values of parameters, symbols and shapes. Default true. */
  readonly values?: boolean;
  /** The form whose parameters are counted. Default `bcos`. */
  readonly form?: Form;
}

export type InlayHintKind = "shape" | "argument" | "total" | "value";

export interface InlayHint {
  readonly offset: number;
  readonly kind: InlayHintKind;
  readonly text: string;
  /** More about it, as Markdown. */
  readonly tooltip?: string;
  /** Writes what the hint says into the text. */
  readonly edits?: readonly TextEdit[];
}

interface Context {
  readonly workspace: Workspace;
  readonly file: SourceFile;
  readonly options: Required<InlayHintOptions>;
  readonly known: Known | undefined;
  readonly declaration: Declaration;
  readonly add: (hint: InlayHint) => void;
}

/** The hints of the range, in source order. */
export function inlayHints(
  workspace: Workspace,
  path: string,
  range: Pick<Span, "start" | "end">,
  options: InlayHintOptions = {},
): readonly InlayHint[] {
  const file = workspace.tree(path);
  if (file === undefined) return [];
  const known = knowledgeOf(workspace, path);
  const found: InlayHint[] = [];
  const add = (hint: InlayHint): void => {
    if (hint.offset >= range.start && hint.offset <= range.end) found.push(hint);
  };
  const defaults = { shapes: "every", argumentNames: true, totals: true, values: true, form: "bcos" } as const;
  for (const declaration of file.declarations) {
    if (declaration.span.end < range.start || declaration.span.start > range.end) continue;
    const all = { ...defaults, ...options };
    hintDeclaration({ workspace, file, options: all, known: known.get(declaration), declaration, add });
  }
  return found.sort((a, b) => a.offset - b.offset);
}

function hintDeclaration(context: Context): void {
  const { declaration, options, known } = context;
  if (options.values && known !== undefined) hintValues(context, known);
  for (const binding of declaration.bindings) {
    if (options.shapes !== "off" && known !== undefined) hintBinding(context, known, binding);
    walk({ type: "binding", node: binding }, (node) => hintNode(context, node));
  }
}

function hintNode(context: Context, { type, node }: SyntaxNode): void {
  if (type !== "step") return;
  if (node.kind === "call" && context.options.argumentNames) hintArguments(context, node);
  if (node.kind === "repeat" && context.options.totals) hintRepeat(context, node);
}

/** Shapes: behind the steps of a row, and behind the row where its last step has none. */
function hintBinding(context: Context, known: Known, binding: Binding): void {
  const shapesAt = (node: Binding | Flow | Step): readonly Shape[] =>
    known.instances.flatMap((instance) => instance.passages.get(node)?.map(({ to }) => to) ?? []);
  // Numbers in a block would bind it to the sizes that it has here.
  const isFixed = context.declaration.kind === "model";
  const hint = (node: Binding | Flow | Step, offset: number, canState = true): void => {
    const shapes = distinct(shapesAt(node));
    const [first] = shapes;
    if (first === undefined) return;
    const text = ` : ${shapeText(first)}${shapes.length > 1 ? " …" : ""}`;
    const tooltip = instanceText(context, known, shapes.map(shapeText));
    context.add({
      offset,
      kind: "shape",
      text,
      ...(tooltip === undefined ? {} : { tooltip }),
      ...(isFixed && canState && shapes.length === 1
        ? { edits: [{ span: { ...binding.span, start: offset, end: offset }, text }] }
        : {}),
    });
  };
  const hintSteps = (steps: readonly Step[], before: Binding | Flow | Step | undefined): void => {
    let last = before;
    for (const [i, step] of steps.entries()) {
      if (step.kind === "repeat") hintSteps(step.steps, undefined);
      if (step.kind === "if") {
        hintSteps(step.then, undefined);
        hintSteps(step.else, undefined);
      }
      const stays = last !== undefined && equal(distinct(shapesAt(last)), distinct(shapesAt(step)));
      const isWanted = context.options.shapes === "every" || !stays;
      // What a shape statement or the last step of a repeat says needs no hint.
      const inner = step.kind === "repeat" ? step.steps.at(-1) : undefined;
      const isSaid =
        step.kind === "ascription" ||
        steps[i + 1]?.kind === "ascription" ||
        (inner !== undefined && equal(distinct(shapesAt(inner)), distinct(shapesAt(step))));
      if (isWanted && !isSaid) hint(step, step.span.end);
      last = step;
    }
  };
  const hintFlow = (flow: Flow, isRow: boolean): void => {
    switch (flow.kind) {
      case "pipe": {
        hintFlow(flow.source, flow.source.kind === "concat");
        const named =
          flow.source.kind === "reference" ? sourceBinding(context.declaration, flow.source.name.text) : undefined;
        return hintSteps(flow.steps, named ?? flow.source);
      }
      case "join":
        hintFlow(flow.left, false);
        hintFlow(flow.right, false);
        if (isRow) hint(flow, flow.span.end);
        return;
      case "concat":
        flow.parts.forEach((part) => hintFlow(part, false));
        return hint(flow, flow.span.end, isRow);
      case "if":
        hintFlow(flow.then, false);
        hintFlow(flow.else, false);
        if (isRow) hint(binding, flow.span.end);
        return;
      case "reference":
      case "missing":
        return;
      default:
        return flow satisfies never;
    }
  };
  hintFlow(binding.flow, true);
}

/** Which instance a hint in a block is about; in a model there is one. */
function instanceText({ declaration }: Context, known: Known, texts: readonly string[]): string | undefined {
  const others = texts.slice(1).map((text) => `\`${text}\``);
  const rest = others.length === 0 ? "" : `; in others ${others.join(", ")}`;
  if (declaration.kind === "model") return others.length === 0 ? undefined : `the first time${rest}`;
  return `in the first instance of \`${known.path}\`${rest}`;
}

/** The binding whose value a row starts with. */
function sourceBinding({ bindings }: Declaration, name: string): Binding | undefined {
  return bindings.find((binding) => binding.name.text === name);
}

function distinct(shapes: readonly Shape[]): readonly Shape[] {
  return shapes.filter((shape, i) => shapes.findIndex((other) => sameShape(shape, other)) === i);
}

function equal(a: readonly Shape[], b: readonly Shape[]): boolean {
  return a.length === b.length && a.every((shape, i) => sameShape(shape, b[i]!));
}

/** `width:` before an argument that has no name, unless it is called like that itself. */
function hintArguments({ workspace, file, add }: Context, step: CallStep): void {
  const formals = formalsOf(calleeMeaning(workspace, file, step.callee.text));
  for (const [i, { name, value, span }] of step.arguments.entries()) {
    const formal = formals[i];
    if (name !== undefined || formal === undefined || value.kind === "missing") continue;
    if (value.kind === "name" && value.name === formal.name) continue;
    const edit = { span: { ...span, end: span.start }, text: `${formal.name}: ` };
    add({ offset: span.start, kind: "argument", text: edit.text, edits: [edit] });
  }
}

/** `× 3 = 6 weight layers, 222 k parameters` behind a repeat. */
function hintRepeat({ known, options, add }: Context, step: Step & { readonly kind: "repeat" }): void {
  if (known === undefined) return;
  const count = evaluateIn(known.instances[0], step.count);
  const [group, ...others] = groupsAt(known.models, step.span, { perCall: false });
  if (count?.kind !== "int" || group === undefined) return;
  const { weightLayers, parameters, macs } = totalsOf(group.model, options.form, group.layers);
  const parts = [
    ...(weightLayers === 0 ? [] : [scaledCount(weightLayers, "weight layer")]),
    ...(parameters === undefined || parameters === 0 ? [] : [scaledCount(parameters, "parameter")]),
  ];
  if (parts.length === 0) return;
  const exact = [
    ...(parameters === undefined ? [] : [`${parameters.toLocaleString("en-US")} parameters`]),
    ...(macs === undefined ? [] : [`${macs.toLocaleString("en-US")} MACs`]),
  ].join(" · ");
  const tooltip = others.length === 0 ? exact : `${exact} in the first of ${others.length + 1} instances`;
  add({ offset: step.span.end, kind: "total", text: ` × ${count.value} = ${parts.join(", ")}`, tooltip });
}

/** Values of parameters and symbols where they are declared, and of shapes that have to be computed. */
function hintValues(context: Context, known: Known): void {
  const { declaration, add } = context;
  const { instances } = known;
  const [first] = instances;
  const valueHint = (offset: number, name: string): void => {
    const value = constantText(first.values.get(name));
    if (value === undefined) return;
    const all = [...new Set(instances.flatMap((instance) => constantText(instance.values.get(name)) ?? []))];
    const tooltip = instanceText(context, known, [value, ...all.filter((other) => other !== value)]);
    add({
      offset,
      kind: "value",
      text: ` = ${value}${all.length > 1 ? " …" : ""}`,
      ...(tooltip === undefined ? {} : { tooltip }),
    });
  };
  for (const { name, default: preset, span } of declaration.parameters) {
    const value = first.values.get(name.text);
    const written = preset && constantText(evaluateIn(first, preset));
    // A default that is a number and is the value is there to be read.
    const isSaid =
      preset !== undefined && isLiteral(preset) && constantText(value) === written && instances.length === 1;
    if (!isSaid) valueHint(span.end, name.text);
  }
  for (const { kind, span, name } of scopeOf(declaration).definitions) {
    if (kind === "dimension") valueHint(span.end, name);
  }
  for (const port of declaration.outputs) hintShape(context, first, instances, port.shape);
  for (const port of declaration.kind === "model" ? declaration.inputs : []) {
    hintShape(context, first, instances, port.shape);
  }
  for (const binding of declaration.bindings) {
    walk({ type: "binding", node: binding }, ({ type, node }) => {
      if (type === "shape") hintShape(context, first, instances, node);
    });
  }
}

function isLiteral({ kind }: { readonly kind: string }): boolean {
  return kind === "int" || kind === "float" || kind === "bool" || kind === "name";
}

/** ` = [28, 28, 128]` behind a shape that is not written in numbers. */
function hintShape({ add }: Context, first: Instance, instances: readonly Instance[], shape: ShapeExpression): void {
  if (shape.dimensions.every(({ kind }) => kind === "int")) return;
  const sizes = evaluateShapeIn(first, shape);
  if (sizes === undefined) return;
  const differs = instances.some((instance) => {
    const other = evaluateShapeIn(instance, shape);
    return other !== undefined && !sameShape(other, sizes);
  });
  add({ offset: shape.span.end, kind: "value", text: ` = ${shapeText(sizes)}${differs ? " …" : ""}` });
}
