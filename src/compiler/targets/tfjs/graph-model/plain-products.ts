/**
 * Products with transposed weights become products with weights that were transposed when the model was made: on tfjs-wasm they
 * are some ten times faster, and on other backends as fast.
 */
import type { TfjsCall } from "../call.ts";
import type { TfjsPlan } from "../plan.ts";

/** The same plan, with calls that depend on the state alone before such products. */
export function plainProducts(plan: TfjsPlan): TfjsPlan {
  const known = new Set([...Object.values(plan.state), ...plan.constants].map(({ value }) => value));
  const transposed = new Map<number, TfjsCall>();
  const values = [...Object.values(plan.inputs), ...Object.values(plan.state), ...plan.constants, ...plan.calls];
  let next = values.reduce((most, { value }) => Math.max(most, value), 0) + 1;
  const shapes = new Map(values.map(({ value, shape }) => [value, shape]));
  const calls = plan.calls.flatMap((call): readonly TfjsCall[] => {
    if (call.inputs.every((input) => known.has(input))) known.add(call.value);
    if (call.op !== "matMul" || !call.attributes.transposeB || call.shape.length !== 2) return [call];
    const [left, right, ...bias] = call.inputs as [number, number, ...number[]];
    if (!known.has(right)) return [call];
    const [rows, columns] = shapes.get(right) as readonly [number, number];
    const before = transposed.get(right);
    const { layer } = call;
    const turned: TfjsCall = before ?? {
      ...{
        op: "transpose",
        attributes: { permutation: [1, 0] },
        inputs: [right],
        value: next++,
        shape: [columns, rows],
      },
      ...(layer === undefined ? {} : { layer }),
    };
    transposed.set(right, turned);
    const product: TfjsCall = {
      ...call,
      attributes: { ...call.attributes, transposeB: false },
      inputs: [left, turned.value, ...bias],
    };
    return before === undefined ? [turned, product] : [product];
  });
  return { ...plan, calls };
}
