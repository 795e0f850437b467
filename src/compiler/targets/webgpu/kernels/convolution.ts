/** Convolution by implicit matrix product in NHWC, with the patch norms in the same loop. */
import { costOf } from "../../../plan/expression.ts";
import { convolutionFlops, describeConvolution } from "../../../plan/convolution-shape.ts";
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
import type { GpuKernel } from "../kernel.ts";
import { channelRun, NOWHERE, outsideOf } from "./channel-run.ts";
import { productKernel, type Widths } from "./product.ts";
import { storeOf } from "./store.ts";

/**
 * x [N,H,W,C], w [O·maxOut,kh,kw,C/groups] → [N,H',W',O]. Buffers: `x`, `w`, `p…`, `e…`, `norm` (with a norm), `out`, `out2`.
 */
export function convolutionKernel(spec: Omit<ConvolutionSpec, "gather">): GpuKernel {
  const { shape: s } = spec;
  const epilogue = spec.epilogue ?? PLAIN;
  const [height, width] = s.input;
  const [rows, inputRows] = [s.batch * s.output[0] * s.output[1], s.batch * height * width];
  const depth = s.inputChannels / s.groups;
  const columns = s.outputChannels / s.groups;
  const taps = s.kernel[0] * s.kernel[1];
  const axis = (i: 0 | 1, at: string, tap: string): string =>
    `i32(${at}) * ${s.stride[i]} + i32(${tap}) * ${s.dilation[i]} - ${s.offset[i]}`;
  const store = storeOf({
    ...{ epilogue, rows, channels: s.outputChannels, groups: s.groups },
    ...(spec.norm === undefined ? {} : { norm: spec.norm }),
    place: ["let pixel = row;", "let part = z;", `let channel = z * ${columns}u + column;`].join("\n"),
  });
  const source: Source = {
    ...{ name: "a_value", buffer: "x", channels: s.inputChannels, prologue: spec.prologue, prefix: "p" },
  };
  const code = (widths: Widths): string[] => [
    elementFunction(source, widths.a),
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
  let outside = ${outsideOf(["y", "y", height], ["x", "x", width])};
  let place = vec3i((i32(row / ${s.output[0] * s.output[1]}u) * ${height} + y) * ${width} + x, i32(z * ${depth}u), 0);
  return select(place, ${NOWHERE}, outside);
}`,
    channelRun(widths.a),
    `fn b_place(z: u32, column: u32, tap: u32) -> vec3i {
  return vec3i(i32(((z * ${columns * s.maxOut}u + column) * ${taps}u + tap) * ${depth}u), 0, 0);
}

fn b_at(place: vec3i, k: u32) -> ${typeOf(widths.b)} {
  return w[${widths.b === 1 ? "u32(place.x) + k" : "(u32(place.x) + k) / 4u"}];
}`,
    store.code(widths.store),
  ];
  const prologueInputs = inputParts("p", spec.prologue?.inputs ?? [], inputRows, s.inputChannels);
  return productKernel({
    label: describeConvolution("conv2d", s),
    inputs: [
      { name: "x", length: inputRows * s.inputChannels },
      { name: "w", length: s.outputChannels * s.maxOut * taps * depth },
      ...prologueInputs,
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
      b: depth % 4 === 0,
      store: store.canWiden,
    },
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
