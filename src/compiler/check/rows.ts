/** Expands the rows of one instance: flows, their steps, and what is decided at compile time in them. */
import type { Fix } from "../../diagnostics/diagnostic.ts";
import type { Binding, Expression, Flow, Step } from "../syntax/ast.ts";
import { expandBlock } from "./blocks.ts";
import { evaluate } from "./evaluate-expression.ts";
import { nested, pass, reportAt, show, spend, type Frame, type RowPlace, type Tensor } from "./frame.ts";
import { join } from "./joins.ts";
import { expandLayer } from "./layers.ts";
import { placeLabel } from "./labels.ts";
import { limits } from "./limits.ts";
import { nameRow, type Row } from "./paths.ts";
import { differences, evaluateShape, filled, fits, shapeText } from "./shapes.ts";
import { markOf } from "./template.ts";

export function expandBinding(frame: Frame, binding: Binding): void {
  const { name } = binding;
  const row: Row = { name: name.text, parts: [] };
  const tensor = expandFlow(frame, { row, repeated: false, iteration: undefined }, binding.flow);
  nameRow(frame.builder, row);
  frame.tensors.set(name.text, tensor && { ...tensor, span: name.span, text: tensor.text ?? name.text });
  if (tensor !== undefined) frame.builder.scopes.push({ path: name.text, value: tensor.value });
  show(frame, binding, name.span, tensor);
}

function expandFlow(frame: Frame, place: RowPlace, flow: Flow): Tensor | undefined {
  return nested(frame, flow.span, 1, () => {
    switch (flow.kind) {
      case "reference":
        return frame.expansion.resolution.faulty.has(flow) ? undefined : frame.tensors.get(flow.name.text);
      case "pipe": {
        const source = expandFlow(frame, place, flow.source);
        const result = source && expandSteps(frame, place, source, flow.steps);
        return result === source ? source : result && { ...result, span: flow.span };
      }
      case "join": {
        const left = expandFlow(frame, place, flow.left);
        const right = expandFlow(frame, place, flow.right);
        if (left === undefined || right === undefined || !spend(frame, 1, flow.span)) return undefined;
        const joined = join(frame, place, flow.operator, [left, right], flow.span, flow.operatorSpan);
        if (joined !== undefined) pass(frame, flow, joined);
        return joined;
      }
      case "concat": {
        const parts = flow.parts.map((part) => expandFlow(frame, place, part));
        if (!parts.every((part) => part !== undefined) || !spend(frame, parts.length, flow.span)) return undefined;
        if (parts.length === 0) return undefined;
        const joined = join(frame, place, "concat", parts, flow.span, flow.span);
        if (joined !== undefined) pass(frame, flow, joined);
        return joined;
      }
      case "if": {
        const condition = decide(frame, flow.condition);
        return condition === undefined ? undefined : expandFlow(frame, place, condition ? flow.then : flow.else);
      }
      case "missing":
        return undefined;
      default:
        return flow satisfies never;
    }
  });
}

/** The value behind the steps; `undefined` from the first step on that has an error. */
function expandSteps(frame: Frame, place: RowPlace, source: Tensor, steps: readonly Step[]): Tensor | undefined {
  let value: Tensor | undefined = source;
  for (const step of steps) {
    if (!spend(frame, costOf(step), step.span)) return undefined;
    const before: Tensor = value;
    value = expandStep(frame, place, before, step);
    if (value === undefined) return undefined;
    show(frame, step, step.span, value, before);
  }
  return value;
}

/** Long arguments take long to evaluate. */
function costOf(step: Step): number {
  return step.kind === "repeat" ? 1 : 1 + ((step.span.end - step.span.start) >> 6);
}

/** See `nested`. */
const stepLevels = 3;

function expandStep(frame: Frame, place: RowPlace, value: Tensor, step: Step): Tensor | undefined {
  switch (step.kind) {
    case "call": {
      const call = frame.expansion.resolution.calls.get(step);
      if (call === undefined) return undefined;
      if (call.kind === "layer") return expandLayer(frame, place, value, step, call);
      return nested(frame, step.span, stepLevels, () => expandBlock(frame, place, value, step, call));
    }
    case "repeat":
      return nested(frame, step.span, stepLevels, () => expandRepeat(frame, place, value, step));
    case "if": {
      const condition = decide(frame, step.condition);
      if (condition === undefined) return undefined;
      return nested(frame, step.span, stepLevels, () =>
        expandSteps(frame, place, value, condition ? step.then : step.else),
      );
    }
    case "ascription":
      return checkAscription(frame, value, step);
    case "missing":
      return undefined;
    default:
      return step satisfies never;
  }
}

function decide(frame: Frame, condition: Expression): boolean | undefined {
  const value = evaluate(frame.context, frame.environment, condition);
  return value?.kind === "bool" ? value.value : undefined;
}

function expandRepeat(
  frame: Frame,
  place: RowPlace,
  source: Tensor,
  step: Step & { readonly kind: "repeat" },
): Tensor | undefined {
  const count = evaluate(frame.context, frame.environment, step.count);
  if (count?.kind !== "int") return undefined;
  if (count.value < 0) {
    reportAt(frame, step.count.span, "type/repeat-count", { found: String(count.value) });
    return undefined;
  }
  if (count.value > limits.repeat) {
    reportAt(frame, step.count.span, "limit/repeat", { limit: limits.repeat, found: count.value });
    return undefined;
  }
  const { label, repeated } = placeLabel(frame, place, step.label);
  const own: Row = { name: "", parts: [] };
  const from = markOf(frame.builder);
  const errors = frame.expansion.report.errors();
  let value: Tensor | undefined = source;
  for (let index = 0; index < count.value && value !== undefined; index++) {
    const inside: Frame = {
      ...frame,
      environment: new Map(frame.environment).set("index", { kind: "int", value: index }),
    };
    const insidePlace =
      label === undefined ? { ...place, repeated: true } : { row: own, repeated: false, iteration: index };
    value = spend(frame, inside.environment.size, step.span)
      ? expandSteps(inside, insidePlace, value, step.steps)
      : undefined;
    // What is wrong in one instance is wrong in the next.
    if (frame.expansion.report.errors() > errors) value = undefined;
  }
  if (label === undefined) return value;
  nameRow(frame.builder, own);
  const { row, iteration } = place;
  const to = markOf(frame.builder);
  const { span } = step.label!;
  const output = value?.value;
  row.parts.push({ kind: "instance", label, layer: "repeat", repeated, iteration, span, from, to, output });
  return value;
}

function checkAscription(
  frame: Frame,
  value: Tensor,
  { shape }: Step & { readonly kind: "ascription" },
): Tensor | undefined {
  const sizes = evaluateShape(frame.context, frame.environment, shape);
  if (fits(sizes, value.shape)) return value;
  // A size that is unknown has its error already, and may be the one that is wrong.
  if (sizes.includes(undefined)) return undefined;
  const stated = filled(sizes, value.shape);
  const params = { stated: shapeText(stated), actual: shapeText(value.shape) };
  // In a block, or where names are in it, another instance may have another shape.
  const isOnlyOne = frame.chain.length === 0 && !frame.environment.has("index");
  const isPlain = isOnlyOne && shape.dimensions.every(({ kind }) => kind === "int");
  const text = `[${value.shape.join(", ")}]`;
  const fix: Fix = { title: `write \`${text}\``, isChoice: true, edits: [{ span: shape.span, text }] };
  const details = { label: differences(value.shape, stated), fixes: isPlain ? [fix] : [] };
  reportAt(frame, shape.span, "shape/ascription", params, details);
  return undefined;
}
