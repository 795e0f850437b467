/** `a + b`, `a * b` and `concat(a, b, …)`. */
import { diagnose, type Details } from "../../diagnostics/catalogue.ts";
import type { RelatedPlace, Span } from "../../diagnostics/diagnostic.ts";
import { layerTable } from "../layers/table.ts";
import { type Frame, type RowPlace, type Tensor } from "./frame.ts";
import { addLayer } from "./layers.ts";
import { differences, shapeText } from "./shapes.ts";

export type JoinOperator = "+" | "*" | "concat";

/** Parts of a `concat` that a report shows. */
const shown = 8;

const layerOf: Readonly<Record<JoinOperator, string>> = { "+": "add", "*": "mul", concat: "concat" };

/** Joins values whose shapes fit; reports where they don't. `span` is the whole join, `nameSpan` its operator. */
export function join(
  frame: Frame,
  place: RowPlace,
  operator: JoinOperator,
  parts: readonly Tensor[],
  span: Span,
  nameSpan: Span,
): Tensor | undefined {
  const definition = layerTable[layerOf[operator]]!;
  const result = definition.shape(
    {},
    parts.map((part) => part.shape),
  );
  if ("problem" in result) {
    const { code, params } = result.problem;
    const details = { span, expansion: frame.chain, ...mismatch(frame, operator, parts) };
    frame.expansion.report.add(diagnose(code, params as never, details));
    return undefined;
  }
  return addLayer(frame, place, {
    kind: "join",
    definition,
    arguments: {},
    inputs: parts,
    shape: result.shape,
    span,
    nameSpan,
    label: undefined,
  });
}

/** Where each part comes from, with its shape, and how the first two that differ do. */
function mismatch(frame: Frame, operator: JoinOperator, parts: readonly Tensor[]): Details {
  const related: RelatedPlace[] = parts
    .slice(0, shown)
    .map((part) => ({ span: part.span, label: shapeText(part.shape) }));
  const [first] = parts as readonly [Tensor, ...Tensor[]];
  // Parts of a concatenation may differ in their last axis.
  const comparable = (part: Tensor): readonly number[] =>
    operator === "concat" && part.shape.length === first.shape.length
      ? [...part.shape.slice(0, -1), first.shape.at(-1)!]
      : part.shape;
  const other = parts.find((part) => differences(first.shape, comparable(part)) !== "");
  if (other === undefined) return { related };
  const label = differences(first.shape, comparable(other));
  const hint = operator === "+" && parts.length === 2 ? projection(frame, parts[0]!, parts[1]!) : undefined;
  return { related, label, hints: hint === undefined ? [] : [hint] };
}

/** How the skip of a residual block gets the shape of the other side, where one strided 1x1 layer can do it. */
function projection(frame: Frame, left: Tensor, right: Tensor): string | undefined {
  if (left.shape.length !== 3 || right.shape.length !== 3) return undefined;
  const input = frame.target.declaration.inputs[0]?.name.text;
  // The skip is the larger image, else the block's own input, else the right side.
  const leftIsSkip =
    left.shape[0] === right.shape[0] ? left.text === input && right.text !== input : left.shape[0]! > right.shape[0]!;
  const [skip, main] = leftIsSkip ? [left, right] : [right, left];
  const stride = Math.ceil(skip.shape[0]! / main.shape[0]!);
  const reaches = [0, 1].every((axis) => Math.ceil(skip.shape[axis]! / stride) === main.shape[axis]);
  if (skip.text === undefined || !reaches) return undefined;
  const channels = main.shape[2]!;
  const width = parameterWith(frame, channels, "width") ?? String(channels);
  const step = stride === 1 ? "" : `, stride: ${parameterWith(frame, stride, "stride") ?? stride}`;
  return `project the skip: \`${skip.text} -> conv(${width}, kernel: 1${step}) -> norm\``;
}

/** The parameter of that name, where it has that value. */
function parameterWith(frame: Frame, value: number, name: string): string | undefined {
  const constant = frame.environment.get(name);
  return constant?.kind === "int" && constant.value === value ? name : undefined;
}
