/** The launches of all plans as each thread works through them: which kernel, on which addresses, which part of it. */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import type { KernelLaunch, Launch, Plan, RandomLaunch } from "../../../compiler/plan/plan.ts";
import { writesState } from "../plan-facts.ts";
import { meetingsOf } from "./meetings.ts";
import { layoutMemory, offsetOf, type MemoryLayout } from "./memory-layout.ts";
import { piecesOf, type Pieces } from "./threads/shares.ts";

/** What one thread does for one launch. Plain data: it is sent to workers. */
export interface Step {
  /** Name of the kernel; absent where the thread has no part in this launch. */
  readonly kernel?: string;
  /** Buffers, scratch memory, first and last unit. */
  readonly values: readonly number[];
  /** Wait here until all threads have come. */
  readonly meet: boolean;
  /** Shared by need: the first and last unit in `values` are not what this thread does. */
  readonly pieces?: Pieces;
  /** Into how many pieces a thread that must not be busy for long cuts it. */
  readonly slices: number;
}

export interface Schedule {
  readonly layout: MemoryLayout;
  /** How many threads there are: fewer than wanted where no launch is worth them. */
  readonly threads: number;
  /** For each thread, all launches of all plans. */
  readonly steps: readonly (readonly Step[])[];
  /** The launch that a step is for. */
  readonly launches: readonly KernelLaunch[];
  readonly segments: Readonly<Partial<Record<GraphName, readonly Segment[]>>>;
  /** Plans that write state. */
  readonly writers: ReadonlySet<GraphName>;
}

/**
 * A run of launches that threads do without coming back, or random numbers, which the host makes. None lies across the
 * border to the part of the plan that may run again.
 */
export type Segment =
  | {
      readonly kind: "steps";
      /** The plan's launch that its first step is for; the others follow. */
      readonly launch: number;
      readonly first: number;
      readonly end: number;
      /** Needed only when state was written since the last time. */
      readonly prepare: boolean;
    }
  | { readonly kind: "random"; readonly launch: number; readonly random: RandomLaunch };

/** What one thread does in a second, roughly; only used to tell what is worth sharing. */
const FLOPS = 30e9;
const BYTES = 10e9;
/** Below this a launch stays on one thread: waking another costs as much. */
const WORTH_SHARING = 25e-6;
/** Pieces that threads take from each other are not shorter than about this. */
const PIECE = 20e-6;
/** A browser's main thread is given back about this often. */
const SLICE = 8e-3;

function seconds(launch: KernelLaunch): number {
  return launch.flops / FLOPS + launch.bytes / BYTES;
}

function isShared(launch: Launch): boolean {
  return launch.kind === "kernel" && launch.units > 1 && seconds(launch) > WORTH_SHARING;
}

/** Lays out the program for at most `wanted` threads. */
export function schedule(program: Program, wanted: number): Schedule {
  const plans = Object.values(program.wasm?.plans ?? {});
  const threads = plans.some((plan) => plan.launches.some(isShared)) ? wanted : 1;
  const layout = layoutMemory(program, threads);
  const steps = Array.from({ length: threads }, (): Step[] => []);
  const launches: KernelLaunch[] = [];
  const segments: Partial<Record<GraphName, Segment[]>> = {};
  for (const plan of plans) {
    const own: Segment[] = [];
    let launch = 0;
    for (const part of cut(plan)) {
      if (!Array.isArray(part)) {
        own.push({ kind: "random", launch: launch++, random: part });
        continue;
      }
      const [first, prepare] = [launches.length, isPreparing(part[0]!)];
      own.push({ kind: "steps", launch, first, end: first + part.length, prepare });
      launch += part.length;
      launches.push(...part);
      const meetings = meetingsOf(part, isShared);
      for (let thread = 0; thread < threads; thread++) {
        const who = { layout, plan, thread, threads };
        steps[thread]!.push(...part.map((each, i) => stepOf(each, threads > 1 && meetings[i]!, who)));
      }
    }
    segments[plan.graph] = own;
  }
  const writers = new Set(plans.filter(writesState).map((plan) => plan.graph));
  return { layout, threads, steps, launches, segments, writers };
}

function isPreparing(launch: KernelLaunch): boolean {
  return launch.prepare === true;
}

/** Runs of kernels, and the random launches between them. */
function cut({ launches, repeat }: Plan): (KernelLaunch[] | RandomLaunch)[] {
  const parts: (KernelLaunch[] | RandomLaunch)[] = [];
  launches.forEach((launch, i) => {
    if (launch.kind === "random") {
      parts.push(launch);
      return;
    }
    const last = parts.at(-1);
    const goesOn = Array.isArray(last) && isPreparing(last[0]!) === isPreparing(launch) && i !== repeat?.first;
    if (goesOn) last.push(launch);
    else parts.push([launch]);
  });
  return parts;
}

function stepOf(
  launch: KernelLaunch,
  meet: boolean,
  who: { readonly layout: MemoryLayout; readonly plan: Plan; readonly thread: number; readonly threads: number },
): Step {
  const { layout, plan, thread, threads } = who;
  const shared = threads > 1 && isShared(launch);
  const share = (t: number): number => (shared ? Math.floor((launch.units * t) / threads) : t === 0 ? 0 : launch.units);
  const [start, end] = [share(thread), share(thread + 1)];
  const pieces = shared ? piecesOf(launch.units, Math.floor(seconds(launch) / PIECE)) : undefined;
  const offsets = launch.buffers.map((ref) => offsetOf(layout, plan, ref));
  return {
    ...(start < end ? { kernel: launch.kernel } : {}),
    values: [...offsets, layout.scratch(thread), start, end],
    meet,
    ...(pieces !== undefined && pieces.count > threads ? { pieces } : {}),
    slices: Math.max(1, Math.min(end - start, Math.ceil(seconds(launch) / SLICE))),
  };
}
