/**
 * tfjs-wasm prepares the right side of a product once, and finds it again by its numbers alone. Reshapes share numbers: where
 * two products have them as matrices of different shapes, or with different biases, the second one would read what was prepared
 * for the first, beyond its end. So the second one gets a copy.
 */
import type { TfjsCallOf } from "./call.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import type { CallRule } from "./passes.ts";

/** A rule for one pass: it remembers what it saw. */
export function createRightSides(): CallRule {
  /** By the value that the numbers were made as: the uses of them, each with other copies. */
  const uses = new Map<CallValue, string[]>();
  return (b, call, inputs) => {
    if (call.op !== "matMul" || !b.capabilities.remembersRightSides) return undefined;
    const right = inputs[1]!;
    const own = useOf(b, call, inputs);
    const made = madeAs(b, right);
    const known = uses.get(made) ?? [];
    uses.set(made, known);
    if (!known.includes(own)) known.push(own);
    let copy = right;
    for (let i = 0; i < known.indexOf(own); i++) copy = c.add(b, copy, c.filled(b, 0, b.shapeOf(right)));
    return copy === right ? undefined : b.call("matMul", inputs.with(1, copy), call.attributes);
  };
}

/** Before all reshapes. */
function madeAs(b: CallBuilder, value: CallValue): CallValue {
  const { call } = b.entries[value]!;
  return call?.op === "reshape" ? madeAs(b, call.inputs[0]!) : value;
}

function useOf(b: CallBuilder, { attributes }: TfjsCallOf<"matMul">, inputs: readonly CallValue[]): string {
  return JSON.stringify([b.shapeOf(inputs[1]!), inputs[2] ?? -1, attributes]);
}
