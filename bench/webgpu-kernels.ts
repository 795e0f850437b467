/// <reference types="@webgpu/types" />
/**
 * Speed of every variant of the WebGPU kernels on an adapter of Dawn: product 1024³, two convolutions, and those of a
 * ResNet-20 for 32×32 images, forward, input gradient and weight gradient, plain and B-cos; and kernels that only move
 * numbers. Submit to done, medians; and the least processor time, which a busy machine disturbs less.
 *
 *     npm run build && node dist/bench/webgpu-kernels.js [--backend vulkan|opengles] [--only TEXT] [--variant TEXT]
 *         [--runs N] [--json]
 */
import { parseArgs } from "node:util";
import { forwardShape } from "../src/compiler/plan/convolution-shape.ts";
import { ex } from "../src/compiler/plan/expression.ts";
import { runsOn, type AdapterTraits } from "../src/runtime/devices/webgpu/choose-variant.ts";
import { recipeOf, type GpuFeature, type GpuRecipe } from "../src/compiler/targets/webgpu/kernel.ts";
import { convolutionKernel } from "../src/compiler/targets/webgpu/kernels/convolution.ts";
import { inputGradientKernel } from "../src/compiler/targets/webgpu/kernels/input-gradient.ts";
import { elementwiseKernel } from "../src/compiler/targets/webgpu/kernels/elementwise.ts";
import { matmulKernel } from "../src/compiler/targets/webgpu/kernels/matmul.ts";
import { reduceRecipe } from "../src/compiler/targets/webgpu/kernels/reduce.ts";
import { weightGradientRecipe } from "../src/compiler/targets/webgpu/kernels/weight-gradient.ts";
import { spreadRecipe, windowRecipe } from "../src/compiler/targets/webgpu/kernels/window-recipes.ts";

const { values: options } = parseArgs({
  options: {
    backend: { type: "string", default: "vulkan" },
    only: { type: "string", default: "" },
    variant: { type: "string", default: "" },
    runs: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});

interface Workload {
  readonly name: string;
  readonly recipe: GpuRecipe;
}

const o = ex.input(0);
const same = { kind: "same" } as const;
const row = { kind: "row" } as const;

/** A 3×3 convolution with padding 1 of square images. */
function convolutions(batch: number, side: number, inputs: number, outputs: number, stride = 1): Workload[] {
  const attributes = { stride: [stride, stride], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
  const shape = forwardShape([batch, side, side, inputs], [outputs, 3, 3, inputs], attributes);
  const title = `conv 3×3 ${batch}×${side}²×${inputs}→${outputs}${stride === 1 ? "" : `/${stride}`}`;
  // y = o·|o|/n: forward stores o and y; backward takes g·2|o|/n, and adds x·(the norm's part) to the input gradient.
  const scaled = {
    inputs: [same, row],
    value: ex.mul(o, ex.mul(2, ex.div(ex.abs(ex.input(1)), ex.input(2)))),
  };
  const normPart = { inputs: [same, row], outputs: [ex.add(o, ex.mul(ex.input(1), ex.input(2)))] };
  const bcos = { inputs: [], outputs: [o, ex.bcosScale(o, ex.input(1), 2)] };
  const forward = convolutionKernel({ shape, norm: { epsilon: 1e-6 }, epilogue: bcos });
  return [
    { name: `${title} forward`, recipe: recipeOf(convolutionKernel({ shape })) },
    { name: `${title} forward, B-cos`, recipe: recipeOf(forward) },
    { name: `${title} dX`, recipe: recipeOf(inputGradientKernel(shape)) },
    {
      name: `${title} dX, B-cos`,
      recipe: recipeOf(inputGradientKernel(shape, { prologue: scaled, epilogue: normPart })),
    },
    { name: `${title} dW`, recipe: weightGradientRecipe({ shape }) },
    { name: `${title} dW, B-cos`, recipe: weightGradientRecipe({ shape, prologue: scaled }) },
  ];
}

const square = [1024, 1024];
const image = [32, 32, 32, 16];
const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1] } as const;
const pixels = 32 ** 3;
const WORKLOADS: readonly Workload[] = [
  {
    name: "product 1024³",
    recipe: recipeOf(matmulKernel({ a: square, b: square, transposeA: false, transposeB: false })),
  },
  ...convolutions(8, 56, 64, 64),
  ...convolutions(32, 16, 128, 128),
  ...convolutions(32, 32, 6, 16),
  ...convolutions(32, 32, 16, 16),
  ...convolutions(32, 32, 16, 32, 2),
  ...convolutions(32, 16, 32, 32),
  ...convolutions(32, 16, 32, 64, 2),
  ...convolutions(32, 8, 64, 64),
  {
    name: "element-wise 32768×16",
    recipe: recipeOf(
      elementwiseKernel("norm and add", {
        ...{ rows: pixels, channels: 16, inputs: [same, { kind: "channel" }, same] },
        outputs: [ex.relu(ex.add(ex.mul(o, ex.input(1)), ex.input(2)))],
      }),
    ),
  },
  {
    name: "sum over channels 32768×16",
    recipe: reduceRecipe("sum", {
      outer: pixels,
      reduced: 16,
      inner: 1,
      kind: "sum",
      value: ex.square(o),
      inputs: [same],
    }),
  },
  {
    name: "variance over pixels 32768×16",
    recipe: reduceRecipe("variance", { outer: 1, reduced: pixels, inner: 16, kind: "variance" }),
  },
  { name: "sum of 524288", recipe: reduceRecipe("sum", { outer: 1, reduced: pixels * 16, inner: 1, kind: "sum" }) },
  { name: "window_sum 3×3 32×32²×16", recipe: windowRecipe("sum", image, window) },
  { name: "window_spread 3×3 32×32²×1", recipe: spreadRecipe([32, 32, 32, 1], window) },
  { name: "window_max 3×3 32×32²×16", recipe: windowRecipe("max", image, window) },
];

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Both in milliseconds. */
interface Timing {
  readonly wall: number;
  readonly processor: number;
  readonly first: number;
}

async function time(device: GPUDevice, recipe: GpuRecipe, name: string, runs: number): Promise<Timing> {
  const buffers = new Map<string, GPUBuffer>();
  const bufferOf = (binding: string, bytes: number): GPUBuffer => {
    const known = buffers.get(binding);
    if (known !== undefined && known.size >= bytes) return known;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage });
    device.queue.writeBuffer(
      buffer,
      0,
      Float32Array.from({ length: bytes / 4 }, () => Math.random() + 0.1),
    );
    buffers.set(binding, buffer);
    return buffer;
  };
  const steps = recipe.steps.map((kernel) => {
    const variant = kernel.variants.find((v) => v.name === name) ?? kernel.variants.at(-1)!;
    const layout = device.createBindGroupLayout({
      entries: kernel.bindings.map(({ access }, binding) => ({
        ...{ binding, visibility: GPUShaderStage.COMPUTE },
        buffer: { type: access === "read" ? ("read-only-storage" as const) : ("storage" as const) },
      })),
    });
    const pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ code: variant.wgsl }), entryPoint: "main" },
    });
    const entries = kernel.bindings.map(({ name: of, bytes }, binding) => ({
      binding,
      resource: { buffer: bufferOf(of, bytes) },
    }));
    return { pipeline, group: device.createBindGroup({ layout, entries }), workgroups: variant.workgroups };
  });
  const run = async (): Promise<readonly [number, number]> => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, workgroups } of steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
    const commands = encoder.finish();
    const [began, used] = [performance.now(), process.cpuUsage()];
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    const { user, system } = process.cpuUsage(used);
    return [performance.now() - began, (user + system) / 1000];
  };
  const [first] = await run();
  await run();
  const times: (readonly [number, number])[] = [];
  for (let i = 0; i < runs; i++) times.push(await run());
  for (const buffer of buffers.values()) buffer.destroy();
  return { wall: median(times.map(([wall]) => wall)), processor: Math.min(...times.map(([, used]) => used)), first };
}

const { create, globals } = await import("webgpu");
Object.assign(globalThis, globals);
const gpu = create([`backend=${options.backend}`]);
const adapter = await gpu.requestAdapter(options.backend === "opengles" ? { featureLevel: "compatibility" } : {});
if (adapter === null) {
  console.error(`there is no adapter for the backend ${options.backend}`);
  process.exit(1);
}
const features = (["subgroups", "shader-f16"] as const).filter((f): f is GpuFeature => adapter.features.has(f));
const most = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupSizeX: 256 };
const device = await adapter.requestDevice({ requiredFeatures: [...features], requiredLimits: most });
device.onuncapturederror = ({ error }) => {
  console.error(error.message);
};
const { subgroupMinSize = 0, subgroupMaxSize = 0, description } = adapter.info;
const traits: AdapterTraits = { software: true, features, subgroupSizes: [subgroupMinSize, subgroupMaxSize] };
if (!options.json) console.log(`${description}, subgroups of ${subgroupMinSize} to ${subgroupMaxSize}`);
for (const { name, recipe } of WORKLOADS) {
  if (!name.includes(options.only)) continue;
  const variants = recipe.steps.flatMap((kernel) => kernel.variants.filter((variant) => runsOn(variant, traits)));
  for (const variant of new Set(variants.map((v) => v.name))) {
    if (!variant.includes(options.variant)) continue;
    const timing = await time(device, recipe, variant, Number(options.runs));
    const flops = recipe.steps.reduce((sum, kernel) => sum + kernel.flops, 0);
    const bytes = recipe.steps.reduce((sum, kernel) => sum + kernel.bytes, 0);
    if (options.json) console.log(JSON.stringify({ name, variant, flops, bytes, ...timing }));
    else {
      const rate = (amount: number, milliseconds: number): string =>
        (amount / milliseconds / 1e6).toFixed(1).padStart(6);
      console.log(
        `${name.padEnd(40)} ${variant.padEnd(20)} ${timing.wall.toFixed(1).padStart(7)} ms ` +
          `${rate(flops, timing.wall)} GFLOP/s ${rate(bytes, timing.wall)} GB/s  ` +
          `processor ${timing.processor.toFixed(1).padStart(7)} ms  first ${timing.first.toFixed(0)} ms`,
      );
    }
  }
}
await device.queue.onSubmittedWorkDone();
device.destroy();
