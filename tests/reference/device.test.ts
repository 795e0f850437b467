/** The reference device as the runtime uses it. */
import { describe, expect, test } from "vitest";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import type { Program } from "../../src/compiler/graph/program.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { referenceDevice } from "../../src/runtime/devices/reference/device.ts";

/** predict: logits = x·w, double = 2·logits. train: the same loss-like output, w ← w − x, and a and b change places. */
function program(): Program {
  const p = createBuilder("predict");
  const x = p.emit("input", [], { name: "x" }, [2]);
  const w = p.emit("state", [], { path: "w" }, [2]);
  const logits = p.emit("mul", [x, w], {});
  p.output("logits", logits);
  p.output("scaled", p.emit("mul", [logits, p.emit("input", [], { name: "factor" }, [1])], {}));

  const t = createBuilder("train");
  const tx = t.emit("input", [], { name: "x" }, [2]);
  const tw = t.emit("state", [], { path: "w" }, [2]);
  t.output("before", t.emit("dynamic", [tw], {}));
  t.output("loss", t.emit("reduce_sum", [t.emit("mul", [tx, tw], {})], { axes: [0] }));
  t.update("w", t.emit("sub", [tw, tx], {}));
  t.update("a", t.emit("state", [], { path: "b" }, [1]));
  t.update("b", t.emit("state", [], { path: "a" }, [1]));

  const tensor = (path: string, size: number) =>
    ({ path, shape: [size], role: "weight", layout: "plain", initial: { kind: "constant", value: 0 } }) as const;
  return {
    model: "Net",
    form: "bcos",
    batch: 1,
    input: { name: "x", shape: [2], encodedShape: [2] },
    classes: 2,
    state: [tensor("w", 2), tensor("a", 1), tensor("b", 1)],
    graphs: { predict: p.finish(), train: t.finish() },
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof BcosError)) throw new Error(`not a BcosError: ${String(error)}`);
  return `${error.diagnostics[0]!.code}: ${error.diagnostics[0]!.message}`;
}

const x = Float32Array.of(3, 5);
const factor = Float32Array.of(2);

describe("the reference device", () => {
  test("starts with zeros, runs, and gives copies", async () => {
    const session = await referenceDevice.open(program(), {});
    expect(await session.run("predict", { x, factor })).toEqual({
      logits: Float32Array.of(0, 0),
      scaled: Float32Array.of(0, 0),
    });
    await session.write("w", [1, 2]);
    const first = await session.run("predict", { x, factor });
    expect(first).toEqual({ logits: Float32Array.of(3, 10), scaled: Float32Array.of(6, 20) });
    first.logits!.fill(9);
    const read = await session.read("w");
    read.fill(9);
    expect((await session.run("predict", { x, factor })).logits).toEqual(Float32Array.of(3, 10));
    await session.dispose();
  });

  test("with `only`, gives the wanted outputs and needs only their feeds", async () => {
    const session = await referenceDevice.open(program(), {});
    await session.write("w", [1, 2]);
    expect(await session.run("predict", { x }, ["logits"])).toEqual({ logits: Float32Array.of(3, 10) });
    expect(await session.run("predict", { x, factor }, ["logits"])).toEqual({ logits: Float32Array.of(3, 10) });
    expect(await session.run("predict", { x }, [])).toEqual({});
  });

  test("applies updates after all outputs, also those that change places, whatever is wanted", async () => {
    const session = await referenceDevice.open(program(), {});
    await session.write("w", [10, 20]);
    await session.write("a", [1]);
    await session.write("b", [2]);
    expect(await session.run("train", { x })).toEqual({
      before: Float32Array.of(10, 20),
      loss: Float32Array.of(130),
    });
    expect(await session.read("w")).toEqual(Float32Array.of(7, 15));
    expect([await session.read("a"), await session.read("b")]).toEqual([Float32Array.of(2), Float32Array.of(1)]);
    await session.run("train", { x }, ["loss"]);
    expect(await session.read("w")).toEqual(Float32Array.of(4, 10));
    expect(await session.read("a")).toEqual(Float32Array.of(1));
  });

  test("float64 keeps what float32 rounds", async () => {
    const third = Float64Array.of(1 / 3, 1);
    for (const [precision, expected] of [
      ["float32", Float32Array.of(1 / 3, 1)],
      ["float64", third],
    ] as const) {
      const session = await referenceDevice.open(program(), { precision });
      await session.write("w", third);
      expect(await session.read("w")).toEqual(expected);
      const { logits } = await session.run("predict", { x: Float64Array.of(1, 1) }, ["logits"]);
      expect(logits).toEqual(expected);
    }
  });

  test("sessions don't share state", async () => {
    const [one, other] = [await referenceDevice.open(program(), {}), await referenceDevice.open(program(), {})];
    await one.write("w", [1, 1]);
    expect(await other.read("w")).toEqual(Float32Array.of(0, 0));
  });

  test("refuses what does not fit, with a code", async () => {
    const session = await referenceDevice.open(program(), {});
    expect(await codeOf(session.run("predict", { x }))).toBe(
      "run/feed: the graph `predict` was run without the feed `factor`",
    );
    expect(await codeOf(session.run("predict", { x, factor, z: x }))).toBe(
      "run/feed: the graph `predict` has no feed `z`",
    );
    expect(await codeOf(session.run("predict", { x: factor, factor }))).toBe(
      "run/feed: the graph `predict` takes 2 numbers, not 1, for the feed `x`",
    );
    expect(await codeOf(session.run("predict", { x, factor }, ["losses"]))).toContain("run/no-output");
    expect(await codeOf(session.run("predict", { x, factor }, ["toString"]))).toContain("run/no-output");
    expect(await codeOf(session.run("explain", { x }))).toContain("run/no-graph");
    expect(await codeOf(session.read("v"))).toContain("run/state");
    expect(await codeOf(session.write("v", [1]))).toContain("run/state");
    expect(await codeOf(session.write("w", [1]))).toContain("run/input");
    await session.dispose();
    await session.dispose();
    expect(await codeOf(session.run("predict", { x, factor }))).toContain("run/disposed");
    expect(await codeOf(session.read("w"))).toContain("run/disposed");
  });
});
