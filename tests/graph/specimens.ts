/** Turns the specimens of the op table into graphs and numbers. */
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import { input } from "../../src/compiler/graph/build.ts";
import { sizeOf, type OpKind, type ValueId } from "../../src/compiler/graph/graph.ts";
import type { Specimen, SpecimenInput } from "../../src/compiler/graph/ops/definition.ts";
import { definitionOf, opTable } from "../../src/compiler/graph/ops/table.ts";

export const opKinds = Object.keys(opTable) as OpKind[];

export interface Case {
  readonly op: OpKind;
  readonly title: string;
  readonly specimen: Specimen<OpKind>;
}

export const cases: readonly Case[] = opKinds.flatMap((op) =>
  definitionOf(op).specimens.map((specimen, i) => ({ op, title: `${op}, specimen ${i}`, specimen })),
);

/**
 * The numbers of a specimen's input: evenly spaced over its range, shuffled, all different, none at 0 for a range that
 * is symmetric about it. `salt` gives another order and another place between the grid lines.
 */
export function numbersOf({ shape, range = [-1, 1] }: SpecimenInput, salt: number): Float64Array {
  const count = sizeOf(shape);
  const [low, high] = range;
  const place = (0.37 + 0.24 * salt) % 1;
  // A stride without a common factor with the count visits every grid point once.
  let stride = Math.max(1, Math.round(count * 0.618) + salt);
  while (commonDivisor(stride, count) !== 1) stride++;
  return Float64Array.from({ length: count }, (_, i) => {
    const cell = (i * stride + salt) % count;
    return low + ((cell + place) / count) * (high - low);
  });
}

export function feedsOf(specimen: Specimen<OpKind>): Record<string, Float64Array> {
  return Object.fromEntries(specimen.inputs.map((entry, i) => [`x${i}`, numbersOf(entry, i)]));
}

export interface Applied {
  readonly builder: GraphBuilder;
  /** The specimen's inputs, fed as x0, x1, … */
  readonly inputs: readonly ValueId[];
  readonly value: ValueId;
}

export function apply({ op, specimen }: Case): Applied {
  const builder = createBuilder(op);
  const inputs = specimen.inputs.map((entry, i) => input(builder, `x${i}`, entry.shape));
  const value = specimen.build?.(builder, inputs) ?? builder.emit(op, inputs, specimen.attributes, specimen.shape);
  return { builder, inputs, value };
}

/** Numbers that no rule of the table could produce by accident, for cotangents. */
export function wave(count: number, phase: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase) + 0.3);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
