/** What a kernel of the reference device is. A kernel prepares one node once; what it returns runs at every step. */
import type { NodeOf, OpKind, Shape } from "../../../compiler/graph/graph.ts";
import type { Tensor } from "../../device.ts";

/** Writes every element of `out`, which holds old numbers before. `out` may be the storage of an input: see `IN_PLACE`. */
export type Run = (inputs: readonly Tensor[], out: Tensor) => void;

export type Kernel<K extends OpKind> = (node: NodeOf<K>, inputs: readonly Shape[]) => Run;

/** Bound to feeds and state by the plan: nothing is computed. */
export const BOUND_KINDS = ["input", "state"] as const satisfies readonly OpKind[];

/** Same numbers in the same order: the value shares its input's storage. */
export const ALIAS_KINDS = ["reshape", "dynamic"] as const satisfies readonly OpKind[];

export type ComputedKind = Exclude<OpKind, (typeof BOUND_KINDS)[number] | (typeof ALIAS_KINDS)[number]>;

/** One kernel a kind. */
export type KernelTable = { readonly [K in ComputedKind]: Kernel<K> };
