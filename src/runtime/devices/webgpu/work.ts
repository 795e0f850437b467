/** How long launches take, roughly, and how work is cut into submissions: drivers reset what runs for seconds. */
import type { KernelLaunch } from "../../../compiler/plan/plan.ts";

/** What adapters do at least in a second: estimates may be too long, but hardly too short. */
const RATES = {
  software: { flops: 4e9, bytes: 2e9 },
  hardware: { flops: 100e9, bytes: 10e9 },
} as const;
const LAUNCH_SECONDS = 10e-6;

/** Of a submission, and so of a dispatch, by these rates: drivers give up after two seconds at the earliest. */
export const LONGEST_SUBMISSION = 0.5;

export function secondsOf(launch: Pick<KernelLaunch, "flops" | "bytes">, software: boolean): number {
  const rate = software ? RATES.software : RATES.hardware;
  return LAUNCH_SECONDS + launch.flops / rate.flops + launch.bytes / rate.bytes;
}

type Grid = readonly [number, number, number];

export interface Cuttable {
  readonly workgroups: Grid;
  /** Whether it can be done in parts. */
  readonly sliced: boolean;
  /** An estimate. */
  readonly seconds: number;
}

/** A dispatch, or a part of it: from one of its workgroups on. */
export interface Part<D extends Cuttable = Cuttable> {
  readonly dispatch: D;
  readonly first: number;
  readonly workgroups: Grid;
  readonly seconds: number;
}

/** Parts that begin in the middle, of one submission: each needs a place for the number of its first workgroup. */
export const MOST_PARTS = 255;

/**
 * Work in order, in submissions of about `longest()` estimated seconds at most: it is asked again for each dispatch, so
 * what was measured meanwhile counts. `most` is how many parts a submission may have.
 */
export function* cutWork<D extends Cuttable>(
  dispatches: Iterable<D>,
  longest: () => number,
  most = Infinity,
): Generator<readonly Part<D>[], void, undefined> {
  let open: Part<D>[] = [];
  let seconds = 0;
  let places = 0;
  for (const dispatch of dispatches) {
    for (const part of partsOf(dispatch, longest())) {
      const place = part.first > 0 ? 1 : 0;
      const full = open.length >= most || places + place > MOST_PARTS;
      if (open.length > 0 && (full || seconds + part.seconds > longest())) {
        yield open;
        [open, seconds, places] = [[], 0, 0];
      }
      open.push(part);
      seconds += part.seconds;
      places += place;
    }
  }
  if (open.length > 0) yield open;
}

/** A grid of one row is cut across, one of several between its rows. */
function partsOf<D extends Cuttable>(dispatch: D, longest: number): readonly Part<D>[] {
  const { workgroups, sliced, seconds } = dispatch;
  const [width, height, depth] = workgroups;
  const [length, step] = height === 1 ? [width, 1] : [height, width];
  const count = sliced && depth === 1 ? Math.min(length, Math.ceil(seconds / longest)) : 1;
  if (count <= 1) return [{ dispatch, first: 0, workgroups, seconds }];
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [Math.floor((length * i) / count), Math.floor((length * (i + 1)) / count)];
    const grid: Grid = height === 1 ? [to - from, 1, 1] : [width, to - from, 1];
    return { dispatch, first: from * step, workgroups: grid, seconds: seconds / count };
  });
}
