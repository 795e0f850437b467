/**
 * Convolution by implicit matrix product in NHWC, with the patch norms in the same loop, and its input gradient: one kernel
 * for all strides, whose outer steps are the taps that meet the pixels of one residue.
 */
import { costOf } from "../../../plan/expression.ts";
import type { ConvolutionShape } from "../../../plan/convolution-shape.ts";
import {
  elementCount,
  elementFunction,
  epilogueStatements,
  inputParts,
  outputNames,
  PLAIN,
  type Epilogue,
  type Prologue,
} from "../elements.ts";
import { indent, range, type BufferPart, type GpuKernel } from "../kernel.ts";
import { productKernel } from "./tile.ts";

export interface ConvolutionSpec {
  readonly shape: ConvolutionShape;
  readonly prologue?: Prologue;
  readonly epilogue?: Epilogue;
  /**
   * Patch norms √(Σ x² + ε), or √(Σ x²) + ε where ε is `outside`, one a pixel and group, written to the buffer `norm`
   * [pixels, groups].
   */
  readonly norm?: { readonly epsilon: number; readonly outside?: boolean };
}

export function describe(name: string, s: ConvolutionShape): string {
  const groups = s.groups > 1 ? ` groups ${s.groups}` : "";
  const maxOut = s.maxOut > 1 ? ` maxout ${s.maxOut}` : "";
  const stride = s.stride.some((step) => step > 1) ? ` stride ${s.stride.join("×")}` : "";
  return (
    `${name} ${s.batch}×${s.input.join("×")}×${s.inputChannels}→${s.outputChannels} ` +
    `${s.kernel.join("×")}${stride}${groups}${maxOut}`
  );
}

export function convolutionFlops(s: ConvolutionShape): number {
  const depth = (s.inputChannels / s.groups) * s.kernel[0] * s.kernel[1];
  return 2 * s.matrices * s.batch * s.output[0] * s.output[1] * s.outputChannels * s.maxOut * depth;
}

export interface StoreSpec {
  readonly epilogue: Epilogue;
  readonly norm?: ConvolutionSpec["norm"];
  /** Of the output as the epilogue sees it. */
  readonly rows: number;
  readonly channels: number;
  readonly groups: number;
  /** Statements that give `pixel`, `channel` and `part` (the group of channels) from z, row and column. */
  readonly place: string;
}

/** The function `store` of a product with an epilogue, and the buffers that it needs. */
export function storeFunction(s: StoreSpec): {
  readonly code: string;
  readonly inputs: readonly BufferPart[];
  readonly outputs: readonly BufferPart[];
} {
  const { norm } = s;
  const length =
    norm && (norm.outside === true ? `sqrt(squares) + ${norm.epsilon}f` : `sqrt(squares + ${norm.epsilon}f)`);
  const code = [
    "fn store(z: u32, row: u32, column: u32, sum: f32, squares: f32) {",
    indent(s.place),
    ...(length === undefined
      ? []
      : [
          `  let length = ${length};`,
          "  if (column == 0u) {",
          `    norm[pixel * ${s.groups}u + part] = length;`,
          "  }",
        ]),
    indent(
      epilogueStatements(
        s.epilogue,
        { row: "pixel", channel: "channel", channels: s.channels },
        "sum",
        norm && "length",
      ),
    ),
    "}",
  ].join("\n");
  return {
    code,
    inputs: inputParts("e", s.epilogue.inputs, s.rows, s.channels),
    outputs: [
      ...(norm === undefined ? [] : [{ name: "norm", length: s.rows * s.groups }]),
      ...outputNames(s.epilogue.outputs.length).map((name) => ({ name, length: s.rows * s.channels })),
    ],
  };
}

/** Places where nothing is to be read: outside of the image. */
const NOWHERE = "vec3i(-1, 0, 0)";

/** a_at for a run of channels of one pixel: place = (pixel or −1, first channel, –). */
const CHANNEL_RUN = `fn a_at(place: vec3i, k: u32) -> f32 {
  let value = a_value(u32(max(place.x, 0)), u32(place.y) + k);
  return select(0.0f, value, place.x >= 0);
}`;

/**
 * x [N,H,W,C], w [O·maxOut,kh,kw,C/groups] → [N,H',W',O]. Buffers: `x`, `w`, `p…`, `e…`, `norm` (with a norm), `out`, `out2`.
 */
export function convolutionKernel(spec: ConvolutionSpec): GpuKernel {
  const { shape: s } = spec;
  const epilogue = spec.epilogue ?? PLAIN;
  const [height, width] = s.input;
  const [rows, inputRows] = [s.batch * s.output[0] * s.output[1], s.batch * height * width];
  const depth = s.inputChannels / s.groups;
  const columns = s.outputChannels / s.groups;
  const taps = s.kernel[0] * s.kernel[1];
  const axis = (i: 0 | 1, at: string, tap: string): string =>
    `i32(${at}) * ${s.stride[i]} + i32(${tap}) * ${s.dilation[i]} - ${s.offset[i]}`;
  const store = storeFunction({
    ...{ epilogue, rows, channels: s.outputChannels, groups: s.groups },
    ...(spec.norm === undefined ? {} : { norm: spec.norm }),
    place: ["let pixel = row;", "let part = z;", `let channel = z * ${columns}u + column;`].join("\n"),
  });
  const declarations = [
    elementFunction("a_value", "x", s.inputChannels, spec.prologue),
    `fn first_tap(z: u32) -> u32 {
  return 0u;
}

fn end_tap(z: u32) -> u32 {
  return ${taps}u;
}

// The pixel of the input under a tap of the patch of an output pixel.
fn a_place(z: u32, row: u32, tap: u32) -> vec3i {
  let y = ${axis(0, `row / ${s.output[1]}u % ${s.output[0]}u`, `tap / ${s.kernel[1]}u`)};
  let x = ${axis(1, `row % ${s.output[1]}u`, `tap % ${s.kernel[1]}u`)};
  if (y < 0 || y >= ${height} || x < 0 || x >= ${width}) {
    return ${NOWHERE};
  }
  return vec3i((i32(row / ${s.output[0] * s.output[1]}u) * ${height} + y) * ${width} + x, i32(z * ${depth}u), 0);
}`,
    CHANNEL_RUN,
    `fn b_place(z: u32, column: u32, tap: u32) -> vec3i {
  return vec3i(i32(((z * ${columns * s.maxOut}u + column) * ${taps}u + tap) * ${depth}u), 0, 0);
}

fn b_at(place: vec3i, k: u32) -> f32 {
  return w[u32(place.x) + k];
}`,
    store.code,
  ];
  const prologueInputs = inputParts("p", spec.prologue?.inputs ?? [], inputRows, s.inputChannels);
  return productKernel({
    label: describe("conv2d", s),
    inputs: [
      { name: "x", length: inputRows * s.inputChannels },
      { name: "w", length: s.outputChannels * s.maxOut * taps * depth },
      ...prologueInputs,
      ...store.inputs,
    ],
    outputs: store.outputs,
    declarations: declarations.join("\n\n"),
    batches: s.groups,
    rows,
    columns,
    depth,
    units: s.maxOut,
    squares: spec.norm !== undefined,
    alongA: "k",
    alongB: "k",
    flops: convolutionFlops(s) + rows * s.outputChannels * epilogue.outputs.reduce((sum, e) => sum + costOf(e), 0),
  });
}

/** The taps of the pixels with each residue (y mod stride, x mod stride), one list behind the other. */
function phaseTaps(s: ConvolutionShape): {
  readonly taps: readonly (readonly [number, number])[];
  readonly ends: readonly number[];
} {
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
  return { taps, ends };
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
  const { taps, ends } = phaseTaps(s);
  const phase = phases === 1 ? "0u" : `z % ${phases}u`;
  const part = phases === 1 ? "z" : `z / ${phases}u`;
  const coordinates = [
    `let y = row / ${phaseWidth}u % ${phaseHeight}u * ${s.stride[0]}u + ${phase} / ${s.stride[1]}u;`,
    `let x = row % ${phaseWidth}u * ${s.stride[1]}u + ${phase} % ${s.stride[1]}u;`,
    `let image = row / ${phaseHeight * phaseWidth}u;`,
  ].join("\n");
  const store = storeFunction({
    ...{ epilogue, rows: pixels, channels: s.inputChannels, groups: s.groups },
    place: [
      coordinates,
      `if (y >= ${height}u || x >= ${width}u) {\n  return;\n}`,
      `let pixel = (image * ${height}u + y) * ${width}u + x;`,
      `let channel = ${part} * ${channels}u + column;`,
    ].join("\n"),
  });
  const reach = (axis: 0 | 1, at: string): string =>
    `(i32(${at}) + ${s.offset[axis]} - at.${"yx"[axis]!} * ${s.dilation[axis]})`;
  const list = (values: readonly string[]): string => values.join(", ");
  const declarations = [
    elementFunction("a_value", "x", s.outputChannels, spec.prologue),
    `// Taps (x: column, y: row) of the pixels of each residue of the stride, and where each list ends.
const TAPS = array<vec2i, ${Math.max(1, taps.length)}>(${list(taps.length === 0 ? ["vec2i(0, 0)"] : taps.map(([ky, kx]) => `vec2i(${kx}, ${ky})`))});
const ENDS = array<u32, ${phases + 1}>(${list([0, ...ends].map((end) => `${end}u`))});

fn first_tap(z: u32) -> u32 {
  return ENDS[${phase}];
}

fn end_tap(z: u32) -> u32 {
  return ENDS[${phase} + 1u];
}

// The output pixel whose patch has this pixel under the tap.
fn a_place(z: u32, row: u32, tap: u32) -> vec3i {
  let at = TAPS[tap];
${indent(coordinates)}
  let from_y = ${reach(0, "y")};
  let from_x = ${reach(1, "x")};
  let out_y = from_y / ${s.stride[0]};
  let out_x = from_x / ${s.stride[1]};
  if (from_y < 0 || out_y >= ${outHeight} || from_x < 0 || out_x >= ${outWidth}) {
    return ${NOWHERE};
  }
  return vec3i((i32(image) * ${outHeight} + out_y) * ${outWidth} + out_x, i32(${part} * ${depth}u), 0);
}`,
    CHANNEL_RUN,
    `fn b_place(z: u32, column: u32, tap: u32) -> vec3i {
  let at = TAPS[tap];
  let first = (${part}) * ${depth}u * ${s.kernel[0] * s.kernel[1]}u + u32(at.y * ${s.kernel[1]} + at.x);
  return vec3i(i32(first * ${channels}u + column), 0, 0);
}

fn b_at(place: vec3i, k: u32) -> f32 {
  return w[u32(place.x) + k * ${s.kernel[0] * s.kernel[1] * channels}u];
}`,
    store.code,
  ];
  return productKernel({
    label: describe("conv2d_input_gradient", s),
    inputs: [
      { name: "x", length: gradientRows * s.outputChannels },
      { name: "w", length: s.outputChannels * s.kernel[0] * s.kernel[1] * channels },
      ...(spec.prologue?.inputs ?? []).map((access, i) => ({
        name: `p${i + 1}`,
        length: elementCount(access, gradientRows, s.outputChannels),
      })),
      ...store.inputs,
    ],
    outputs: store.outputs,
    declarations: declarations.join("\n\n"),
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
