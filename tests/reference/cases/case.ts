/** What a case is, and what several groups of cases need. */
import type { OpAttributes, OpKind } from "../../../src/compiler/graph/graph.ts";
import { nd, type Nd } from "../nd.ts";

export interface Case<K extends OpKind = OpKind> {
  readonly label: string;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Nd[];
  readonly expected: Nd;
}

/** Every kind's cases. */
export type Cases = { readonly [K in OpKind]: readonly Case<K>[] };

export const none = {};

export function positive(x: Nd): Nd {
  return nd(
    x.shape,
    x.data.map((v) => Math.abs(v) + 0.1),
  );
}

/** Element of `x` at an index of a shape that it broadcasts to. */
export function broadcastAt(x: Nd, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length);
  return x.at(...own.map((v, i) => (x.shape[i] === 1 ? 0 : v)));
}
