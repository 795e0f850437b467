/// <reference types="@webgpu/types" />
/** Times the launches of one run: from timestamps of the GPU to the clock of the thread that owns the session. */
import type { Recording } from "../recorder.ts";
import type { Stamp, Stamps } from "./stamps.ts";

/** Of one run, on one device. */
export interface RunTimer {
  /** For a pass of its own for a dispatch, or a part of one. */
  pass(launch: number): GPUComputePassTimestampWrites;
  /** Makes room for so many passes. Everything before them is submitted. */
  makeRoom(passes: number): Promise<void>;
  /** Everything is submitted: waits until it is done. */
  finish(): Promise<void>;
  /** Hands over what was timed. For a run that has succeeded, once. */
  tell(): void;
}

export function createRunTimer(stamps: Stamps, recording: Recording): RunTimer {
  const taken: Stamp[] = [];
  let end = recording.start;
  const read = async (): Promise<void> => {
    for (const stamp of await stamps.read()) taken.push(stamp);
  };
  // Of a run that failed halfway.
  stamps.clear();
  return {
    pass: (launch) => stamps.next(launch),
    async makeRoom(passes) {
      if (stamps.room < passes) await read();
    },
    async finish() {
      await read();
      end = performance.now();
    },
    tell() {
      for (const time of onHostClock(taken, recording.start, end))
        recording.launch(time.launch, 0, time.start, time.end);
      recording.end(end);
    },
  };
}

/**
 * Stamps in milliseconds on the host's clock, where the run was between `start` and `end`. How far the clocks are apart is
 * not known, only that all of it was in between: it is put into the middle, and shrunk where the GPU's clock is so much
 * faster that it does not fit.
 */
export function onHostClock(
  stamps: readonly Stamp[],
  start: number,
  end: number,
): readonly { readonly launch: number; readonly start: number; readonly end: number }[] {
  if (stamps.length === 0) return [];
  // Differences first: a clock's nanoseconds since the machine was started are more than a number holds.
  const zero = stamps.reduce((least, { begin }) => (begin < least ? begin : least), stamps[0]!.begin);
  const milliseconds = (time: bigint): number => Number(time - zero) / 1e6;
  const spans = stamps.map(({ launch, begin, end: until }) => {
    const from = milliseconds(begin);
    // Some drivers round the two differently.
    return { launch, from, until: Math.max(from, milliseconds(until)) };
  });
  const length = spans.reduce((longest, { until }) => Math.max(longest, until), 0);
  const scale = length > end - start ? (end - start) / length : 1;
  const first = start + (end - start - scale * length) / 2;
  const place = (time: number): number => Math.min(end, first + scale * time);
  return spans.map(({ launch, from, until }) => ({ launch, start: place(from), end: place(until) }));
}
