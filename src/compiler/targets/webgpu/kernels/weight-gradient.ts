/**
 * conv2d_weight_gradient: (x [N,H,W,C], g [N,H',W',O]) → [O,kh,kw,C/groups], a product over the pixels of g. These are cut
 * into parts, so that a GPU has enough to do, and the parts are added in order: the same bits every time.
 */
import { convolutionFlops, describeConvolution } from "../../../plan/convolution-shape.ts";
import type { WeightGradientSpec } from "../../../plan/kernel-specs.ts";
import { canWidenSource, elementFunction, inputParts, wideSourceNames, type Source } from "../elements.ts";
import { recipeOf, renameBindings, type GpuKernel, type GpuRecipe } from "../kernel.ts";
import { typeOf } from "../expression-wgsl.ts";
import { partKernel } from "./reduce.ts";
import { productKernel, type Widths } from "./product.ts";

/** Invocations to aim at, pixels that a part has at least, and parts at most. */
const WANTED = 32768;
const PART_PIXELS = 128;
const PARTS = 128;
/** Pixels of a run where the convolution is a plain sum over pixels. */
const RUN = 64;

/**
 * A kernel whose `out` is [parts, count], and the sum of its parts behind it. Buffers: the kernel's, `out`; temporary
 * `sums`.
 */
export function withJoin(kernel: GpuKernel, parts: number, count: number): GpuRecipe {
  if (parts === 1) return recipeOf(kernel);
  const spec = { outer: 1, reduced: parts, inner: count, kind: "sum" } as const;
  const join = partKernel(`${kernel.label}, parts`, spec, { count: 1, length: parts });
  return {
    steps: [renameBindings(kernel, { out: "sums" }), renameBindings(join, { x1: "sums" })],
    temporaries: { sums: 4 * parts * count },
  };
}

/** Buffers: `x`, `g`, `p…`, `q…`, `out`; temporary `sums` where there is more than one part. */
export function weightGradientRecipe(spec: WeightGradientSpec): GpuRecipe {
  const { shape: s } = spec;
  const [height, width] = s.input;
  const pixels = s.batch * s.output[0] * s.output[1];
  const taps = s.kernel[0] * s.kernel[1];
  const [outputs, channels] = [s.outputChannels / s.groups, s.inputChannels / s.groups];
  const columns = taps * channels;
  const plain =
    taps === 1 &&
    s.stride.every((n) => n === 1) &&
    s.offset.every((n) => n === 0) &&
    height === s.output[0] &&
    width === s.output[1];
  // A run is a row of the image, or any 64 pixels of a plain sum.
  const depth = plain ? Math.min(RUN, pixels) : s.output[1];
  const runs = Math.ceil(pixels / depth);
  const wanted = WANTED / Math.ceil((s.outputChannels * columns) / 16);
  const most = Math.min(PARTS, runs, Math.max(1, Math.floor(pixels / PART_PIXELS)));
  const perPart = Math.ceil(runs / Math.max(1, Math.min(most, Math.ceil(wanted))));
  const parts = Math.ceil(runs / perPart);
  const size = s.outputChannels * columns;
  const gradient: Source = {
    ...{ name: "a_value", buffer: "g", channels: s.outputChannels, prologue: spec.prologue, prefix: "p" },
  };
  const input: Source = {
    ...{ name: "b_value", buffer: "x", channels: s.inputChannels, prologue: spec.inputPrologue, prefix: "q" },
  };
  const place = `z % ${parts}u * ${size}u + (z / ${parts}u * ${outputs}u + row) * ${columns}u + column`;
  const code = (widths: Widths): string[] => [
    elementFunction(gradient, widths.a),
    elementFunction(input, widths.b),
    `// Runs of pixels: z is the group and, changing faster, the part.
fn first_tap(z: u32) -> u32 {
  return z % ${parts}u * ${perPart}u;
}

fn end_tap(z: u32) -> u32 {
  return min((z % ${parts}u + 1u) * ${perPart}u, ${runs}u);
}

fn a_place(z: u32, row: u32, run: u32) -> vec3i {
  return vec3i(i32(run * ${depth}u), i32(z / ${parts}u * ${outputs}u + row), 0);
}`,
    plain
      ? `fn a_at(place: vec3i, k: u32) -> ${typeOf(widths.a)} {
  let pixel = u32(place.x) + k;
  return select(${typeOf(widths.a)}(), a_value(min(pixel, ${pixels - 1}u), u32(place.y)), pixel < ${pixels}u);
}

fn b_place(z: u32, column: u32, run: u32) -> vec3i {
  return vec3i(i32(run * ${depth}u), i32(z / ${parts}u * ${channels}u + column), 0);
}

fn b_at(place: vec3i, k: u32) -> ${typeOf(widths.b)} {
  return b_value(min(u32(place.x) + k, ${pixels - 1}u), u32(place.y));
}`
      : `fn a_at(place: vec3i, k: u32) -> ${typeOf(widths.a)} {
  return a_value(u32(place.x) + k, u32(place.y));
}

// The row of the input under a tap: (first pixel or −1, channel, column under the first pixel of the run).
fn b_place(z: u32, column: u32, run: u32) -> vec3i {
  let tap = column / ${channels}u;
  let y = i32(run % ${s.output[0]}u) * ${s.stride[0]} + i32(tap / ${s.kernel[1]}u) * ${s.dilation[0]} - ${s.offset[0]};
  let x = i32(tap % ${s.kernel[1]}u) * ${s.dilation[1]} - ${s.offset[1]};
  let first = select(-1, (i32(run / ${s.output[0]}u) * ${height} + y) * ${width}, (y >= 0) & (y < ${height}));
  return vec3i(first, i32(z / ${parts}u * ${channels}u + column % ${channels}u), x);
}

fn b_at(place: vec3i, k: u32) -> ${typeOf(widths.b)} {
  let x = place.z + i32(k) * ${s.stride[1]};
  let inside = (place.x >= 0) & (x >= 0) & (x < ${width});
  return select(${typeOf(widths.b)}(), b_value(u32(select(0, place.x + x, inside)), u32(place.y)), inside);
}`,
    `fn store(z: u32, row: u32, column: u32, sum: ${typeOf(widths.store)}, squares: f32) {
  out[${widths.store === 1 ? place : `(${place}) / 4u`}] = sum;
}`,
  ];
  const label = describeConvolution("conv2d_weight_gradient", s);
  const inputRows = s.batch * height * width;
  const kernel = productKernel({
    label,
    inputs: [
      { name: "x", length: inputRows * s.inputChannels },
      { name: "g", length: pixels * s.outputChannels },
      ...inputParts("p", spec.prologue?.inputs ?? [], pixels, s.outputChannels),
      ...inputParts("q", spec.inputPrologue?.inputs ?? [], inputRows, s.inputChannels),
    ],
    outputs: [{ name: "out", length: parts * size }],
    functions: (widths) => ({
      code: code(widths).join("\n\n"),
      wide: [
        ...(widths.a === 4 ? wideSourceNames(gradient) : []),
        ...(widths.b === 4 ? wideSourceNames(input) : []),
        ...(widths.store === 4 ? ["out"] : []),
      ],
    }),
    canWiden: {
      a: outputs % 4 === 0 && canWidenSource(gradient),
      b: channels % 4 === 0 && canWidenSource(input),
      store: columns % 4 === 0,
    },
    batches: s.groups * parts,
    rows: outputs,
    columns,
    depth,
    units: 1,
    squares: false,
    alongA: "row",
    alongB: "column",
    flops: convolutionFlops(s),
  });
  return withJoin(kernel, parts, size);
}
