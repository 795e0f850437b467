/// <reference types="@webgpu/types" />
/** The device itself on an adapter: as the reference device, in order, with errors that say what to do. */
import { afterEach, describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { referenceDevice } from "../../src/runtime/devices/reference/device.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import type { OpenedGpu } from "../../src/runtime/devices/webgpu/opened-gpu.ts";
import { createPipelineCache } from "../../src/runtime/devices/webgpu/pipelines.ts";
import { selfTest } from "../../src/runtime/devices/webgpu/self-test.ts";
import { openSession, type Session, type SessionOptions } from "../../src/runtime/session.ts";
import { expectClose, feedsOf, stateOf } from "../wasm-device/compare.ts";
import { gpuSource, tinyProgram } from "./support.ts";

const source = await gpuSource("vulkan");
const program = tinyProgram();

const open: Session[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.dispose();
});

async function sessionOn(device: "reference" | "webgpu", options: SessionOptions = {}): Promise<Session> {
  const chosen = device === "reference" ? referenceDevice : createWebgpuDevice({ source: source! });
  const session = await openSession(program, { ...options, device: chosen, seed: 5 });
  open.push(session);
  return session;
}

describe.skipIf(source === undefined)("the WebGPU device", () => {
  it("runs all graphs as the reference device does, and gives each call its own results", async () => {
    const [gpu, reference] = [await sessionOn("webgpu"), await sessionOn("reference")];
    const first = await gpu.run("predict", feedsOf(program, "predict", 1));
    expectClose(first, await reference.run("predict", feedsOf(program, "predict", 1)), 1e-5, "predict");
    const kept = first["logits"]!.slice();
    for (let step = 1; step <= 4; step++) {
      const feeds = feedsOf(program, "train", step, step);
      expectClose(await gpu.run("train", feeds), await reference.run("train", feeds), 1e-5, `step ${step}`);
    }
    expectClose(await stateOf(gpu), await stateOf(reference), 1e-5, "state");
    // Weights that were prepared for predictions are prepared again.
    const feeds = feedsOf(program, "predict", 9);
    for (let i = 0; i < 2; i++) {
      expectClose(await gpu.run("predict", feeds), await reference.run("predict", feeds), 1e-5, "predict again");
    }
    expect(first["logits"]).toEqual(kept);
    expect(Object.keys(await gpu.run("train", feedsOf(program, "train", 5, 5), ["loss"]))).toEqual(["loss"]);
  });

  it("cuts work into slices, down to parts of a launch, with the same bits", async () => {
    const whole = await sessionOn("webgpu");
    const sliced = await sessionOn("webgpu", { sliceMilliseconds: 0.001 });
    for (let step = 1; step <= 3; step++) {
      const feeds = feedsOf(program, "train", step, step);
      expect(await sliced.run("train", feeds)).toEqual(await whole.run("train", feeds));
    }
    expect(await stateOf(sliced)).toEqual(await stateOf(whole));
    await expect(sessionOn("webgpu", { sliceMilliseconds: 0 })).rejects.toThrow("`sliceMilliseconds` takes");
  });

  it("refuses what it can't do", async () => {
    const device = createWebgpuDevice({ source: source! });
    await expect(device.open(program, { precision: "float64" })).rejects.toThrow("run/precision");
    const { webgpu: _, ...bare } = program;
    await expect(device.open(bare, {})).rejects.toThrow("run/no-plan");
    const session = await device.open(program, {});
    await expect(session.run("explain", {})).rejects.toThrow("run/no-graph");
    await expect(session.run("predict", {})).rejects.toThrow("was run without the feed");
    await expect(session.run("predict", {}, ["nothing"])).rejects.toThrow("run/no-output");
    await expect(session.read("nothing")).rejects.toThrow("run/state");
    await expect(session.write(program.state[0]!.path, [1])).rejects.toThrow("run/input");
    await session.dispose();
    await session.dispose();
    await expect(session.read(program.state[0]!.path)).rejects.toThrow("run/disposed");
  });

  it("says which layer a kernel that does not compile belongs to, and where that stands", async () => {
    const code = program.webgpu!;
    const launch = code.plans.predict!.launches.find((l) => l.path === "conv" && l.ops[0] === "conv2d")!;
    if (launch.kind !== "kernel") throw new Error("a convolution is a kernel");
    const span = { file: "net.bcos", start: 3, end: 7 };
    const kernel = code.kernels[launch.kernel]!;
    const variants = kernel.variants.map((variant) => ({ ...variant, wgsl: variant.wgsl.replace("fn main", "fn 7") }));
    const launches = code.plans.predict!.launches.map((l) => (l === launch ? { ...l, span } : l));
    const broken = {
      ...program,
      webgpu: {
        kernels: { ...code.kernels, [launch.kernel]: { ...kernel, variants } },
        plans: { predict: { ...code.plans.predict!, launches } },
      },
    };
    const error: unknown = await createWebgpuDevice({ source: source! })
      .open(broken, {})
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BcosError);
    const [finding] = (error as BcosError).diagnostics;
    expect(finding).toMatchObject({ code: "run/kernel", span });
    expect(finding!.message).toContain("of `conv` failed");
  });
});

describe.skipIf(source === undefined)("the self-test", () => {
  it("passes here", async () => {
    const gpu = await source!();
    expect(await selfTest(gpu)).toBeUndefined();
    await gpu.release();
  });

  it.each([
    ["sum += a_tile", "sum -= a_tile", /^a product gave -?\d+, not -?\d+$/],
    ["squares += value", "squares -= value", /^a B-cos convolution gave /],
    ["step > 0u; step", "step > 1u; step", /^a reduction gave /],
  ])("notices an adapter that takes `%s` for `%s`", async (from, to, said) => {
    const gpu = await broken(await source!(), from, to);
    expect(await selfTest(gpu)).toMatch(said);
    await gpu.release();
  });

  it("keeps sessions from such an adapter", async () => {
    const named = async (): Promise<OpenedGpu> => {
      const gpu = await broken(await source!(), "sum += a_tile", "sum -= a_tile");
      return { ...gpu, traits: { ...gpu.traits, name: "a broken adapter" } };
    };
    const opening = createWebgpuDevice({ source: named }).open(program, {});
    await expect(opening).rejects.toThrow(
      /run\/wrong-results: the adapter `a broken adapter` computes wrongly: a prod/,
    );
  });
});

/** A device whose compiler takes one text for another. */
async function broken(gpu: OpenedGpu, from: string, to: string): Promise<OpenedGpu> {
  const cache = createPipelineCache(gpu.device);
  return {
    ...gpu,
    pipelines: { ...cache, compile: (s) => cache.compile({ ...s, wgsl: s.wgsl.replace(from, to) }) },
  };
}
