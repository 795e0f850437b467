/**
 * Kernels over windows of NHWC images, one element an invocation: pooling, depthwise convolution, and their transposes.
 * Transposed kernels gather: no two invocations write to one place.
 */
import { costOf } from "../../../plan/expression.ts";
import { PLAIN, type Epilogue } from "../../../plan/kernel-specs.ts";
import type { WindowGeometry } from "../../../plan/window-geometry.ts";
import { canWiden, epilogueStatements, inputParts, outputNames, wideEpilogueNames } from "../elements.ts";
import { splat, type Width } from "../expression-wgsl.ts";
import { createMapKernel, indent, type GpuKernel } from "../kernel.ts";

export interface WindowSpec extends WindowGeometry {
  readonly kind: "sum" | "max" | "weighted";
  /** From the output back to the input: element i of `x` is that of the window's output. Not for maxima. */
  readonly transposed: boolean;
  readonly epilogue?: Epilogue;
}

const area = (sides: readonly [number, number]): number => sides[0] * sides[1];

/**
 * Takes the number `i` in [batch, …sides, channels] apart into `channel`, `x_at`, `y_at`, `image`; with width 4 it counts
 * fours of channels.
 */
function placeOf(sides: readonly [number, number], channels: number, width: Width = 1): string {
  const pitch = channels / width;
  return [
    `let channel = i % ${pitch}u${width === 1 ? "" : ` * ${width}u`};`,
    `let pixel = i / ${pitch}u;`,
    `let x_at = i32(pixel % ${sides[1]}u);`,
    `let y_at = i32(pixel / ${sides[1]}u % ${sides[0]}u);`,
    `let image = pixel / ${area(sides)}u;`,
  ].join("\n");
}

/** Loops over the taps that exist, with the index of the element (or four) of the other image at each: `visit` uses `at` and `tap`. */
export function forTaps(s: WindowGeometry, transposed: boolean, visit: string, width: Width = 1): string {
  const [height, across] = transposed ? s.output : s.input;
  const side = (axis: 0 | 1): string => {
    const [at, k, target] = axis === 0 ? ["y_at", "ky", "y_in"] : ["x_at", "kx", "x_in"];
    const limit = axis === 0 ? height : across;
    const step = s.dilation[axis] === 1 ? k : `${k} * ${s.dilation[axis]}`;
    if (!transposed) {
      const start = s.stride[axis] === 1 ? at : `${at} * ${s.stride[axis]}`;
      return `let ${target} = ${start} + ${step} - ${s.offset[axis]};\nif (${target} < 0 || ${target} >= ${limit}) {\n  continue;\n}`;
    }
    const reach = `let ${target}_reach = ${at} + ${s.offset[axis]} - ${step};`;
    const gap = s.stride[axis] === 1 ? "" : ` || ${target}_reach % ${s.stride[axis]} != 0`;
    return (
      `${reach}\nlet ${target} = ${target}_reach / ${s.stride[axis]};\n` +
      `if (${target}_reach < 0${gap} || ${target} >= ${limit}) {\n  continue;\n}`
    );
  };
  return [
    `for (var ky = 0; ky < ${s.kernel[0]}; ky++) {`,
    indent(side(0)),
    `  for (var kx = 0; kx < ${s.kernel[1]}; kx++) {`,
    indent(side(1), 2),
    `    let at = ((image * ${height}u + u32(y_in)) * ${across}u + u32(x_in)) * ${s.channels / width}u + channel${width === 1 ? "" : ` / ${width}u`};`,
    `    let tap = u32(ky * ${s.kernel[1]} + kx);`,
    indent(visit, 2),
    "  }",
    "}",
  ].join("\n");
}

/** Buffers `x`, `w` [channels, taps] (weighted), `e…`, `out…`. */
export function windowKernel(label: string, s: WindowSpec): GpuKernel {
  const epilogue = s.epilogue ?? PLAIN;
  const [from, to] = s.transposed ? [s.output, s.input] : [s.input, s.output];
  const rows = s.batch * area(to);
  const count = rows * s.channels;
  const taps = area(s.kernel);
  // The weights of neighbouring channels do not stand together.
  const width: Width = s.kind !== "weighted" && canWiden(epilogue.inputs, s.channels) ? 4 : 1;
  const zero = splat("0.0f", width);
  const start = s.kind === "max" ? `var result = ${zero};\nvar seen = false;` : `var result = ${zero};`;
  const visit = {
    sum: "result += x[at];",
    weighted: `result += x[at] * w[channel * ${taps}u + tap];`,
    max: "result = select(max(result, x[at]), x[at], !seen);\nseen = true;",
  }[s.kind];
  const names = outputNames(epilogue.outputs.length);
  return createMapKernel({
    label,
    inputs: [
      { name: "x", length: s.batch * area(from) * s.channels },
      ...(s.kind === "weighted" ? [{ name: "w", length: s.channels * taps }] : []),
      ...inputParts("e", epilogue.inputs, rows, s.channels),
    ],
    outputs: names.map((name) => ({ name, length: count })),
    body: [
      placeOf(to, s.channels, width),
      start,
      forTaps(s, s.transposed, visit, width),
      epilogueStatements(
        epilogue,
        { row: "pixel", channel: "channel", channels: s.channels },
        "result",
        undefined,
        width,
      ),
    ].join("\n"),
    wide: width === 1 ? [] : ["x", ...wideEpilogueNames(epilogue)],
    count: count / width,
    flops: count * (taps * (s.kind === "weighted" ? 2 : 1) + epilogue.outputs.reduce((sum, e) => sum + costOf(e), 0)),
  });
}

/**
 * window_route: (g, x, y = maxima of x) → for every element of x the sum of the g of those windows whose first maximum it
 * is. Buffers: `g`, `x`, `y`, `out`.
 */
export function routeKernel(label: string, s: WindowGeometry): GpuKernel {
  const [height, width] = s.input;
  const count = s.batch * height * width * s.channels;
  const windows = s.batch * area(s.output) * s.channels;
  const earlier = (axis: 0 | 1): string => {
    const [window, k] = axis === 0 ? ["y_in", "ey"] : ["x_in", "ex"];
    return `${window} * ${s.stride[axis]} + ${k} * ${s.dilation[axis]} - ${s.offset[axis]}`;
  };
  // A tap before this one that has the same value takes the gradient instead.
  const visit = [
    "if (y[at] == own) {",
    "  var first = true;",
    "  for (var e = 0u; e < tap; e++) {",
    `    let ey = i32(e / ${s.kernel[1]}u);`,
    `    let ex = i32(e % ${s.kernel[1]}u);`,
    `    let y_other = ${earlier(0)};`,
    `    let x_other = ${earlier(1)};`,
    `    if (y_other >= 0 && y_other < ${height} && x_other >= 0 && x_other < ${width}) {`,
    `      let other = ((image * ${height}u + u32(y_other)) * ${width}u + u32(x_other)) * ${s.channels}u + channel;`,
    "      first = first && x[other] != own;",
    "    }",
    "  }",
    "  if (first) {",
    "    result += g[at];",
    "  }",
    "}",
  ].join("\n");
  return createMapKernel({
    label,
    inputs: [
      { name: "g", length: windows },
      { name: "x", length: count },
      { name: "y", length: windows },
    ],
    outputs: [{ name: "out", length: count }],
    body: [
      placeOf(s.input, s.channels),
      "let own = x[i];",
      "var result = 0.0f;",
      forTaps(s, true, visit),
      "out[i] = result;",
    ].join("\n"),
    count,
    flops: windows * area(s.kernel),
  });
}

/** Sums of a part of the image rows, so that enough invocations have work. */
const WANTED_INVOCATIONS = 16384;
const PARTS = 256;

/**
 * Weight gradient of a depthwise convolution, cut into parts: (x, g) → [parts, channels, taps]. Buffers: `x`, `g`, `out`.
 */
export function depthwiseWeightGradientKernel(
  label: string,
  s: WindowGeometry,
): { readonly kernel: GpuKernel; readonly parts: number } {
  const taps = area(s.kernel);
  const lines = s.batch * s.output[0];
  const wanted = Math.max(1, Math.min(lines, PARTS, Math.ceil(WANTED_INVOCATIONS / (s.channels * taps))));
  const perPart = Math.ceil(lines / wanted);
  const parts = Math.ceil(lines / perPart);
  const kernel = createMapKernel({
    label,
    inputs: [
      { name: "x", length: s.batch * area(s.input) * s.channels },
      { name: "g", length: s.batch * area(s.output) * s.channels },
    ],
    outputs: [{ name: "out", length: parts * s.channels * taps }],
    body: [
      `let channel = i % ${s.channels}u;`,
      `let tap = i / ${s.channels}u % ${taps}u;`,
      `let part = i / ${s.channels * taps}u;`,
      `let ky = i32(tap / ${s.kernel[1]}u);`,
      `let kx = i32(tap % ${s.kernel[1]}u);`,
      "var total = 0.0f;",
      `for (var line = part * ${perPart}u; line < min((part + 1u) * ${perPart}u, ${lines}u); line++) {`,
      `  let image = line / ${s.output[0]}u;`,
      `  let y_in = i32(line % ${s.output[0]}u) * ${s.stride[0]} + ky * ${s.dilation[0]} - ${s.offset[0]};`,
      `  if (y_in < 0 || y_in >= ${s.input[0]}) {`,
      "    continue;",
      "  }",
      "  var sum = 0.0f;",
      `  for (var column = 0; column < ${s.output[1]}; column++) {`,
      `    let x_in = column * ${s.stride[1]} + kx * ${s.dilation[1]} - ${s.offset[1]};`,
      `    if (x_in >= 0 && x_in < ${s.input[1]}) {`,
      `      let source = ((image * ${s.input[0]}u + u32(y_in)) * ${s.input[1]}u + u32(x_in)) * ${s.channels}u + channel;`,
      `      sum += x[source] * g[(line * ${s.output[1]}u + u32(column)) * ${s.channels}u + channel];`,
      "    }",
      "  }",
      "  total += sum;",
      "}",
      `out[(part * ${s.channels}u + channel) * ${taps}u + tap] = total;`,
    ].join("\n"),
    count: parts * s.channels * taps,
    flops: 2 * s.batch * area(s.output) * s.channels * taps,
  });
  return { kernel, parts };
}
