/**
 * The plan: a flat list of kernel launches over numbered slots, for one target, graph and batch size. Data only: it can be
 * printed, hashed, stored and checked again before it runs.
 */
import type { Span } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../../shape.ts";
import type { GraphName } from "../graph/program.ts";
import type { StorageType } from "./storage.ts";

export const planVersion = 2;

export const targetNames = ["wasm", "webgpu"] as const;

/** What kernels are code for. */
export type TargetName = (typeof targetNames)[number];

export interface Plan {
  readonly version: typeof planVersion;
  readonly target: TargetName;
  readonly graph: GraphName;
  readonly batch: number;
  /** What activations and prepared weights are kept in; absent it is `f32`. All else is float32. */
  readonly storage?: StorageType;
  /** Bytes of each slot, a multiple of 16. Whole buffers, reused by values whose lifetimes do not overlap. */
  readonly slots: readonly number[];
  /** Values that never change, float32. */
  readonly constants: readonly (readonly number[])[];
  /** Fed before the first launch, by the name of the graph's input. Each has a slot of its own from the start. */
  readonly inputs: Readonly<Record<string, PlacedTensor>>;
  /** Read after the last launch. */
  readonly outputs: Readonly<Record<string, PlacedTensor>>;
  readonly launches: readonly Launch[];
  /** Absent where there is no part that can be run again by itself. */
  readonly repeat?: RepeatedPart;
  /** Scratch memory a thread needs for the largest launch. */
  readonly scratchBytes: number;
  /** Bytes kept for the backward pass, by layer path: what the forward part makes and the backward part reads. */
  readonly saved: Readonly<Record<string, number>>;
  /** What was fused, for listings. */
  readonly fusions?: readonly AppliedRule[];
  /** SHA-256 of the canonical JSON of everything else, hexadecimal. */
  readonly hash: string;
}

/**
 * The launches from `first` on: they may run again after a whole run, with other numbers in `feeds` and all other feeds and
 * the state as they were. No launch before them reads these feeds, and what they read of the launches before them is still
 * there at the end. What no launch from `first` on writes can be read before they run.
 */
export interface RepeatedPart {
  readonly first: number;
  readonly feeds: readonly string[];
}

export interface PlacedTensor {
  readonly shape: Shape;
  readonly buffer: BufferRef;
  /** The number of the value, for checks. */
  readonly value?: number;
}

/** How often a fusion rule was applied; `fusionRules` says what each does and why it pays. */
export interface AppliedRule {
  readonly rule: string;
  readonly count: number;
}

export type BufferRef =
  | { readonly kind: "slot"; readonly index: number }
  | { readonly kind: "state"; readonly path: string }
  | { readonly kind: "constant"; readonly index: number };

/** Launches run in order, each complete before the next. Where the target makes random numbers, these are kernels too. */
export type Launch = KernelLaunch | RandomLaunch;

export interface KernelLaunch extends LaunchLabel {
  readonly kind: "kernel";
  /** Name of the function in the target's module, or of the kernel in its table. Launches of the same kernel share one. */
  readonly kernel: string;
  /** In the order of the kernel's parameters. */
  readonly buffers: readonly BufferRef[];
  /** The first `reads` buffers are only read, the others written (and perhaps read). */
  readonly reads: number;
  /** Of `wasm`: work is split over threads by ranges of units. Of `webgpu`: workgroups of the kernel's first variant. */
  readonly units: number;
  readonly flops: number;
  readonly bytes: number;
  /**
   * Depends on state and constants alone. Such launches come before all others; what they leave for the others has slots
   * that no other launch of the plan writes. So they need to run again only when state was written since they last ran,
   * or when the memory of the slots was used for another plan.
   */
  readonly prepare?: true;
  /** Parallel to `buffers`, for checks: the number of the value that a buffer holds, and its bytes. */
  readonly values?: readonly number[];
  readonly sizes?: readonly number[];
}

/** Uniform numbers, made by the host: `counterUniform(key, step, i)`; the step is read from its buffer, absent it is 0. */
export interface RandomLaunch extends LaunchLabel {
  readonly kind: "random";
  readonly key: number;
  readonly step?: BufferRef;
  readonly out: BufferRef;
  readonly count: number;
  /** The number of the value made, for checks. */
  readonly value?: number;
}

export interface LaunchLabel {
  /** Weight path of the layer it belongs to, "" for what belongs to none or to several. */
  readonly path: string;
  /** Of one that small launches of several layers were put together in: what each layer has of it. */
  readonly parts?: readonly LaunchPart[];
  /** The graph operations that were fused into it, main one first. */
  readonly ops: readonly string[];
  readonly span?: Span;
}

/** A layer's part of a launch. */
export interface LaunchPart {
  readonly path: string;
  readonly flops: number;
  readonly bytes: number;
}

/** Everything a WASM device needs for a program. */
export interface WasmCode {
  /**
   * The binary of the module that imports `env.memory` and exports the kernels by name. Each takes i32 numbers: the byte
   * offsets of its buffers (multiples of 16), the offset of the thread's scratch memory, the first unit and the one
   * behind the last. The memory is imported as shared, with a maximum.
   */
  readonly module: Uint8Array<ArrayBuffer>;
  /** The same with relaxed SIMD, for engines that have it. */
  readonly relaxedModule: Uint8Array<ArrayBuffer>;
  readonly plans: Readonly<Partial<Record<GraphName, Plan>>>;
}
