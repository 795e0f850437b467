/** Every operation of the graph through its kernels, against the reference device in float64. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { input } from "../../src/compiler/graph/build.ts";
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import {
  sizeOf,
  type Graph,
  type OpKind,
  type Shape,
  type ValueId,
  type WindowAttributes,
} from "../../src/compiler/graph/graph.ts";
import { operandAccess, operationRecipe } from "../../src/compiler/plan/lower-operation.ts";
import { wasmRecipes } from "../../src/compiler/targets/wasm/recipe-table.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { apply, cases, feedsOf } from "../graph/specimens.ts";
import { checkRecipe, randomValues } from "./support.ts";

/** Runs every node of a graph by its kernels on the reference's values of its inputs and compares the results. */
function checkGraph(graph: Graph, feeds: Readonly<Record<string, ArrayLike<number>>>, tolerance = 2e-5): number {
  const everything = Object.fromEntries(graph.nodes.map((_, id) => [`v${id}`, id]));
  const values = evaluateGraph({ ...graph, outputs: everything, updates: {} }, { feeds }).outputs;
  let checked = 0;
  graph.nodes.forEach((node, id) => {
    const shapes = node.inputs.map((value) => graph.nodes[value]!.shape);
    const recipe = operationRecipe(wasmRecipes, node, shapes);
    if (recipe === undefined) return;
    const rounded = node.inputs.map((value) => Float32Array.from(values[`v${value}`]!));
    const inputs = Object.fromEntries(rounded.map((numbers, i) => [`x${i + 1}`, numbers]));
    checkRecipe(recipe, inputs, { out: values[`v${id}`]! }, tolerance);
    checked++;
  });
  return checked;
}

const WITHOUT_KERNELS: ReadonlySet<OpKind> = new Set(["input", "state", "constant", "random_uniform"]);

/** Values of float32, so that both sides see the same numbers. */
function rounded(feeds: Readonly<Record<string, Float64Array>>): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, values.map(Math.fround)]));
}

describe("operations", () => {
  it.each(cases.filter((c) => !WITHOUT_KERNELS.has(c.op)).map((c) => [c.title, c] as const))("%s", (_, c) => {
    const { builder, value } = apply(c);
    builder.output("out", value);
    expect(checkGraph(builder.finish(), rounded(feedsOf(c.specimen)))).toBeGreaterThan(0);
  });

  it("have kernels for every kind but leaves", () => {
    const covered = new Set(cases.map((c) => c.op));
    for (const op of WITHOUT_KERNELS) covered.delete(op);
    expect(covered.size).toBeGreaterThan(45);
  });
});

type Build = (builder: GraphBuilder, x: ValueId) => ValueId;

function check(shape: Shape, build: Build, tolerance?: number): void {
  const builder = createBuilder("test");
  const x = input(builder, "x", shape);
  builder.output("out", build(builder, x));
  expect(checkGraph(builder.finish(), { x: randomValues(sizeOf(shape), 5) }, tolerance)).toBeGreaterThan(0);
}

describe("reductions", () => {
  const SHAPES: readonly Shape[] = [
    [1, 1, 1, 1],
    [7, 5, 3, 6],
    [2, 40, 41, 19],
    [1, 1, 1, 70001],
    [3, 9000, 2, 3],
  ];
  const AXES = [[0, 1, 2], [3], [1, 2], [0, 1, 2, 3], [1, 2, 3], [0], [0, 2], [1, 3]];
  const kinds = ["reduce_sum", "reduce_mean", "reduce_max", "reduce_variance"] as const;
  it.each(kinds.flatMap((kind) => SHAPES.map((shape) => [kind, shape] as const)))("%s of %j", (kind, shape) => {
    for (const axes of AXES) check(shape, (b, x) => b.emit(kind, [x], { axes }), 1e-4);
  });

  it("gives variances about a large mean", () => {
    const shape = [9, 3001, 5];
    const builder = createBuilder("test");
    const x = input(builder, "x", shape);
    builder.output("out", builder.emit("reduce_variance", [x], { axes: [0, 1] }));
    checkGraph(builder.finish(), { x: randomValues(sizeOf(shape), 5).map((value) => value + 1000) }, 1e-3);
  });
});

/** Whether there is a window, and every window holds an element of the input: maxima need one. */
function windowsMeetInput(size: number, axis: number, a: WindowAttributes): boolean {
  const [before, after] = [a.padding[2 * axis]!, a.padding[2 * axis + 1]!];
  const reach = (a.kernel[axis]! - 1) * a.dilation[axis]! + 1;
  const count = Math.floor((size + before + after - reach) / a.stride[axis]!) + 1;
  const meets = (window: number): boolean =>
    Array.from({ length: a.kernel[axis]! }, (_, k) => window * a.stride[axis]! + k * a.dilation[axis]! - before).some(
      (at) => at >= 0 && at < size,
    );
  return count > 0 && Array.from({ length: count }, (_, window) => meets(window)).every(Boolean);
}

describe("shapes drawn at random", () => {
  const side = fc.integer({ min: 1, max: 9 });
  const image = fc.tuple(fc.constantFrom(1, 2, 7), side, side, fc.integer({ min: 1, max: 21 }));

  it("windows", () => {
    const pair = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(
        image,
        fc.record({ kernel: pair, stride: pair, dilation: fc.constantFrom([1, 1] as const, [2, 1] as const) }),
        fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 1 }))),
        (shape, a, padding) => {
          const windows = { ...a, padding: padding as [number, number, number, number] };
          fc.pre([0, 1].every((axis) => windowsMeetInput(shape[1 + axis]!, axis, windows)));
          check(shape, (b, x) => {
            const sum = b.emit("window_sum", [x], windows);
            const spread = b.emit("window_spread", [sum], { ...windows, inputShape: shape });
            const largest = b.emit("window_max", [spread], windows);
            return b.emit("window_route", [sum, spread, largest], windows);
          });
        },
      ),
      { numRuns: 40, seed: 3 },
    );
  });

  it("depthwise convolutions", () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.constantFrom(1, 2), side, side, fc.integer({ min: 2, max: 21 })),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })),
        fc.constantFrom([1, 1] as const, [1, 2] as const),
        (shape, kernel, stride, dilation) => {
          const channels = shape[3];
          const a = { stride, dilation, padding: [2, 2, 1, 2], groups: channels } as const;
          fc.pre((kernel[1] - 1) * dilation[1] + 1 <= shape[2] + 3);
          check(shape, (b, x) => {
            const weightShape = [channels, ...kernel, 1];
            const w = b.emit("constant", [], { values: [...randomValues(sizeOf(weightShape), 9)] }, weightShape);
            const y = b.emit("conv2d", [x, w], a);
            b.output("dx", b.emit("conv2d_input_gradient", [y, w], { ...a, inputShape: shape }));
            return b.emit("conv2d_weight_gradient", [x, y], { ...a, weightShape });
          });
        },
      ),
      { numRuns: 40, seed: 4 },
    );
  });

  it("products", () => {
    fc.assert(
      fc.property(
        fc.tuple(
          fc.integer({ min: 1, max: 3 }),
          side,
          fc.integer({ min: 1, max: 40 }),
          fc.integer({ min: 1, max: 21 }),
        ),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        ([batch, m, k, n], transposeA, transposeB, batched) => {
          const a = [batch, ...(transposeA ? [k, m] : [m, k])];
          const right = transposeB ? [n, k] : [k, n];
          const b = batched ? [batch, ...right] : right;
          check(a, (builder, x) => {
            const y = builder.emit("constant", [], { values: [...randomValues(sizeOf(b), 9)] }, b);
            return builder.emit("matmul", [x, y], { transposeA, transposeB });
          });
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });

  it("layouts and broadcasts", () => {
    fc.assert(
      fc.property(
        image,
        fc.constantFrom([3, 1, 2, 0], [0, 2, 1, 3], [1, 0, 3, 2], [0, 1, 3, 2]),
        (shape, permutation) => {
          check(shape, (b, x) => {
            b.output("transposed", b.emit("transpose", [x], { permutation }));
            b.output("padded", b.emit("pad", [x], { before: [0, 1, 2, 3], after: [1, 0, 0, 2] }));
            b.output("joined", b.emit("concat", [x, x, x], { axis: permutation[0]! }));
            const size = shape.map((length) => Math.ceil(length / 2));
            const part = b.emit("slice", [x], { start: shape.map((length, i) => length - size[i]!), size });
            b.output("wide", b.emit("upsample", [part], { factor: [2, 3] }));
            for (const kept of [[3], [0, 3], [0, 1, 2], [0], [1], [0, 1, 3], []]) {
              const box = shape.map((length, axis) => (kept.includes(axis) ? length : 1));
              const small = b.emit("slice", [x], { start: [0, 0, 0, 0], size: box });
              b.output(`sum${kept.join("")}`, b.emit("sub", [x, small], {}));
              b.output(`broadcast${kept.join("")}`, b.emit("broadcast", [small], { shape }));
            }
            return b.emit("softmax", [x], { axis: permutation[1]! });
          });
        },
      ),
      { numRuns: 25, seed: 6 },
    );
  });
});

describe("accessOf", () => {
  it("knows what an input of a shape is to rows of channels", () => {
    const out = [2, 3, 4, 5];
    expect(operandAccess([], out)).toEqual({ kind: "scalar" });
    expect(operandAccess([5], out)).toEqual({ kind: "channel" });
    expect(operandAccess([2, 3, 4, 1], out)).toEqual({ kind: "row" });
    expect(operandAccess([2, 1, 1, 5], out)).toEqual({ kind: "sample", rows: 12 });
    expect(operandAccess(out, out)).toEqual({ kind: "same" });
    expect(operandAccess([2, 1, 1, 1], out)).toBeUndefined();
    expect(operandAccess([3, 1, 5], out)).toBeUndefined();
  });
});
