/// <reference types="@webgpu/types" />
/** Dawn in Node, through the package `webgpu`, and one way to run a recipe on an adapter. */
import { runsOn, type AdapterTraits } from "../../src/runtime/devices/webgpu/choose-variant.ts";
import type { GpuFeature, GpuKernel, GpuRecipe, GpuVariant } from "../../src/compiler/targets/webgpu/kernel.ts";

/** Dawn ends the process when the object that `create` returned is collected: all stay here. */
const kept: unknown[] = [];

export type Need = "webgpu-compile" | "webgpu";

const required = (need: Need): boolean => (process.env["BCOSC_REQUIRE"] ?? "").split(",").includes(need);

const FEATURES: readonly GpuFeature[] = ["subgroups", "shader-f16"];
const traits = new WeakMap<GPUDevice, AdapterTraits>();

/** What decides on the variants that a device of `openDevice` can run. */
export function traitsOf(device: GPUDevice): AdapterTraits {
  return traits.get(device)!;
}

/**
 * The names of the variants of a recipe's kernels that run on a device; `quick` leaves those with workgroup memory out
 * where there are others: Mesa takes seconds to compile one.
 */
export function variantNames(device: GPUDevice, recipe: GpuRecipe, quick: boolean): readonly string[] {
  const names = recipe.steps.flatMap(({ variants }) => {
    const possible = variants.filter((variant) => runsOn(variant, traitsOf(device)));
    const light = possible.filter(({ workgroupBytes }) => workgroupBytes === 0);
    return (quick && light.length > 0 ? light : possible).map(({ name }) => name);
  });
  return [...new Set(names)];
}

/** A device of a backend, or undefined with a line that says what is skipped; a failure where the tests are required. */
export async function openDevice(need: Need, backends: readonly string[]): Promise<GPUDevice | undefined> {
  let reason = "no adapter";
  try {
    const { create, globals } = await import("webgpu");
    Object.assign(globalThis, globals);
    for (const backend of backends) {
      const gpu = create([`backend=${backend}`]);
      kept.push(gpu);
      const options: GPURequestAdapterOptions = backend === "opengles" ? { featureLevel: "compatibility" } : {};
      const adapter = await gpu.requestAdapter(options);
      if (adapter === null) continue;
      // In compatibility mode 128 invocations are the default.
      const most = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupSizeX: 256 };
      const features = FEATURES.filter((feature) => adapter.features.has(feature));
      const device = await adapter.requestDevice({ requiredLimits: most, requiredFeatures: features });
      kept.push(adapter, device);
      const { subgroupMinSize, subgroupMaxSize } = adapter.info;
      traits.set(device, {
        software: true,
        features,
        ...(subgroupMinSize && subgroupMaxSize ? { subgroupSizes: [subgroupMinSize, subgroupMaxSize] } : {}),
      });
      return device;
    }
  } catch (error) {
    reason = String(error);
  }
  if (required(need)) throw new Error(`BCOSC_REQUIRE has ${need}, but there is none: ${reason}`);
  // Mesa's OpenGL works without a screen only where the environment of the process says so.
  const advice = need === "webgpu" ? "; Mesa's software driver needs EGL_PLATFORM=surfaceless" : "";
  console.warn(`these tests are skipped (${reason}); BCOSC_REQUIRE=${need} forbids that${advice}`);
  return undefined;
}

interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles a variant of a kernel under a validation scope; throws what is wrong together with the WGSL. */
export async function compile(device: GPUDevice, kernel: GpuKernel, variant: GpuVariant): Promise<Compiled> {
  device.pushErrorScope("validation");
  const shader = device.createShaderModule({ code: variant.wgsl, label: kernel.label });
  // Not `auto`, which leaves out what a shader does not use.
  const layout = device.createBindGroupLayout({
    entries: kernel.bindings.map(({ access }, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: access === "read" ? "read-only-storage" : "storage" },
    })),
  });
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: shader, entryPoint: "main" },
  });
  const error = await device.popErrorScope();
  if (error !== null) throw new Error(`${kernel.label}, ${variant.name}: ${error.message}\n${variant.wgsl}`);
  return { pipeline, layout };
}

/**
 * Runs a recipe on a device, of every kernel the variant of that name or the first, and reads `outputs` (lengths by name).
 * Untouched elements of outputs are left at 12345.
 */
export async function runRecipe(
  device: GPUDevice,
  recipe: GpuRecipe,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  outputs: Readonly<Record<string, number>>,
  /** Inputs to read back too. */
  overwritten: readonly string[] = [],
  name?: string,
): Promise<Record<string, Float32Array>> {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffers = new Map<string, GPUBuffer>();
  const add = (name: string, values: Float32Array<ArrayBuffer>): void => {
    const buffer = device.createBuffer({ size: Math.max(4, values.byteLength), usage, label: name });
    device.queue.writeBuffer(buffer, 0, values);
    buffers.set(name, buffer);
  };
  for (const [name, values] of Object.entries(inputs)) add(name, Float32Array.from(values));
  for (const [name, bytes] of Object.entries(recipe.temporaries)) add(name, new Float32Array(bytes / 4).fill(12345));
  for (const [name, length] of Object.entries(outputs)) add(name, new Float32Array(length).fill(12345));
  const variants = recipe.steps.map(({ variants: all }) => all.find((v) => v.name === name) ?? all[0]!);
  const pipelines = await Promise.all(recipe.steps.map((kernel, i) => compile(device, kernel, variants[i]!)));
  device.pushErrorScope("validation");
  const encoder = device.createCommandEncoder();
  recipe.steps.forEach((kernel, i) => {
    const pass = encoder.beginComputePass({ label: kernel.label });
    pass.setPipeline(pipelines[i]!.pipeline);
    const entries = kernel.bindings.map(({ name, bytes }, binding) => {
      const buffer = buffers.get(name);
      if (buffer === undefined) throw new Error(`${kernel.label}: nothing is bound to ${name}`);
      if (buffer.size < bytes) throw new Error(`${kernel.label}: ${name} has ${buffer.size} bytes, needs ${bytes}`);
      return { binding, resource: { buffer } };
    });
    pass.setBindGroup(0, device.createBindGroup({ layout: pipelines[i]!.layout, entries }));
    pass.dispatchWorkgroups(...variants[i]!.workgroups);
    pass.end();
  });
  const readers = [...Object.keys(outputs), ...overwritten].map((read) => {
    const source = buffers.get(read)!;
    const reader = device.createBuffer({
      size: source.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    encoder.copyBufferToBuffer(source, 0, reader, 0, source.size);
    return [read, reader] as const;
  });
  device.queue.submit([encoder.finish()]);
  const error = await device.popErrorScope();
  if (error !== null) throw new Error(`${recipe.steps.map((step) => step.label).join("; ")}: ${error.message}`);
  const results: Record<string, Float32Array> = {};
  for (const [read, reader] of readers) {
    await reader.mapAsync(GPUMapMode.READ);
    results[read] = new Float32Array(reader.getMappedRange().slice(0)).slice(0, outputs[read] ?? inputs[read]!.length);
    reader.destroy();
  }
  for (const buffer of buffers.values()) buffer.destroy();
  return results;
}
