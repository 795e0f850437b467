/**
 * What a plan makes of its weights alone is computed when a model is exported: unit rows, filters in another order, scales
 * of norms. The rest of the calls takes the results as constants.
 */
import { sizeOf } from "../../../../shape.ts";
import type { TfjsCall } from "../call.ts";
import type { TfjsConstant, TfjsPlan } from "../plan.ts";
import { canEvaluate, evaluateCall, isElementwise, type Known } from "./evaluate-call.ts";

export interface FoldedPlan {
  /** The calls that are left, in the plan's order. */
  readonly calls: readonly TfjsCall[];
  /** What they and the outputs take that is known: by value. Not constants of one number. */
  readonly known: ReadonlyMap<number, FoldedValue>;
  /** The number that all elements of a value are. */
  readonly uniform: ReadonlyMap<number, number>;
}

export interface FoldedValue extends Known {
  /** Paths of the state that it was made of, sorted. */
  readonly paths: readonly string[];
}

/** Beyond this, and a multiple of what it is made of, a value is not worth the bytes. */
const MOST_GROWN_ELEMENTS = 1 << 14;
const MOST_GROWTH = 4;

/** `state` has the numbers of each path of the plan, in the program's layout. */
export function foldState(plan: TfjsPlan, state: ReadonlyMap<string, Float32Array>): FoldedPlan {
  const isUniform = ({ values }: TfjsConstant): boolean => values.length === 1;
  const uniform = new Map(plan.constants.filter(isUniform).map(({ value, values }) => [value, values[0]!]));
  const shapes = new Map(plan.constants.map(({ value, shape }) => [value, shape]));
  const known = new Map<number, FoldedValue>();
  for (const { value, shape, values } of plan.constants) {
    if (values.length !== 1) known.set(value, { shape, data: Float32Array.from(values), paths: [] });
  }
  for (const [path, { value, shape }] of Object.entries(plan.state)) {
    const data = state.get(path);
    if (data?.length !== sizeOf(shape)) throw new Error(`the state ${path} has not ${sizeOf(shape)} numbers`);
    known.set(value, { shape, data, paths: [path] });
  }

  const isKnown = (value: number): boolean => known.has(value) || uniform.has(value);
  const folds = foldable(plan, isKnown);
  const calls = plan.calls.filter((call) => !folds.has(call));
  const wanted = new Set([...calls.flatMap(({ inputs }) => inputs), ...outputsOf(plan)]);
  // What nothing takes any more is let go at once: models may be as large as the memory.
  const uses = new Map<number, number>();
  for (const { inputs } of folds) for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  for (const call of folds) {
    shapes.set(call.value, call.shape);
    const single = isElementwise(call);
    const operands = call.inputs.map((input): FoldedValue => {
      const number = uniform.get(input);
      if (number === undefined) return known.get(input)!;
      const shape = shapes.get(input)!;
      if (single) return { shape: shape.map(() => 1), data: Float32Array.of(number), paths: [] };
      return { shape, data: new Float32Array(sizeOf(shape)).fill(number), paths: [] };
    });
    if (single && call.inputs.every((input) => uniform.has(input))) {
      const ones = call.shape.map(() => 1);
      uniform.set(call.value, evaluateCall({ ...call, shape: ones }, operands).data[0]!);
    } else {
      const paths = [...new Set(operands.flatMap((operand) => operand.paths))].sort();
      known.set(call.value, { ...evaluateCall(call, operands), paths });
    }
    for (const input of call.inputs) {
      const left = uses.get(input)! - 1;
      uses.set(input, left);
      if (left === 0 && !wanted.has(input)) known.delete(input);
    }
  }
  for (const value of [...known.keys()]) if (!wanted.has(value)) known.delete(value);
  return { calls, known, uniform };
}

/** The calls whose inputs are known before a run, in order. */
function foldable(plan: TfjsPlan, isKnown: (value: number) => boolean): ReadonlySet<TfjsCall> {
  const made = new Set<number>();
  const sizes = sizesOf(plan);
  const result = new Set<TfjsCall>();
  for (const call of plan.calls) {
    if (!canEvaluate(call) || !call.inputs.every((input) => isKnown(input) || made.has(input))) continue;
    const before = call.inputs.reduce((sum, input) => sum + sizes.get(input)!, 0);
    const after = sizeOf(call.shape);
    if (after > MOST_GROWN_ELEMENTS && after > MOST_GROWTH * before) continue;
    made.add(call.value);
    result.add(call);
  }
  return result;
}

/** Elements of each value; of constants of one number, one. */
function sizesOf(plan: TfjsPlan): ReadonlyMap<number, number> {
  return new Map([
    ...plan.constants.map(({ value, values }) => [value, values.length] as const),
    ...Object.values(plan.state).map(({ value, shape }) => [value, sizeOf(shape)] as const),
    ...plan.calls.map(({ value, shape }) => [value, sizeOf(shape)] as const),
  ]);
}

function outputsOf(plan: TfjsPlan): readonly number[] {
  return Object.values(plan.outputs).map(({ value }) => value);
}
