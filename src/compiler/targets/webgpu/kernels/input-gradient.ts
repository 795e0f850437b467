/**
 * The input gradient of a convolution: one kernel for all strides, whose outer steps are the taps that meet the pixels of
 * one residue.
 */
import { costOf } from "../../../plan/expression.ts";
import { convolutionFlops, describeConvolution, type ConvolutionShape } from "../../../plan/convolution-shape.ts";
import { PLAIN, type ConvolutionSpec } from "../../../plan/kernel-specs.ts";
import {
  canWidenSource,
  elementFunction,
  inputParts,
  wideEpilogueNames,
  wideSourceNames,
  type Source,
} from "../elements.ts";
import { typeOf } from "../expression-wgsl.ts";
import { indent, range, type GpuKernel } from "../kernel.ts";
import { channelRun, NOWHERE, outsideOf } from "./channel-run.ts";
import { productKernel, type Widths } from "./product.ts";
import { storeOf } from "./store.ts";

/**
 * The taps of the pixels with each residue (y mod stride, x mod stride), one list behind the other, and WGSL that declares
 * `at`, the tap with the number `tap` (x: column, y: row).
 */
function phaseTaps(s: ConvolutionShape, phase: string): { readonly functions: string; readonly at: string } {
  const [height, width] = s.kernel;
  if (s.stride[0] * s.stride[1] === 1) {
    return {
      functions: `fn first_tap(z: u32) -> u32 {
  return 0u;
}

fn end_tap(z: u32) -> u32 {
  return ${height * width}u;
}`,
      at: `let at = vec2i(i32(tap % ${width}u), i32(tap / ${width}u));`,
    };
  }
  const meets = (axis: 0 | 1, residue: number): number[] =>
    range(s.kernel[axis]).filter((k) => (residue + s.offset[axis] - k * s.dilation[axis]) % s.stride[axis] === 0);
  const taps: (readonly [number, number])[] = [];
  const ends: number[] = [];
  for (const y of range(s.stride[0])) {
    for (const x of range(s.stride[1])) {
      for (const ky of meets(0, y)) for (const kx of meets(1, x)) taps.push([ky, kx]);
      ends.push(taps.length);
    }
  }
  const list = (values: readonly string[]): string => `${values.length}>(${values.join(", ")})`;
  const places = taps.length === 0 ? ["vec2i(0, 0)"] : taps.map(([ky, kx]) => `vec2i(${kx}, ${ky})`);
  return {
    functions: `// Taps (x: column, y: row) of the pixels of each residue of the stride, and where each list ends.
const TAPS = array<vec2i, ${list(places)};
const ENDS = array<u32, ${list([0, ...ends].map((end) => `${end}u`))};

fn first_tap(z: u32) -> u32 {
  return ENDS[${phase}];
}

fn end_tap(z: u32) -> u32 {
  return ENDS[${phase} + 1u];
}`,
    at: "let at = TAPS[tap];",
  };
}

/**
 * conv2d_input_gradient: (g [N,H',W',O], w [O,kh,kw,C/groups]) → [N,H,W,C]. The prologue applies to g (rows are its pixels,
 * channels O), the epilogue to the result. Buffers: `x` (g), `w`, `p…`, `e…`, `out`, `out2`.
 */
export function inputGradientKernel(
  s: ConvolutionShape,
  spec: Pick<ConvolutionSpec, "prologue" | "epilogue"> = {},
): GpuKernel {
  const epilogue = spec.epilogue ?? PLAIN;
  const [height, width] = s.input;
  const [outHeight, outWidth] = s.output;
  const phases = s.stride[0] * s.stride[1];
  const [phaseHeight, phaseWidth] = [Math.ceil(height / s.stride[0]), Math.ceil(width / s.stride[1])];
  const [channels, depth] = [s.inputChannels / s.groups, s.outputChannels / s.groups];
  const [pixels, gradientRows] = [s.batch * height * width, s.batch * outHeight * outWidth];
  const phase = phases === 1 ? "0u" : `z % ${phases}u`;
  const part = phases === 1 ? "z" : `z / ${phases}u`;
  const taps = phaseTaps(s, phase);
  const coordinates = [
    `let y = row / ${phaseWidth}u % ${phaseHeight}u * ${s.stride[0]}u + ${phase} / ${s.stride[1]}u;`,
    `let x = row % ${phaseWidth}u * ${s.stride[1]}u + ${phase} % ${s.stride[1]}u;`,
    `let image = row / ${phaseHeight * phaseWidth}u;`,
  ].join("\n");
  const store = storeOf({
    ...{ epilogue, rows: pixels, channels: s.inputChannels, groups: s.groups },
    place: [
      coordinates,
      // Phases are of equal size: the last ones of an image whose side the stride does not divide have less.
      ...(height % s.stride[0] === 0 && width % s.stride[1] === 0
        ? []
        : [`if ((y >= ${height}u) | (x >= ${width}u)) {\n  return;\n}`]),
      `let pixel = (image * ${height}u + y) * ${width}u + x;`,
      `let channel = ${part} * ${channels}u + column;`,
    ].join("\n"),
  });
  const reach = (axis: 0 | 1, at: string): string =>
    `(i32(${at}) + ${s.offset[axis]} - at.${"yx"[axis]!} * ${s.dilation[axis]})`;
  const source: Source = {
    ...{ name: "a_value", buffer: "x", channels: s.outputChannels, prologue: spec.prologue, prefix: "p" },
  };
  const tapPitch = s.kernel[0] * s.kernel[1] * channels;
  const code = (widths: Widths): string[] => [
    elementFunction(source, widths.a),
    taps.functions,
    `// The output pixel whose patch has this pixel under the tap.
fn a_place(z: u32, row: u32, tap: u32) -> vec3i {
  ${taps.at}
${indent(coordinates)}
  let from_y = ${reach(0, "y")};
  let from_x = ${reach(1, "x")};
  let out_y = from_y / ${s.stride[0]};
  let out_x = from_x / ${s.stride[1]};
  let outside = ${outsideOf(["from_y", "out_y", outHeight], ["from_x", "out_x", outWidth])};
  let place = vec3i((i32(image) * ${outHeight} + out_y) * ${outWidth} + out_x, i32(${part} * ${depth}u), 0);
  return select(place, ${NOWHERE}, outside);
}`,
    channelRun(widths.a),
    `fn b_place(z: u32, column: u32, tap: u32) -> vec3i {
  ${taps.at}
  let first = (${part}) * ${depth}u * ${s.kernel[0] * s.kernel[1]}u + u32(at.y * ${s.kernel[1]} + at.x);
  return vec3i(i32(${widths.b === 1 ? `first * ${channels}u + column` : `first * ${channels / 4}u + column / 4u`}), 0, 0);
}

fn b_at(place: vec3i, k: u32) -> ${typeOf(widths.b)} {
  return w[u32(place.x) + k * ${tapPitch / widths.b}u];
}`,
    store.code(widths.store),
  ];
  return productKernel({
    label: describeConvolution("conv2d_input_gradient", s),
    inputs: [
      { name: "x", length: gradientRows * s.outputChannels },
      { name: "w", length: s.outputChannels * s.kernel[0] * s.kernel[1] * channels },
      ...inputParts("p", spec.prologue?.inputs ?? [], gradientRows, s.outputChannels),
      ...store.inputs,
    ],
    outputs: store.outputs,
    functions: (widths) => ({
      code: code(widths).join("\n\n"),
      wide: [
        ...(widths.a === 4 ? wideSourceNames(source) : []),
        ...(widths.b === 4 ? ["w"] : []),
        ...(widths.store === 4 ? wideEpilogueNames(epilogue) : []),
      ],
    }),
    canWiden: {
      a: depth % 4 === 0 && canWidenSource(source),
      b: channels % 4 === 0,
      store: store.canWiden,
    },
    batches: s.groups * phases,
    rows: s.batch * phaseHeight * phaseWidth,
    columns: channels,
    depth,
    units: 1,
    squares: false,
    alongA: "k",
    alongB: "column",
    flops: convolutionFlops(s) + pixels * s.inputChannels * epilogue.outputs.reduce((sum, e) => sum + costOf(e), 0),
  });
}
