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

export interface RunOptions {
  /** The plan that is run, or undefined where only something is read. */
  readonly plan?: Plan;
  readonly dispatches: readonly Dispatch[];
  readonly requests: readonly ReadRequest[];
  /** Work is cut into slices, and the device is waited for behind each. */
  readonly slices?: SliceClock;
  /** Each dispatch, or part of one, gets a pass of its own, which is timed. */
  readonly timer?: RunTimer;
}

/** Resolves to what was asked for, in order. Fails with `run/kernel` or `run/webgpu` where a submission was refused. */
export async function runDispatches(resources: Resources, options: RunOptions): Promise<readonly Float32Array[]> {
  const { device } = resources.gpu;
  const { plan, slices, requests, timer } = options;
  const faults: Promise<GpuFault | undefined>[] = [];
  const submit = (encoder: GPUCommandEncoder): void => {
    faults.push(scoped(device, () => device.queue.submit([encoder.finish()])).fault);
  };
  const longest = (): number =>
    slices === undefined ? LONGEST_SUBMISSION : Math.min(LONGEST_SUBMISSION, slices.seconds / slices.scale);
  let last: GPUCommandEncoder | undefined;
  for (const parts of cutWork(options.dispatches, longest, timer && MOST_PASSES)) {
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
  const fault = (await Promise.all(faults)).find((f) => f !== undefined);
  if (fault !== undefined) explain(fault.message, plan);
  const uncaptured = resources.gpu.takeUncaptured();
  if (uncaptured !== undefined) explain(uncaptured, plan);
  return results;
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
function explain(message: string, plan: Plan | undefined): never {
  const launch = plan?.launches[Number(/launch (\d+) of/.exec(message)?.[1] ?? NaN)];
  if (launch?.kind === "kernel") refuse(launch, message);
  return fail("run/webgpu", { what: plan === undefined ? "a copy" : `the run of \`${plan.graph}\``, reason: message });
}
