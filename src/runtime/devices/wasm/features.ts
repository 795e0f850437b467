/** What this engine and this machine have for the device: asked, never guessed from names and versions. */
import type * as fs from "node:fs";
import type * as os from "node:os";
import type * as workerThreads from "node:worker_threads";

export interface WasmFeatures {
  /** 128-bit vectors. Without them the device can not run. */
  readonly simd: boolean;
  /** Fused multiply-add on vectors. */
  readonly relaxedSimd: boolean;
  /** Memory that several threads see: in browsers only on pages that are cross-origin isolated. */
  readonly sharedMemory: boolean;
  /** Whether this thread may wait for others: a browser's main thread may not. */
  readonly mayWait: boolean;
  /** Threads that the processor runs at once. */
  readonly processors: number;
}

/** () → v128: i8x16.popcnt(i8x16.splat(0)). */
const SIMD_PROBE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];
/** () → v128: i8x16.relaxed_swizzle(i8x16.splat(1), i8x16.splat(2)). */
const RELAXED_PROBE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];

let known: WasmFeatures | undefined;

export function wasmFeatures(): WasmFeatures {
  known ??= {
    simd: validates(SIMD_PROBE),
    relaxedSimd: validates(RELAXED_PROBE),
    sharedMemory: typeof SharedArrayBuffer !== "undefined",
    mayWait: mayWait(),
    processors: processors(),
  };
  return known;
}

/** More threads than this gain little and take memory. */
const MOST_DEFAULT_THREADS = 8;

/** As many as the processor runs at once, at most 8; one where threads can not share memory. */
export function defaultThreads(features: WasmFeatures = wasmFeatures()): number {
  return features.sharedMemory ? Math.min(features.processors, MOST_DEFAULT_THREADS) : 1;
}

function validates(bytes: readonly number[]): boolean {
  return typeof WebAssembly !== "undefined" && WebAssembly.validate(new Uint8Array(bytes));
}

function mayWait(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

function processors(): number {
  const node = nodeModule("node:os");
  return node?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/**
 * A module of Node where this is Node. `process.getBuiltinModule` is there for code that runs elsewhere too: nothing is
 * imported, so that browsers and bundlers never meet the name.
 */
export function nodeModule<T extends keyof NodeModules>(name: T): NodeModules[T] | undefined {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  return host?.getBuiltinModule?.(name) as NodeModules[T] | undefined;
}

interface NodeModules {
  readonly "node:fs": typeof fs;
  readonly "node:os": typeof os;
  readonly "node:worker_threads": typeof workerThreads;
}
