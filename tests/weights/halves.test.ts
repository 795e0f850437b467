import { expect, it } from "vitest";
import { toFloat32, toHalves } from "../../src/runtime/weights/dtypes.ts";
import { randomValues } from "../wasm/support.ts";

const decode = (halves: Uint8Array): Float32Array => toFloat32("F16", halves);

it("keeps every half but the bits of NaN", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = new Uint16Array(toHalves(decode(new Uint8Array(all.buffer))).buffer);
  const isNaNHalf = (half: number): boolean => (half & 0x7fff) > 0x7c00;
  expect(all.filter((half) => (isNaNHalf(half) ? !isNaNHalf(back[half]!) : back[half] !== half))).toHaveLength(0);
});

it("rounds to nearest, ties to even", () => {
  const ties = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 65519.996, 65520, -(2 - 2 ** -11)];
  const rounded = [1, 1 + 2 ** -9, 0, 2 ** -23, 65504, Infinity, -2];
  expect([...decode(toHalves(Float32Array.from(ties)))]).toEqual(rounded);

  // No other half is nearer: not the one above, not the one below.
  const values = randomValues(2000, 1).map((value, i) => value * 10 ** ((i % 12) - 8));
  const halves = new Uint16Array(toHalves(values).buffer);
  const apart = (shift: number): Float64Array => {
    const near = decode(new Uint8Array(halves.map((half) => half + shift).buffer));
    return Float64Array.from(values, (value, i) => Math.abs(value - near[i]!));
  };
  const [here, above, below] = [apart(0), apart(1), apart(-1)];
  const nearer = here.filter((d, i) => above[i]! < d || ((halves[i]! & 0x7fff) > 0 && below[i]! < d));
  expect(nearer).toHaveLength(0);
});
