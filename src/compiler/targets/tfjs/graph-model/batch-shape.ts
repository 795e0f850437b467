/**
 * Shapes for any number of samples: a length of −k stands for k times that number. They are found by comparing the plans for
 * two numbers: what both have in common holds for all, as nothing in a plan is chosen by the number of samples.
 */
import { sameShape, type Shape } from "../../../../shape.ts";
import type { TfjsCall } from "../call.ts";
import type { TfjsPlan } from "../plan.ts";

/** Lengths from 0 on, or −k for k lengths a sample. */
export type BatchShape = readonly number[];

/** Shapes of the values of a plan. */
export type BatchShapes = ReadonlyMap<number, BatchShape>;

/** Every shape as the plan has it. */
export function fixedShapes(plan: TfjsPlan): BatchShapes {
  return new Map(valuesOf(plan).map(({ value, shape }) => [value, shape]));
}

/** Undefined where the plans differ in more than lengths that are a multiple of the number of samples. */
export function anyBatchShapes(plan: TfjsPlan, other: TfjsPlan): BatchShapes | undefined {
  const [values, others] = [valuesOf(plan), valuesOf(other)];
  if (values.length !== others.length || plan.calls.length !== other.calls.length) return undefined;
  if (!plan.calls.every((call, i) => isSameCall(call, other.calls[i]!))) return undefined;
  if (!plan.constants.every(({ values }, i) => sameShape(values, other.constants[i]!.values))) return undefined;
  const shapes = new Map<number, BatchShape>();
  for (const [i, { value, shape }] of values.entries()) {
    const found = others[i]!;
    const common = found.value === value ? commonShape(shape, plan.batch, found.shape, other.batch) : undefined;
    if (common === undefined) return undefined;
    shapes.set(value, common);
  }
  return shapes;
}

/** −1 where a length depends on the number of samples, as TensorFlow has it. */
export function openShape(shape: BatchShape): Shape {
  return shape.map((length) => Math.max(length, -1));
}

/** Whether it is the same for any number of samples. */
export function isFixed(shape: BatchShape): boolean {
  return shape.every((length) => length >= 0);
}

function valuesOf(plan: TfjsPlan): readonly { readonly value: number; readonly shape: Shape }[] {
  return [...Object.values(plan.inputs), ...Object.values(plan.state), ...plan.constants, ...plan.calls];
}

/** What they do and to which values, lengths apart. */
function isSameCall(a: TfjsCall, b: TfjsCall): boolean {
  return (
    a.op === b.op && a.value === b.value && sameShape(a.inputs, b.inputs) && withoutLengths(a) === withoutLengths(b)
  );
}

const LENGTHS: ReadonlySet<string> = new Set(["shape", "size", "end", "inputShape", "filterShape"]);

function withoutLengths({ attributes }: TfjsCall): string {
  return JSON.stringify(Object.entries(attributes).filter(([name]) => !LENGTHS.has(name)));
}

function commonShape(a: Shape, samplesOfA: number, b: Shape, samplesOfB: number): BatchShape | undefined {
  if (a.length !== b.length) return undefined;
  const lengths = a.map((length, axis) => {
    if (length === b[axis]) return length;
    const each = length / samplesOfA;
    return Number.isInteger(each) && each * samplesOfB === b[axis] ? -each : undefined;
  });
  return lengths.every((length) => length !== undefined) ? lengths : undefined;
}
