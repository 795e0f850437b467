/** Windows over images. */
import type { Shape, WindowAttributes } from "../../../src/compiler/graph/graph.ts";
import { build, coarse, gen, indices, sum, type Nd } from "../nd.ts";
import type { Cases } from "./case.ts";
import { outPlane } from "./convolutions.ts";

interface WindowCase {
  readonly label: string;
  readonly x: Shape;
  readonly attributes: WindowAttributes;
}

const windows: readonly WindowCase[] = [
  {
    label: "2×2",
    x: [3, 4, 5, 3],
    attributes: { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0], dilation: [1, 1] },
  },
  {
    label: "3×3, stride 2, padded",
    x: [1, 6, 5, 2],
    attributes: { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1] },
  },
  {
    label: "overlapping, asymmetric, dilated",
    x: [2, 7, 6, 1],
    attributes: { kernel: [3, 2], stride: [1, 2], padding: [0, 2, 1, 0], dilation: [2, 3] },
  },
  {
    label: "one pixel",
    x: [1, 1, 1, 1],
    attributes: { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] },
  },
];

/** The input indices in the window of one output index, in row-major order. */
function windowOf({ x, attributes: a }: WindowCase, [n, oy, ox, c]: readonly number[]): number[][] {
  return [...indices(a.kernel)]
    .map(([ky, kx]) => [
      n!,
      oy! * a.stride[0] - a.padding[0] + ky! * a.dilation[0],
      ox! * a.stride[1] - a.padding[2] + kx! * a.dilation[1],
      c!,
    ])
    .filter((i) => i.every((v, axis) => v >= 0 && v < x[axis]!));
}

function windowParts(w: WindowCase) {
  const shape = [w.x[0]!, ...outPlane(w.attributes, w.x, w.attributes.kernel), w.x[3]!];
  const x = coarse(w.x, 0.7);
  const y = build(shape, (...i) => Math.max(...windowOf(w, i).map((j) => x.at(...j))));
  return { shape, x, y, g: gen(shape, 0.5) };
}

/** Sums over outputs what `give` sends to each input index. */
function scattered(
  w: WindowCase,
  shape: Shape,
  give: (output: number[]) => readonly (readonly [number[], number])[],
): Nd {
  const sums = new Map<string, number>();
  for (const output of indices(shape)) {
    for (const [index, v] of give(output)) sums.set(index.join(), (sums.get(index.join()) ?? 0) + v);
  }
  return build(w.x, (...i) => sums.get(i.join()) ?? 0);
}

export const windowCases = {
  window_sum: windows.map((w) => {
    const { shape, x } = windowParts(w);
    return {
      label: w.label,
      attributes: w.attributes,
      inputs: [x],
      expected: build(shape, (...i) => sum(windowOf(w, i).map((j) => x.at(...j)))),
    };
  }),
  window_spread: windows.map((w) => {
    const { shape, g } = windowParts(w);
    const expected = scattered(w, shape, (i) => windowOf(w, i).map((j) => [j, g.at(...i)]));
    return { label: w.label, attributes: { ...w.attributes, inputShape: w.x }, inputs: [g], expected };
  }),
  window_max: windows.map((w) => {
    const { x, y } = windowParts(w);
    return { label: w.label, attributes: w.attributes, inputs: [x], expected: y };
  }),
  window_route: windows.map((w) => {
    const { shape, x, y, g } = windowParts(w);
    const expected = scattered(w, shape, (i) => {
      const first = windowOf(w, i).find((j) => x.at(...j) === y.at(...i));
      return first === undefined ? [] : [[first, g.at(...i)]];
    });
    return { label: w.label, attributes: w.attributes, inputs: [g, x, y], expected };
  }),
} satisfies Partial<Cases>;
