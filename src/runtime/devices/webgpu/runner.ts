/// <reference types="@webgpu/types" />
/** Runs the dispatches of a plan: one command buffer and one submission, or a few where the work is long. */
import type { Plan } from "../../../compiler/plan/plan.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { refuse, type Dispatch } from "./dispatches.ts";
import { scoped, type GpuFault } from "./error-scopes.ts";
import { pending } from "./pending.ts";
import type { ReadRequest } from "./readback.ts";
import { SLICE_STEP, type Resources } from "./resources.ts";
import type { RunTimer } from "./run-timer.ts";
import { MOST_PASSES } from "./stamps.ts";
import { cutWork, LONGEST_SUBMISSION, type Part } from "./work.ts";

/** How long a page may be kept waiting, and what estimates have to be multiplied with, as measured so far. */
export interface SliceClock {
  readonly seconds: number;
  scale: number;
}

export interface WorkOptions {
  /** The plan that is run, or undefined where only something is read. */
  readonly plan?: Plan;
  readonly dispatches: readonly Dispatch[];
  /** Work is cut into slices, and the device is waited for behind each. */
  readonly slices?: SliceClock;
  /** Each dispatch, or part of one, gets a pass of its own, which is timed. */
  readonly timer?: RunTimer;
}

export interface RunOptions extends WorkOptions {
  readonly requests: readonly ReadRequest[];
}

/** Of the first `bytes` bytes. */
export interface BufferCopy {
  readonly from: GPUBuffer;
  readonly to: GPUBuffer;
  readonly bytes: number;
}

export interface ResidentOptions extends WorkOptions {
  readonly plan: Plan;
  readonly before: readonly BufferCopy[];
  readonly after: readonly BufferCopy[];
}

/** Submissions, and what WebGPU has against them. */
interface Submissions {
  readonly submit: (encoder: GPUCommandEncoder) => void;
  /** The first fault of those so far. */
  readonly fault: () => Promise<GpuFault | undefined>;
}

function createSubmissions(device: GPUDevice): Submissions {
  const faults: Promise<GpuFault | undefined>[] = [];
  return {
    submit: (encoder) => void faults.push(scoped(device, () => device.queue.submit([encoder.finish()])).fault),
    fault: async () => (await Promise.all(faults)).find((fault) => fault !== undefined),
  };
}

/** Resolves to what was asked for, in order. Fails with `run/kernel` or `run/webgpu` where a submission was refused. */
export async function runDispatches(resources: Resources, options: RunOptions): Promise<readonly Float32Array[]> {
  const { device } = resources.gpu;
  const { plan, requests, timer } = options;
  const { submit, fault } = createSubmissions(device);
  let last = await submitWork(resources, options, submit);
  if (timer !== undefined) {
    // Reading results is none of the launches' time.
    if (last !== undefined) submit(last);
    last = undefined;
    await timer.finish();
  }
  const results = await resources.readback.read(
    last ?? device.createCommandEncoder({ label: "reading" }),
    requests,
    submit,
  );
  const found = await fault();
  if (found !== undefined) explainFault(found.message, plan);
  const uncaptured = resources.gpu.takeUncaptured();
  if (uncaptured !== undefined) explainFault(uncaptured, plan);
  return results;
}

/**
 * Resolves when all is submitted, with the copies before and behind it, and does not wait for the device, unless the work is
 * cut into slices or timed. `fault` tells what WebGPU had against it once that is known.
 */
export async function submitDispatches(
  resources: Resources,
  options: ResidentOptions,
): Promise<{ readonly fault: Promise<GpuFault | undefined> }> {
  const { device } = resources.gpu;
  const { plan, before, after, timer } = options;
  const { submit, fault } = createSubmissions(device);
  const copy = (encoder: GPUCommandEncoder, copies: readonly BufferCopy[]): GPUCommandEncoder => {
    for (const { from, to, bytes } of copies) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    return encoder;
  };
  const label = `copies of ${plan.graph}`;
  if (before.length > 0) submit(copy(device.createCommandEncoder({ label }), before));
  const last = await submitWork(resources, options, submit);
  if (last !== undefined || after.length > 0) submit(copy(last ?? device.createCommandEncoder({ label }), after));
  await timer?.finish();
  return { fault: fault() };
}

/** Submits all but the last part of the work, which is encoded; undefined where nothing is left to be submitted. */
async function submitWork(
  resources: Resources,
  { plan, dispatches, slices, timer }: WorkOptions,
  submit: Submissions["submit"],
): Promise<GPUCommandEncoder | undefined> {
  const { device } = resources.gpu;
  const longest = (): number =>
    slices === undefined ? LONGEST_SUBMISSION : Math.min(LONGEST_SUBMISSION, slices.seconds / slices.scale);
  let last: GPUCommandEncoder | undefined;
  for (const parts of cutWork(dispatches, longest, timer && MOST_PASSES)) {
    if (last !== undefined) submit(last);
    await timer?.makeRoom(parts.length);
    const encoder = device.createCommandEncoder({ label: plan === undefined ? "reading" : `run of ${plan.graph}` });
    encode(resources, encoder, parts, timer);
    if (slices === undefined) {
      last = encoder;
      continue;
    }
    const began = performance.now();
    submit(encoder);
    await pending(device, device.queue.onSubmittedWorkDone());
    measure(slices, parts, (performance.now() - began) / 1000);
  }
  return last;
}

function encode(
  resources: Resources,
  encoder: GPUCommandEncoder,
  parts: readonly Part<Dispatch>[],
  timer: RunTimer | undefined,
): void {
  const { slices, gpu } = resources;
  const starts = parts.filter((part) => part.first > 0);
  if (starts.length > 0) {
    const table = new Uint32Array((starts.length * SLICE_STEP) / 4);
    starts.forEach(({ first }, i) => (table[(i * SLICE_STEP) / 4] = first));
    // Ordered with submissions: what was submitted before still sees its own.
    gpu.device.queue.writeBuffer(slices.buffer, SLICE_STEP, table);
  }
  const whole = timer === undefined ? encoder.beginComputePass() : undefined;
  let place = 0;
  for (const { dispatch, first, workgroups } of parts) {
    const pass = whole ?? encoder.beginComputePass({ timestampWrites: timer!.pass(dispatch.index) });
    pass.setPipeline(dispatch.pipeline);
    pass.setBindGroup(0, dispatch.bindGroup);
    if (dispatch.sliced) pass.setBindGroup(1, slices.bindGroup, [first > 0 ? ++place * SLICE_STEP : 0]);
    pass.dispatchWorkgroups(...workgroups);
    if (whole === undefined) pass.end();
  }
  whole?.end();
}

/** Estimates follow what is measured; a slice that took too long counts at once, a short one by and by. */
function measure(clock: SliceClock, parts: readonly Part[], seconds: number): void {
  const estimate = parts.reduce((sum, part) => sum + part.seconds, 0);
  const scale = seconds / estimate;
  clock.scale = scale > clock.scale ? scale : 0.8 * clock.scale + 0.2 * scale;
}

/** Labels of launches are in the messages of WebGPU. */
export function explainFault(message: string, plan: Plan | undefined): never {
  const launch = plan?.launches[Number(/launch (\d+) of/.exec(message)?.[1] ?? NaN)];
  if (launch?.kind === "kernel") refuse(launch, message);
  return fail("run/webgpu", { what: plan === undefined ? "a copy" : `the run of \`${plan.graph}\``, reason: message });
}
