/** The table of all operations. One entry serves the builder, the verifier, both derivatives, the cost and the tests. */
import type { OpKind } from "../graph.ts";
import { bcos } from "./bcos.ts";
import { broadcasting } from "./broadcasting.ts";
import type { OpDefinition } from "./definition.ts";
import { elementwise } from "./elementwise.ts";
import { form } from "./form.ts";
import { leaves } from "./leaves.ts";
import { markers } from "./markers.ts";
import { products } from "./products.ts";
import { reductions } from "./reductions.ts";
import { windows } from "./windows.ts";

export const opTable: { readonly [K in OpKind]: OpDefinition<K> } = {
  ...leaves,
  ...elementwise,
  ...broadcasting,
  ...markers,
  ...reductions,
  ...form,
  ...products,
  ...windows,
  ...bcos,
};

/**
 * The entry of an op that is not known by its literal name. The caller passes the attributes of a node of the same op,
 * which TypeScript can't follow through a union: hence the one cast here.
 */
export function definitionOf(op: OpKind): OpDefinition<OpKind> {
  return opTable[op] as unknown as OpDefinition<OpKind>;
}

export function isOpKind(name: string): name is OpKind {
  return Object.hasOwn(opTable, name);
}
