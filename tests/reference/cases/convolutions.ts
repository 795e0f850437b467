/** Convolution, its two transposes and the norm of its patches, from one list of all their products. */
import type { ConvAttributes, OpAttributes, Shape, WindowAttributes } from "../../../src/compiler/graph/graph.ts";
import { build, gen, indices, nd } from "../nd.ts";
import type { Case, Cases } from "./case.ts";

interface ConvCase {
  readonly label: string;
  readonly x: Shape;
  readonly w: Shape;
  readonly attributes: ConvAttributes;
}

const plain = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;

const convolutions: readonly ConvCase[] = [
  { label: "3×3", x: [1, 5, 6, 3], w: [5, 3, 3, 3], attributes: { ...plain, padding: [1, 1, 1, 1] } },
  { label: "1×1", x: [3, 3, 5, 6], w: [7, 1, 1, 6], attributes: plain },
  { label: "1×1, stride 2", x: [3, 5, 5, 2], w: [3, 1, 1, 2], attributes: { ...plain, stride: [2, 2] } },
  { label: "1×1, grouped", x: [3, 3, 3, 6], w: [4, 1, 1, 3], attributes: { ...plain, groups: 2 } },
  { label: "one pixel, one channel", x: [1, 1, 1, 1], w: [1, 1, 1, 1], attributes: plain },
  {
    label: "kernel larger than the image",
    x: [1, 2, 2, 1],
    w: [2, 5, 5, 1],
    attributes: { ...plain, padding: [2, 2, 2, 2] },
  },
  {
    label: "stride 2 and 3, asymmetric padding",
    x: [3, 7, 8, 2],
    w: [3, 3, 2, 2],
    attributes: { ...plain, stride: [2, 3], padding: [0, 1, 2, 1] },
  },
  {
    label: "dilation 2",
    x: [3, 7, 6, 3],
    w: [2, 3, 2, 3],
    attributes: { ...plain, dilation: [2, 3], padding: [2, 2, 1, 1] },
  },
  {
    label: "groups",
    x: [3, 5, 4, 6],
    w: [9, 3, 3, 2],
    attributes: { ...plain, groups: 3, padding: [1, 1, 1, 1], stride: [2, 1] },
  },
  { label: "depthwise", x: [3, 5, 4, 5], w: [5, 3, 3, 1], attributes: { ...plain, groups: 5, padding: [1, 1, 1, 1] } },
  {
    label: "depthwise, two outputs each",
    x: [1, 6, 5, 3],
    w: [6, 3, 2, 1],
    attributes: { ...plain, groups: 3, padding: [1, 0, 0, 1], stride: [2, 2], dilation: [1, 2] },
  },
  // More than one block of pixels, and images too large to be handled together.
  { label: "many pixels", x: [2, 12, 13, 90], w: [3, 3, 3, 90], attributes: { ...plain, padding: [1, 1, 1, 1] } },
  { label: "small images", x: [5, 3, 2, 3], w: [2, 2, 2, 3], attributes: { ...plain, padding: [1, 0, 0, 1] } },
];

function outSize(
  size: number,
  kernel: number,
  before: number,
  after: number,
  stride: number,
  dilation: number,
): number {
  return Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1;
}

export function outPlane(
  a: Omit<WindowAttributes, "kernel">,
  x: Shape,
  kernel: readonly [number, number],
): [number, number] {
  const [top, bottom, left, right] = a.padding;
  return [
    outSize(x[1]!, kernel[0], top, bottom, a.stride[0], a.dilation[0]),
    outSize(x[2]!, kernel[1], left, right, a.stride[1], a.dilation[1]),
  ];
}

/** Every product of a convolution: output index, input index, weight index. */
function* contributions({ x, w, attributes: a }: ConvCase): Generator<{ y: number[]; x: number[]; w: number[] }> {
  const kernel = [w[1]!, w[2]!] as const;
  const perGroup = w[0]! / a.groups;
  for (const [n, oy, ox, o] of indices([x[0]!, ...outPlane(a, x, kernel), w[0]!]) as Iterable<
    [number, number, number, number]
  >) {
    for (const [ky, kx, c] of indices(w.slice(1)) as Iterable<[number, number, number]>) {
      const iy = oy * a.stride[0] - a.padding[0] + ky * a.dilation[0];
      const ix = ox * a.stride[1] - a.padding[2] + kx * a.dilation[1];
      if (iy < 0 || ix < 0 || iy >= x[1]! || ix >= x[2]!) continue;
      yield { y: [n, oy, ox, o], x: [n, iy, ix, Math.floor(o / perGroup) * w[3]! + c], w: [o, ky, kx, c] };
    }
  }
}

function casesFor<K extends "conv2d" | "conv2d_input_gradient" | "conv2d_weight_gradient">(
  result: "y" | "x" | "w",
): readonly Case<K>[] {
  return convolutions.map((c): Case<K> => {
    const { x: xShape, w: wShape, attributes } = c;
    const yShape = [xShape[0]!, ...outPlane(attributes, xShape, [wShape[1]!, wShape[2]!]), wShape[0]!];
    const arrays = { x: gen(xShape, 0.7), w: gen(wShape, 0.2), y: gen(yShape, 1.1) };
    const target = arrays[result];
    const sums = nd(target.shape, new Float64Array(target.data.length));
    const position = (index: readonly number[]) => index.reduce((p, v, i) => p * target.shape[i]! + v, 0);
    for (const term of contributions(c)) {
      const factors = (["x", "w", "y"] as const).filter((name) => name !== result);
      const at = position(term[result]);
      sums.data[at] = sums.data[at]! + factors.map((name) => arrays[name].at(...term[name])).reduce((p, q) => p * q);
    }
    const inputs = { y: [arrays.x, arrays.w], x: [arrays.y, arrays.w], w: [arrays.x, arrays.y] }[result];
    const extra = { y: {}, x: { inputShape: xShape }, w: { weightShape: wShape } }[result];
    return { label: c.label, attributes: { ...attributes, ...extra } as OpAttributes[K], inputs, expected: sums };
  });
}

const patchNorms = convolutions.map((c): Case<"patch_norm"> => {
  const x = gen(c.x, 0.7);
  const { groups } = c.attributes;
  const kernel = [c.w[1]!, c.w[2]!] as const;
  const perGroup = c.w[0]! / groups;
  const squares = nd([c.x[0]!, ...outPlane(c.attributes, c.x, kernel), groups], []);
  const sums = new Map<string, number>();
  for (const term of contributions(c)) {
    if (term.w[0]! % perGroup !== 0) continue;
    const key = [...term.y.slice(0, 3), term.y[3]! / perGroup].join();
    sums.set(key, (sums.get(key) ?? 0) + x.at(...term.x) ** 2);
  }
  return {
    label: c.label,
    attributes: { ...c.attributes, kernel, epsilon: 1e-6 },
    inputs: [x],
    expected: build(squares.shape, (...i) => Math.sqrt((sums.get(i.join()) ?? 0) + 1e-6)),
  };
});

export const convolutionCases = {
  conv2d: casesFor("y"),
  conv2d_input_gradient: casesFor("x"),
  conv2d_weight_gradient: casesFor("w"),
  patch_norm: patchNorms,
} satisfies Partial<Cases>;
