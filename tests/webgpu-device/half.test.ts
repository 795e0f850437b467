/// <reference types="@webgpu/types" />
/**
 * Activations in f16 on an adapter, against the reference device in float64. A number that is rounded to 11 significant bits
 * changes by at most u = 2⁻¹¹ of itself; what is added up averages out, so a layer adds as much
 * as the tensors that it rounds, however many numbers they have.
 */
import { afterEach, describe, expect, it } from "vitest";
import { buildProgram, type ProgramOptions } from "../../src/compiler/compile.ts";
import type { Program } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import type { StorageType } from "../../src/compiler/plan/storage.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { layoutBuffers } from "../../src/runtime/devices/webgpu/memory.ts";
import type { GpuSource } from "../../src/runtime/devices/webgpu/opened-gpu.ts";
import { tuneOn } from "../../src/runtime/devices/webgpu/tune.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import type { Explanation } from "../../src/runtime/explain/explanation.ts";
import { openSession, type Session, type SessionOptions } from "../../src/runtime/session.ts";
import { createTuning } from "../../src/runtime/tuning.ts";
import { distance, feedsOf } from "../wasm-device/compare.ts";
import { net } from "../layers/nets.ts";
import { gpuSource, otherVariants } from "./support.ts";

const driver = await gpuSource("vulkan");
const silent = await gpuSource("null");

/** Of the driver, where it has f16: Mesa's on old processors has not. */
async function withF16(source: GpuSource | undefined): Promise<GpuSource | undefined> {
  const gpu = await source?.();
  const has = gpu?.traits.features.includes("shader-f16");
  await gpu?.release();
  return has === true ? source : undefined;
}

/** The same adapter as if it had none. */
function withoutF16(from: GpuSource): GpuSource {
  return async () => {
    const gpu = await from();
    return { ...gpu, traits: { ...gpu.traits, features: gpu.traits.features.filter((f) => f !== "shader-f16") } };
  };
}

const source = await withF16(driver);

const U = 2 ** -11;
/** Three layers, of each of which weights, o and result are rounded. */
const TOLERANCE = 9 * U;

/**
 * Two convolutions and a classifier, with MaxOut and, in the conventional form, pooling by maxima: the way back looks for
 * the number that equals the maximum, among numbers that it computes again behind a smooth activation.
 */
function network(): Network {
  const b = net([12, 12, 3]);
  let x = b.layer("conv", "conv1", "input", { width: 8, kernel: 3, padding: 1, maxout: 2 });
  x = b.layer("norm", "bn1", x);
  x = b.layer("silu", "silu1", x);
  x = b.layer("max_pool", "pool1", x, { kernel: 2, stride: 2 });
  x = b.layer("conv", "conv2", x, { width: 8, kernel: 3, padding: 1 });
  x = b.layer("max_pool", "pool2", x, { kernel: 3, stride: 2 });
  return b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", x), { width: 4 }), presets.v2);
}

const graphs = ["predict", "explain", "gradient"] as const;

function programIn(storage: StorageType, options: Partial<ProgramOptions> = {}): Program {
  return buildProgram(network(), { form: "bcos", batch: 2, graphs, targets: ["webgpu"], storage, ...options }).program;
}

const open: Session[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.dispose();
});

async function sessionOn(program: Program, options: SessionOptions): Promise<Session> {
  const session = await openSession(program, { seed: 7, ...options });
  open.push(session);
  return session;
}

const onGpu = (program: Program, options: SessionOptions = {}): Promise<Session> =>
  sessionOn(program, { ...options, device: createWebgpuDevice({ source: source! }) });

/** Multiplies what the norm gives. */
async function scaleNorm(session: Session, factor: number): Promise<void> {
  const weights = await session.exportWeights();
  const scale = weights.get("bn1.weight")!;
  weights.set("bn1.weight", { ...scale, data: Float32Array.from(scale.data, (value) => factor * value) });
  await session.importWeights(weights);
}

const inDouble = (program: Program): Promise<Session> =>
  sessionOn(program, { device: "reference", precision: "float64" });

describe.skipIf(source === undefined)("sessions in f16", () => {
  it.each(["bcos", "standard"] as const)("%s: as in float64, within what f16 rounds", async (form) => {
    const own = graphs.filter((name) => form === "bcos" || name !== "explain");
    const program = programIn("f16", { form, graphs: own });
    const [gpu, reference] = [await onGpu(program), await inDouble(program)];
    let largest = 0;
    for (const name of own) {
      for (const seed of [1, 2]) {
        const feeds = feedsOf(program, name, seed);
        const [actual, wanted] = [await gpu.run(name, feeds), await reference.run(name, feeds)];
        for (const [output, values] of Object.entries(wanted)) {
          const error = distance(actual[output]!, values);
          expect(error, `${output} of ${name} ${seed}`).toBeLessThan(TOLERANCE);
          largest = Math.max(largest, error);
        }
      }
    }
    // In float32 it would be below 1e-5.
    expect(largest).toBeGreaterThan(U / 20);
  });

  it("explains with residuals within the bound, which float32 is far below", async () => {
    const sessions = [await onGpu(programIn("f16")), await onGpu(programIn("f32"))] as const;
    // So that logits are more than their bias.
    for (const session of sessions) await scaleNorm(session, 100);
    const [half, full] = sessions;
    const image = feedsOf(half.program, "predict", 3)["image"]!;
    const options = { target: { top: 2 } } as const;
    const [rounded, exact] = [await explain(half, image, options), await explain(full, image, options)];
    expect(rounded).toHaveLength(4);
    rounded.forEach(({ weights, relativeResidual }, i) => {
      expect(distance(weights, exact[i]!.weights)).toBeLessThan(TOLERANCE);
      expect(relativeResidual).toBeLessThan(2 * U);
    });
    const largest = (explanations: readonly Explanation[]): number =>
      Math.max(...explanations.map((e) => e.relativeResidual));
    expect(largest(exact)).toBeLessThan(2e-6);
    expect(largest(rounded)).toBeGreaterThan(5e-6);
    await expect(explain(half, image, { bound: 1e-6 })).rejects.toThrow("run/residual");
  });

  it("holds what its plans say, and less than in f32", async () => {
    const [half, full] = [await onGpu(programIn("f16")), await onGpu(programIn("f32"))];
    const less = layoutBuffers(full.program).bytes - layoutBuffers(half.program).bytes;
    expect(full.memoryBytes! - half.memoryBytes!).toBe(less);
    expect(less / layoutBuffers(full.program).bytes).toBeGreaterThan(0.2);
  });

  it("gives the same with other variants of its kernels, within rounding", async () => {
    const program = programIn("f16", { graphs: ["predict"] });
    const gpu = await source!();
    const { traits } = gpu;
    await gpu.release();
    const others = otherVariants(program, traits);
    expect(others.length).toBeGreaterThan(0);
    const feeds = feedsOf(program, "predict", 1);
    const plain = await (await onGpu(program)).run("predict", feeds);
    const tuning = createTuning(traits.name, Object.fromEntries(others));
    const tuned = await (await onGpu(program, { tuning })).run("predict", feeds);
    // Sums of another order may be rounded to the neighbour.
    expect(distance(tuned["logits"]!, plain["logits"]!)).toBeLessThan(2 * U);
  });

  it("says so where numbers are too large for f16", async () => {
    const program = programIn("f16", { graphs: ["explain"] });
    const [gpu, reference] = [await onGpu(program), await inDouble(program)];
    for (const session of [gpu, reference]) await scaleNorm(session, 1e7);
    const image = feedsOf(program, "predict", 1)["image"]!;
    await expect(explain(gpu, image, { bound: Infinity })).rejects.toThrow("run/not-finite");
    await expect(explain(reference, image, { bound: Infinity })).resolves.toHaveLength(2);
  });
});

describe.skipIf(silent === undefined)("an adapter without f16", () => {
  it("is refused by sessions and tunings, with what to do", async () => {
    const program = programIn("f16", { graphs: ["predict"] });
    const without = withoutF16(silent!);
    const device = createWebgpuDevice({ source: without });
    await expect(device.open(program, {})).rejects.toMatchObject({
      diagnostics: [
        { code: "run/no-half-precision", hints: [expect.stringContaining("leave `--storage f16` out") as string] },
      ],
    });
    await expect(tuneOn(without, program)).rejects.toThrow("run/no-half-precision");
  });
});

it.skipIf(source === undefined)("programs in f32 need no f16", async () => {
  const session = await createWebgpuDevice({ source: withoutF16(source!) }).open(programIn("f32"), {});
  expect(session.memoryBytes).toBeGreaterThan(0);
  await session.dispose();
});
