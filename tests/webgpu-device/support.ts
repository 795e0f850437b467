/// <reference types="@webgpu/types" />
/** Devices for tests: adapters of a backend of Dawn's, and programs that are small enough to be compiled in a moment. */
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { traitsOf, type FoundAdapter } from "../../src/runtime/devices/webgpu/adapter.ts";
import { runsOn, tuningKey, type AdapterTraits } from "../../src/runtime/devices/webgpu/choose-variant.ts";
import { openGpu, type GpuSource } from "../../src/runtime/devices/webgpu/opened-gpu.ts";
import { net } from "../layers/nets.ts";

export type Need = "webgpu-compile" | "webgpu";

/** Dawn ends the process when the object that `create` returned is collected: all stay here. */
const kept: GPU[] = [];

/**
 * WebGPU of a backend: `null` accepts everything and computes nothing, `vulkan` is a driver. Undefined, with a line that says
 * so, where there is none; a failure where `BCOSC_REQUIRE` names the need.
 */
export async function gpuOf(backend: "null" | "vulkan"): Promise<GPU | undefined> {
  const need: Need = backend === "null" ? "webgpu-compile" : "webgpu";
  let reason = "no adapter";
  try {
    const { create } = await import("webgpu");
    const gpu = create([`backend=${backend}`]);
    kept.push(gpu);
    if ((await gpu.requestAdapter()) !== null) return gpu;
  } catch (error) {
    reason = String(error);
  }
  if ((process.env["BCOSC_REQUIRE"] ?? "").split(",").includes(need)) {
    throw new Error(`BCOSC_REQUIRE has ${need}, but there is none: ${reason}`);
  }
  console.warn(`these tests are skipped (${reason}); BCOSC_REQUIRE=${need} forbids that`);
  return undefined;
}

/** Opens devices of a backend. */
export async function gpuSource(backend: "null" | "vulkan"): Promise<GpuSource | undefined> {
  const gpu = await gpuOf(backend);
  if (gpu === undefined) return undefined;
  const find = async (): Promise<FoundAdapter> => {
    const adapter = await gpu.requestAdapter();
    if (adapter === null) throw new Error("no adapter");
    return { adapter, traits: traitsOf(adapter) };
  };
  return () => openGpu(find);
}

/** A convolution, dropout and a classifier. */
export function tinyProgram(graphs: readonly GraphName[] = ["predict", "train"], batch = 2): Program {
  const b = net([4, 4, 2]);
  const conv = b.layer("conv", "conv", "input", { width: 3, kernel: 3, padding: 1 });
  const dropped = b.layer("dropout", "drop", conv, { rate: 0.25 });
  const network = b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", dropped), { width: 3 }));
  return buildProgram(network, {
    form: "bcos",
    batch,
    graphs,
    train: { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 } },
    targets: ["webgpu"],
  }).program;
}

/** By tuning key, another variant than the untuned one for every kernel that has one without workgroup memory. */
export function otherVariants(program: Program, traits: AdapterTraits): readonly (readonly [string, string])[] {
  return Object.values(program.webgpu!.kernels).flatMap((kernel) => {
    const light = kernel.variants.filter((v) => runsOn(v, traits) && v.workgroupBytes === 0);
    return light.length < 2 ? [] : [[tuningKey(kernel), light[0]!.name] as const];
  });
}
