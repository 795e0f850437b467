/** Meetings of threads: as few as what launches need of each other allows. */
import { expect, test } from "vitest";
import type { KernelLaunch } from "../../src/compiler/plan/plan.ts";
import { meetingsOf } from "../../src/runtime/devices/wasm/meetings.ts";

const slot = (index: number) => ({ kind: "slot", index }) as const;

function launch(reads: readonly number[], writes: readonly number[], shared = true): KernelLaunch {
  return {
    kind: "kernel",
    kernel: shared ? "shared" : "alone",
    buffers: [...reads, ...writes].map(slot),
    reads: reads.length,
    units: 2,
    flops: 0,
    bytes: 0,
    path: "",
    ops: [],
  };
}

const meetings = (...launches: readonly KernelLaunch[]) => meetingsOf(launches, ({ kernel }) => kernel === "shared");

test("launches that read what others write wait for them", () => {
  expect(meetings(launch([0], [1]), launch([1], [2]), launch([0], [3]))).toEqual([true, false, true]);
});

test("launches that write what others read or write wait too", () => {
  expect(meetings(launch([0], [1]), launch([2], [0]))).toEqual([true, true]);
  expect(meetings(launch([0], [1]), launch([2], [1]))).toEqual([true, true]);
});

test("what was before the last meeting does not count", () => {
  expect(meetings(launch([0], [1]), launch([1], [2]), launch([1], [3]), launch([2], [4]))).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

test("one thread needs no meeting with itself, but others wait for it", () => {
  const alone = [launch([0], [1], false), launch([1], [2], false)];
  expect(meetings(...alone)).toEqual([false, true]);
  expect(meetings(...alone, launch([2], [3]))).toEqual([false, true, true]);
  expect(meetings(...alone, launch([4], [3]))).toEqual([false, false, true]);
});
