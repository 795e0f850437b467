/** The nodes of what is known before a run: weights, what is made of them, and constants of one number. */
import type { TfjsCall } from "../call.ts";
import { isFixed, type BatchShape, type BatchShapes } from "./batch-shape.ts";
import { NeedsFixedBatch } from "./call-nodes.ts";
import { isElementwise } from "./evaluate-call.ts";
import type { FoldedPlan } from "./fold-state.ts";
import { flagAttribute, typeAttribute } from "./graph-def.ts";
import type { NodeBuilder } from "./node-builder.ts";

export interface KnownValues {
  /** The node of a known value as an input of a call. */
  operandOf(call: TfjsCall, value: number): string;
  /** The same with all of its elements. */
  wholeOf(value: number): string;
}

const T = typeAttribute("DT_FLOAT");

/** `ones` gives a node of ones, one a sample. */
export function createKnownValues(
  builder: NodeBuilder,
  { known, uniform }: Pick<FoldedPlan, "known" | "uniform">,
  shapes: BatchShapes,
  ones: () => string,
): KnownValues {
  function filled(value: number, number: number): string {
    const shape = shapes.get(value)!;
    if (isFixed(shape)) return builder.filled(shape, number);
    const [samples, ...rest] = shape as [number, ...number[]];
    if (samples !== -1 || !isFixed(rest)) throw new NeedsFixedBatch("a constant");
    const target = builder.integers(shape.map((_, axis) => (axis === 0 ? -1 : 1)));
    const column = builder.add("Reshape", "samples/Reshape", [ones(), target], { T });
    return builder.add("Mul", "samples/Mul", [column, builder.filled([1, ...rest], number)], { T });
  }

  function wholeOf(value: number): string {
    const number = uniform.get(value);
    if (number !== undefined) return filled(value, number);
    const found = known.get(value);
    if (found === undefined) throw new Error(`the value ${value} is taken before it is made`);
    return builder.floats(weightName(found.paths), found.shape, found.data);
  }

  return {
    wholeOf,
    operandOf(call, value) {
      const number = uniform.get(value);
      const others = call.inputs.filter((input) => input !== value).map((input) => shapes.get(input)!);
      const isEnough = isElementwise(call) && makesShape(others, shapes.get(call.value)!);
      return number !== undefined && isEnough ? builder.filled([], number) : wholeOf(value);
    },
  };
}

/** A node of ones, as many as there are samples: made, of a node that has all of them, where it is asked for first. */
export function createOnes(builder: NodeBuilder, input: string, rank: number): () => string {
  let made: string | undefined;
  return () => {
    if (made !== undefined) return made;
    const axes = builder.integers(Array.from({ length: rank - 1 }, (_, i) => i + 1));
    const one = builder.add("Max", "samples/Max", [input, axes], { T, keep_dims: flagAttribute(false) });
    return (made = builder.add("OnesLike", "samples/OnesLike", [one], { T }));
  };
}

/** Whether shapes broadcast to `shape` without any other. */
function makesShape(shapes: readonly BatchShape[], shape: BatchShape): boolean {
  const has = (length: number, axis: number): boolean =>
    shapes.some((other) => other[axis - shape.length + other.length] === length);
  return shapes.some(({ length }) => length === shape.length) && shape.every((l, axis) => l === 1 || has(l, axis));
}

/** What a constant is called: the path of its weight, or what those that it was made of have in common. */
function weightName(paths: readonly string[]): string {
  const [first, ...others] = paths;
  if (first === undefined) return "constants/table";
  if (others.length === 0) return scopeOf(first);
  const parts = first.split(".");
  const common = parts.findIndex((part, i) => others.some((path) => path.split(".")[i] !== part));
  return [...parts.slice(0, common), "folded"].join("/");
}

/** `layer1.0.conv1` → `layer1/0/conv1`, as TensorFlow writes names. */
export function scopeOf(path: string): string {
  return path.replaceAll(".", "/");
}
