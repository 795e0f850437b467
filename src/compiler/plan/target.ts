/** What a plan needs to know of a target: its kernels as far as a schedule is concerned, and what they can't do. */
import type { TargetName } from "./plan.ts";
import type { RecipeTable } from "./recipe.ts";
import type { StorageType } from "./storage.ts";

/** A kernel, whatever its code. */
export interface KernelFacts {
  /** For people: what it is and its sizes. Not unique. */
  readonly label: string;
  /** Names of the buffers, in the order in which a launch lists them. */
  readonly buffers: readonly string[];
  /** The first `reads` buffers are only read, the others written, and perhaps read too. */
  readonly reads: number;
  /** Pieces of work: what threads share, or workgroups. */
  readonly units: number;
  readonly flops: number;
  /** Read and written at least. */
  readonly bytes: number;
  /** Memory of its own that each thread needs. */
  readonly scratchBytes: number;
}

export interface TargetRules {
  /** Buffers of a kernel at most. */
  readonly mostBuffers: number;
  /** Whether a launch may have one buffer twice, as something that it reads and as something that it writes. */
  readonly readsWhatItWrites: boolean;
  /** Fusion rules, by name, that its kernels have no form for. */
  readonly withoutRules?: readonly string[];
}

export interface PlanTarget<K> {
  readonly name: TargetName;
  readonly rules: TargetRules;
  readonly table: RecipeTable<K>;
  readonly facts: (kernel: K) => KernelFacts;
  /** The same kernel for buffers of other storage types, one a buffer; absent where the target has only `f32`. */
  readonly withStorage?: (kernel: K, storage: readonly StorageType[]) => K;
  /** One kernel that does the work of several that do not depend on each other, where the target has such. */
  readonly several?: (members: readonly SeveralMember<K>[], buffers: readonly string[], reads: number) => K;
}

export interface SeveralMember<K> {
  /** The kernel's name among those of the plan. */
  readonly name: string;
  readonly kernel: K;
  /** The buffers of the whole in the order of the kernel's. */
  readonly buffers: readonly string[];
}
