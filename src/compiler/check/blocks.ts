/** Instances of blocks: their arguments, the fit of their input, and one template for all equal instances. */
import type { ExpansionLink, Span } from "../../diagnostics/diagnostic.ts";
import type { CallStep, Declaration, Port } from "../syntax/ast.ts";
import { describeConstant, toArgument, toConstant, type Constant } from "./constants.ts";
import { evaluate } from "./evaluate-expression.ts";
import {
  evaluationContext,
  reportAt,
  sourceText,
  spend,
  stopAt,
  type Expansion,
  type Frame,
  type RowPlace,
  type Tensor,
} from "./frame.ts";
import { callSpan } from "./layers.ts";
import { placeLabel } from "./labels.ts";
import { limits } from "./limits.ts";
import { finishPaths } from "./finish-paths.ts";
import { addCall, createInstance } from "./instances.ts";
import type { BlockCall, Target } from "./resolution.ts";
import { expandBinding } from "./rows.ts";
import { bindSymbols, differences, evaluateShape, filled, fits, shapeText } from "./shapes.ts";
import { createBuilder, instantiate, markOf, type Output, type Template } from "./template.ts";
import { argumentTypeOf, describeArgument } from "./types.ts";

type Environment = Map<string, Constant | undefined>;

export function expandBlock(
  frame: Frame,
  place: RowPlace,
  input: Tensor,
  step: CallStep,
  call: BlockCall,
): Tensor | undefined {
  const { expansion, builder } = frame;
  const span = callSpan(step);
  if (frame.chain.length >= limits.blocks) {
    stopAt(frame, span, "limit/expansion-depth", { limit: limits.blocks });
    return undefined;
  }
  if (!spend(frame, call.target.declaration.parameters.length, span)) return undefined;
  const link: ExpansionLink = { call: sourceText(moduleOf(frame), span), span };
  const chain = [link, ...frame.chain];
  const environment = evaluateArguments(frame, call, chain);
  if (environment === undefined || !bindInput(frame, call.target, environment, input, span, chain)) return undefined;

  const template = templateOf(expansion, call.target, environment, input, chain);
  addCall(frame.instance, step, template.instance);
  if (expansion.stopped || !spend(frame, template.layers.length, span)) return undefined;
  if (builder.layers.length + template.layers.length > limits.layers) {
    stopAt(frame, span, "limit/layers", { limit: limits.layers });
    return undefined;
  }
  const from = markOf(builder);
  const value = instantiate(builder, template, input.value, link);
  const { row, iteration } = place;
  const { label, repeated } = placeLabel(frame, place, step.label);
  const nameSpan = step.label?.span ?? step.callee.span;
  row.parts.push({
    kind: "instance",
    label,
    layer: step.callee.text,
    repeated,
    iteration,
    span: nameSpan,
    from,
    to: markOf(builder),
    output: value,
  });
  const shape = template.outputs?.[0]?.shape;
  return value === undefined || shape === undefined ? undefined : { shape, value, span, text: undefined };
}

function moduleOf(frame: Frame) {
  return frame.target.module;
}

/** The values of the block's parameters; `undefined` where one is unknown. */
function evaluateArguments(
  frame: Frame,
  { target, arguments: given }: BlockCall,
  chain: readonly ExpansionLink[],
): Environment | undefined {
  const environment: Environment = new Map();
  const inside = evaluationContext(frame.expansion, chain);
  for (const parameter of target.declaration.parameters) {
    const name = parameter.name.text;
    const type = argumentTypeOf(parameter.type);
    const argument = given.get(name);
    const expression = argument?.value ?? parameter.default;
    if (type === undefined || expression === undefined || inside.faulty.has(parameter)) return undefined;
    const constant =
      argument === undefined
        ? evaluate(inside, environment, expression)
        : evaluate(frame.context, frame.environment, expression);
    if (constant === undefined) return undefined;
    const value = asParameter(type, constant);
    if (value === undefined) {
      const params = { name, expected: describeArgument(type), found: describeConstant(constant) };
      reportAt(frame, expression.span, "type/range", params);
      return undefined;
    }
    environment.set(name, value);
  }
  return environment;
}

/** The constant as a value of the parameter's type: an int given for a float is a float. */
export function asParameter(type: NonNullable<ReturnType<typeof argumentTypeOf>>, constant: Constant) {
  const value = toArgument(type, constant);
  return typeof value === "object" || value === undefined ? undefined : toConstant(type, value);
}

/** Binds the symbols of the block's input; `false`, after a report at the call, where the value does not fit. */
function bindInput(
  frame: Frame,
  { declaration, module }: Target,
  environment: Environment,
  input: Tensor,
  span: Span,
  chain: readonly ExpansionLink[],
): boolean {
  const port = declaration.inputs[0];
  if (port === undefined || frame.context.faulty.has(port)) return false;
  const related = [{ span: port.shape.span, label: "the block's input" }];
  const stated = sourceText(module, port.shape.span);
  const params = { block: declaration.name.text, expected: stated, found: shapeText(input.shape) };
  if (port.shape.dimensions.length !== input.shape.length) {
    reportAt(frame, span, "shape/input", params, { related });
    return false;
  }
  const conflict = bindSymbols(environment, port, input.shape);
  if (conflict !== undefined) {
    reportAt(frame, span, "shape/symbol", conflict, { related, label: `the input is ${shapeText(input.shape)}` });
    return false;
  }
  const sizes = evaluateShape(evaluationContext(frame.expansion, chain), environment, port.shape);
  if (sizes.includes(undefined)) return false;
  if (fits(sizes, input.shape)) return true;
  reportAt(frame, span, "shape/input", params, {
    related,
    label: differences(input.shape, filled(sizes, input.shape)),
  });
  return false;
}

/** The template of all instances with these arguments and input shape. */
function templateOf(
  expansion: Expansion,
  target: Target,
  environment: Environment,
  input: Tensor,
  chain: readonly ExpansionLink[],
): Template {
  const id = idOf(expansion, target.declaration);
  const key = JSON.stringify([id, [...environment], input.shape]);
  const known = expansion.templates.get(key);
  if (known !== undefined) return known;
  const port = target.declaration.inputs[0]!;
  const template = expandDeclaration(expansion, target, environment, { port, shape: input.shape }, chain);
  expansion.templates.set(key, template);
  return template;
}

function idOf({ reached }: Expansion, declaration: Declaration): number {
  const id = reached.get(declaration) ?? reached.size;
  reached.set(declaration, id);
  return id;
}

/** Expands a declaration. Without an input shape everything that comes from the input is unknown. */
export function expandDeclaration(
  expansion: Expansion,
  target: Target,
  environment: Environment,
  input: { readonly port: Port; readonly shape: readonly number[] } | undefined,
  chain: readonly ExpansionLink[],
): Template {
  const { declaration } = target;
  idOf(expansion, declaration);
  const instance = createInstance(declaration, environment, input?.shape);
  expansion.instances.push(instance);
  const frame: Frame = {
    expansion,
    target,
    environment,
    tensors: new Map(),
    builder: createBuilder(),
    chain,
    context: evaluationContext(expansion, chain),
    instance,
  };
  if (input !== undefined) {
    const { text, span } = input.port.name;
    frame.tensors.set(text, { shape: input.shape, value: "input", span, text });
  }
  for (const binding of declaration.bindings) {
    if (binding.name.text !== "" && !expansion.resolution.faulty.has(binding)) expandBinding(frame, binding);
  }
  const outputs = declaration.outputs.map((port) => checkOutput(frame, port));
  finishPaths(frame);
  const complete = outputs.length > 0 && outputs.every((output) => output !== undefined);
  const { layers, scopes } = frame.builder;
  instance.layers = layers;
  return { layers, scopes, outputs: complete && !expansion.stopped ? outputs : undefined, instance };
}

function checkOutput(frame: Frame, port: Port): Output | undefined {
  const tensor = frame.tensors.get(port.name.text);
  if (frame.context.faulty.has(port)) return undefined;
  const sizes = evaluateShape(frame.context, frame.environment, port.shape);
  if (tensor === undefined || sizes.includes(undefined)) return undefined;
  if (fits(sizes, tensor.shape)) return { name: port.name.text, value: tensor.value, shape: tensor.shape };
  const stated = filled(sizes, tensor.shape);
  const params = { name: port.name.text, stated: shapeText(stated), actual: shapeText(tensor.shape) };
  const related = [{ span: tensor.span, label: shapeText(tensor.shape) }];
  reportAt(frame, port.shape.span, "shape/output", params, { related, label: differences(tensor.shape, stated) });
  return undefined;
}
