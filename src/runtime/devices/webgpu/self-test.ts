/// <reference types="@webgpu/types" />
/**
 * Whether an adapter computes what it is told: a product through workgroup memory, a B-cos convolution and a reduction,
 * small, against plain loops. Drivers have faults, and a wrong number would look like a result.
 */
import { scoped } from "./error-scopes.ts";
import { usage } from "./gpu.ts";
import type { OpenedGpu } from "./opened-gpu.ts";
import { createReadback } from "./readback.ts";

interface Case {
  readonly name: string;
  readonly wgsl: string;
  readonly groups: number;
  readonly inputs: readonly Float32Array<ArrayBuffer>[];
  readonly wanted: Float32Array;
}

/** Whole numbers from −4 to 4: their products and sums are exact in every order. */
function whole(length: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => ((i * 7 + seed * 5 + ((i * i) % 11)) % 9) - 4);
}

const SIDE = 32;
const TILE = 8;

function product(): Case {
  const [a, b] = [whole(SIDE * SIDE, 1), whole(SIDE * SIDE, 2)];
  const wanted = new Float32Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      for (let k = 0; k < SIDE; k++) wanted[row * SIDE + column]! += a[row * SIDE + k]! * b[k * SIDE + column]!;
    }
  }
  const wgsl = `@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

var<workgroup> a_tile: array<f32, ${TILE * TILE}>;
var<workgroup> b_tile: array<f32, ${TILE * TILE}>;

@compute @workgroup_size(${TILE * TILE})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x / ${SIDE / TILE}u * ${TILE}u + lane / ${TILE}u;
  let column = workgroup.x % ${SIDE / TILE}u * ${TILE}u + lane % ${TILE}u;
  var sum = 0.0f;
  for (var k = 0u; k < ${SIDE}u; k += ${TILE}u) {
    a_tile[lane] = a[row * ${SIDE}u + k + lane % ${TILE}u];
    b_tile[lane] = b[(k + lane / ${TILE}u) * ${SIDE}u + column];
    workgroupBarrier();
    for (var i = 0u; i < ${TILE}u; i++) {
      sum += a_tile[lane / ${TILE}u * ${TILE}u + i] * b_tile[i * ${TILE}u + lane % ${TILE}u];
    }
    workgroupBarrier();
  }
  out[row * ${SIDE}u + column] = sum;
}
`;
  return { name: "a product", wgsl, groups: (SIDE / TILE) ** 2, inputs: [a, b], wanted };
}

const IMAGE = 8;
const CHANNELS = 4;
const OUTPUTS = 8;

/** o · |o|/‖patch‖ of a 3 × 3 convolution with zeros around. */
function bcos(): Case {
  const [x, w] = [whole(IMAGE * IMAGE * CHANNELS, 3), whole(OUTPUTS * 9 * CHANNELS, 4)];
  const wanted = new Float32Array(IMAGE * IMAGE * OUTPUTS);
  for (let at = 0; at < wanted.length; at++) {
    const [pixel, output] = [Math.floor(at / OUTPUTS), at % OUTPUTS];
    let [o, squares] = [0, 1];
    for (let tap = 0; tap < 9; tap++) {
      const y = Math.floor(pixel / IMAGE) + Math.floor(tap / 3) - 1;
      const column = (pixel % IMAGE) + (tap % 3) - 1;
      if (y < 0 || y >= IMAGE || column < 0 || column >= IMAGE) continue;
      for (let c = 0; c < CHANNELS; c++) {
        const value = x[(y * IMAGE + column) * CHANNELS + c]!;
        o += value * w[(output * 9 + tap) * CHANNELS + c]!;
        squares += value * value;
      }
    }
    wanted[at] = (o * Math.abs(o)) / Math.sqrt(squares);
  }
  const wgsl = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = workgroup.x * 64u + lane;
  let pixel = at / ${OUTPUTS}u;
  let output = at % ${OUTPUTS}u;
  var o = 0.0f;
  var squares = 1.0f;
  for (var tap = 0; tap < 9; tap++) {
    let y = i32(pixel / ${IMAGE}u) + tap / 3 - 1;
    let column = i32(pixel % ${IMAGE}u) + tap % 3 - 1;
    if (y < 0 || y >= ${IMAGE} || column < 0 || column >= ${IMAGE}) {
      continue;
    }
    for (var c = 0; c < ${CHANNELS}; c++) {
      let value = x[(y * ${IMAGE} + column) * ${CHANNELS} + c];
      o += value * w[(i32(output) * 9 + tap) * ${CHANNELS} + c];
      squares += value * value;
    }
  }
  out[at] = o * abs(o) / sqrt(squares);
}
`;
  return { name: "a B-cos convolution", wgsl, groups: wanted.length / 64, inputs: [x, w], wanted };
}

const ROWS = 4;
const LENGTH = 640;

function reduction(): Case {
  const x = whole(ROWS * LENGTH, 5);
  const wanted = new Float32Array(ROWS);
  x.forEach((value, i) => (wanted[Math.floor(i / LENGTH)]! += value));
  const wgsl = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0f;
  for (var i = lane; i < ${LENGTH}u; i += 64u) {
    sum += x[workgroup.x * ${LENGTH}u + i];
  }
  sums[lane] = sum;
  for (var step = 32u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) {
      sums[lane] += sums[lane + step];
    }
  }
  if (lane == 0u) {
    out[workgroup.x] = sums[0];
  }
}
`;
  return { name: "a reduction", wgsl, groups: ROWS, inputs: [x], wanted };
}

/** Of a division and a root; the rest is exact. */
const TOLERANCE = 1e-5;

/** What is wrong, as part of a sentence; undefined where all is well. */
export async function selfTest(gpu: OpenedGpu): Promise<string | undefined> {
  for (const test of [product(), bcos(), reduction()]) {
    const wrong = await runCase(gpu, test);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

async function runCase(gpu: OpenedGpu, { name, wgsl, groups, inputs, wanted }: Case): Promise<string | undefined> {
  const { device, pipelines } = gpu;
  const bindings = [...inputs.map(() => ({ access: "read" as const })), { access: "read_write" as const }];
  const { pipeline, layout } = await pipelines.compile({ wgsl, label: `self-test, ${name}`, bindings, sliced: false });
  const made: { destroy(): void }[] = [];
  const { value, fault } = scoped(device, () => {
    const buffer = (size: number): GPUBuffer => {
      const own = device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget });
      made.push(own);
      return own;
    };
    const buffers = [...inputs.map((values) => buffer(values.byteLength)), buffer(wanted.byteLength)];
    inputs.forEach((values, i) => device.queue.writeBuffer(buffers[i]!, 0, values));
    const readback = createReadback(device, wanted.byteLength);
    made.push(readback);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = buffers.map((own, binding) => ({ binding, resource: { buffer: own } }));
    pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(groups);
    pass.end();
    const request = { buffer: buffers.at(-1)!, length: wanted.length };
    return readback.read(encoder, [request], (full) => device.queue.submit([full.finish()]));
  });
  try {
    const [[result], problem] = await Promise.all([value, fault]);
    if (problem !== undefined) return `${name} was refused (${problem.message})`;
    const at = wanted.findIndex((v, i) => !(Math.abs(result![i]! - v) <= TOLERANCE * Math.abs(v)));
    return at < 0 ? undefined : `${name} gave ${result![at]!}, not ${wanted[at]!}`;
  } finally {
    for (const thing of made) thing.destroy();
  }
}

const verdicts = new Map<string, Promise<string | undefined>>();

/** `selfTest`, once a process for each adapter. */
export function checkAdapter(gpu: OpenedGpu): Promise<string | undefined> {
  const { name } = gpu.traits;
  let verdict = verdicts.get(name);
  if (verdict === undefined) {
    verdict = selfTest(gpu);
    verdicts.set(name, verdict);
    // A device that is lost meanwhile says nothing about the adapter.
    verdict.catch(() => verdicts.delete(name));
  }
  return verdict;
}
