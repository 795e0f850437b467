/** Layers of a row: their arguments, their shapes and their instances. */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";
import { sizeOf, type Shape } from "../graph/graph.ts";
import type { ArgumentValue, LayerArguments, LayerDefinition } from "../layers/layer.ts";
import type { CallStep, Label } from "../syntax/ast.ts";
import { describeConstant, toArgument } from "./constants.ts";
import { evaluate } from "./evaluate-expression.ts";
import { reportAt, stopAt, type Frame, type RowPlace, type Tensor } from "./frame.ts";
import { placeLabel } from "./labels.ts";
import { limits } from "./limits.ts";
import type { PartKind } from "./paths.ts";
import type { LayerCall } from "./resolution.ts";
import { shapeText } from "./shapes.ts";
import { markOf } from "./template.ts";
import { describeArgument } from "./types.ts";

/** A call without its label. */
export function callSpan(step: CallStep): Span {
  return { file: step.span.file, start: step.callee.span.start, end: Math.max(step.callee.span.end, step.span.end) };
}

export function expandLayer(
  frame: Frame,
  place: RowPlace,
  input: Tensor,
  step: CallStep,
  call: LayerCall,
): Tensor | undefined {
  const args = evaluateArguments(frame, call);
  if (args === undefined) return undefined;
  const span = callSpan(step);
  const { definition } = call;
  const result = definition.shape(args, [input.shape]);
  if ("problem" in result) {
    const { code, params } = result.problem;
    const details = { span, expansion: frame.chain, label: `the input is ${shapeText(input.shape)}` };
    frame.expansion.report.add(diagnose(code, params as never, details));
    return undefined;
  }
  return addLayer(frame, place, {
    kind: definition.weighted ? "weighted" : "unweighted",
    definition,
    arguments: args,
    inputs: [input],
    shape: result.shape,
    span,
    nameSpan: step.label?.span ?? step.callee.span,
    label: step.label,
  });
}

/** Defaults filled in; `undefined` where one is unknown. */
function evaluateArguments(frame: Frame, call: LayerCall): LayerArguments | undefined {
  const values: Record<string, ArgumentValue | undefined> = {};
  let known = true;
  for (const { name, type, default: preset } of call.definition.parameters) {
    const argument = call.arguments.get(name);
    if (argument === undefined) {
      if (preset !== undefined) values[name] = preset;
      continue;
    }
    const constant = evaluate(frame.context, frame.environment, argument.value);
    const value = constant && toArgument(type, constant);
    if (constant !== undefined && value === undefined) {
      const params = { name, expected: describeArgument(type), found: describeConstant(constant) };
      reportAt(frame, argument.value.span, "type/range", params);
    }
    known &&= value !== undefined;
    values[name] = value;
  }
  return known ? values : undefined;
}

interface NewLayer {
  readonly kind: PartKind;
  readonly definition: LayerDefinition;
  readonly arguments: LayerArguments;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly span: Span;
  readonly nameSpan: Span;
  readonly label: Label | undefined;
}

/** Adds an instance, whose path comes when its row is complete. */
export function addLayer(frame: Frame, place: RowPlace, layer: NewLayer): Tensor | undefined {
  const { builder } = frame;
  const { row, iteration } = place;
  const { definition, shape, span, nameSpan } = layer;
  // Not `size > limit`, so that a size that is no number does not pass.
  if (!(sizeOf(shape) <= limits.tensor)) {
    reportAt(frame, span, "limit/tensor", { limit: "2^31", shape: shapeText(shape) });
    return undefined;
  }
  if (builder.layers.length >= limits.layers) {
    stopAt(frame, span, "limit/layers", { limit: limits.layers });
    return undefined;
  }
  const { label, repeated } = placeLabel(frame, place, layer.label);
  const value = builder.layers.length;
  const from = markOf(builder);
  builder.layers.push({
    layer: definition.name,
    path: "",
    arguments: layer.arguments,
    inputs: layer.inputs.map((input) => input.value),
    inputShapes: layer.inputs.map((input) => input.shape),
    shape,
    span,
    expansion: [],
    fixed: definition.weighted || label !== undefined,
    nameSpan,
  });
  const to = markOf(builder);
  row.parts.push({ kind: layer.kind, label, layer: definition.name, repeated, iteration, span: nameSpan, from, to });
  return { shape, value, span, text: undefined };
}
