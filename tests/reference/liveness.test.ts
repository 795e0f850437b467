/** Storage reuse: it never changes a result, and it saves memory. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { sizeOf, type Graph, type Shape, type ValueId } from "../../src/compiler/graph/graph.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { allocateSlots } from "../../src/runtime/devices/reference/liveness.ts";
import { createPlan } from "../../src/runtime/devices/reference/plan.ts";
import { createPool } from "../../src/runtime/devices/reference/pool.ts";
import { gen } from "./nd.ts";

const shape: Shape = [2, 4, 4, 3];

type Step = readonly [kind: number, a: number, b: number];

/** A chain of operations on values of one size, chosen by `steps`; every third value is an output or an update. */
function chain(steps: readonly Step[]): Graph {
  const g = createBuilder("chain");
  const values: ValueId[] = [
    g.emit("input", [], { name: "x" }, shape),
    g.emit("state", [], { path: "w" }, shape),
    g.emit("constant", [], { values: [...gen(shape, 0.5).data] }, shape),
  ];
  steps.forEach(([kind, i, j], k) => {
    const a = values[i % values.length]!;
    const b = values[j % values.length]!;
    const channels = { axes: [0, 1, 2] };
    const makers: (() => ValueId)[] = [
      () => g.emit("neg", [a], {}),
      () => g.emit("sub", [a, b], {}),
      () => g.emit("mul", [a, b], {}),
      () => g.emit("tanh", [a], {}),
      () => g.emit("dynamic", [a], {}),
      () => g.emit("reshape", [g.emit("reshape", [a], { shape: [8, 12] })], { shape }),
      () => g.emit("sub", [a, g.emit("reduce_mean", [b], channels)], {}),
      () => g.emit("softmax", [a], { axis: 3 }),
      () => g.emit("transpose", [a], { permutation: [0, 2, 1, 3] }),
      () => g.emit("select", [a, b, a], {}),
      () => g.emit("bcos_scale", [a, g.emit("row_norm", [b], { epsilon: 1 })], { b: 2 }),
      () => {
        const row = g.emit("slice", [a], { start: [0, 0, 0, 0], size: [1, 1, 1, 3] });
        return g.emit("add", [row, b], {});
      },
    ];
    const value = makers[kind % makers.length]!();
    values.push(value);
    if (k % 3 === 2) g.output(`y${k}`, value);
    if (k % 7 === 5) g.update(`s${k}`, value);
  });
  g.output("last", values.at(-1)!);
  return g.finish();
}

const stepsArbitrary = fc.array(fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 25 });
const feeds = { x: gen(shape, 0.1).data };
const state = { w: gen(shape, 0.9).data };

describe("storage reuse", () => {
  test("never changes a result, an input or the state", () => {
    fc.assert(
      fc.property(stepsArbitrary, (steps) => {
        const graph = chain(steps);
        const before = [feeds.x.slice(), state.w.slice()];
        const reused = evaluateGraph(graph, { feeds, state });
        expect(evaluateGraph(graph, { feeds, state, reuse: false })).toEqual(reused);
        expect([feeds.x, state.w]).toEqual(before);
      }),
      { numRuns: 150 },
    );
  });

  test("gives no two live values one slot", () => {
    fc.assert(
      fc.property(stepsArbitrary, (steps) => {
        const graph = chain(steps);
        const results = [...Object.values(graph.outputs), ...Object.values(graph.updates)];
        const { order, slots, root } = allocateSlots(graph, results, true);
        const lastUse = new Map<ValueId, number>();
        for (const id of order) for (const v of graph.nodes[id]!.inputs) lastUse.set(root(v), id);
        for (const v of results) lastUse.set(root(v), Infinity);
        for (const early of order) {
          for (const late of order) {
            const [a, b] = [slots.get(early)!, slots.get(late)!];
            if (early >= late || a.length !== b.length || a.number !== b.number) continue;
            expect(lastUse.get(early) ?? early).toBeLessThanOrEqual(late);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("a long chain needs the memory of a few values, and nothing more when it runs again", () => {
    const steps = Array.from({ length: 60 }, (_, k): Step => [k % 2 === 0 ? 8 : 3, k + 2, k + 2]);
    const graph = { ...chain(steps), updates: {} };
    const last = graph.outputs.last!;
    const pool = createPool("float32");
    const plan = createPlan(graph, [last], pool);
    const held = pool.size;
    expect(held).toBeLessThanOrEqual(3 * sizeOf(shape));
    const sources = { feed: () => Float32Array.from(feeds.x), state: () => Float32Array.from(state.w) };
    const storage = plan.execute(sources)(last);
    const first = storage.slice();
    expect(plan.execute(sources)(last)).toBe(storage);
    expect(storage).toEqual(first);
    expect(pool.size).toBe(held);
  });

  test("what the wanted outputs don't need is not computed", () => {
    const graph = chain([
      [0, 0, 0],
      [3, 1, 1],
      [2, 0, 0],
    ]);
    const { order, bound } = allocateSlots(graph, [graph.outputs.y2!], true);
    expect(order).toEqual([graph.outputs.y2]);
    expect(bound).toEqual([0]);
  });
});
