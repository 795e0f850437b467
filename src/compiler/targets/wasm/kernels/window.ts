/**
 * Windows channel by channel in NHWC: sums and maxima over windows, depthwise convolution, and their transposes. Lanes
 * run over channels; a work unit is a row of the output.
 */
import { costOf } from "../../../plan/expression.ts";
import { PLAIN, type Epilogue } from "../../../plan/kernel-specs.ts";
import type { WindowGeometry } from "../../../plan/window-geometry.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { createReader } from "../elements.ts";
import { emitExpressions } from "../expression-wasm.ts";
import { loadPartial, storePartial, type Kernel, type KernelParameters } from "../kernel.ts";
import { f32x4, i32, v128, type I32, type Int, type Local } from "../values.ts";

export interface WindowSpec extends WindowGeometry {
  readonly kind: "sum" | "max" | "weighted";
  /**
   * false: output (y, x) takes inputs (y·stride + ky·dilation − offset).
   * true: output (y, x) takes the inputs whose window holds it: ((y + offset − ky·dilation) / stride) where whole.
   */
  readonly transposed: boolean;
  readonly epilogue?: Epilogue;
}

/** Buffers: `x`, `weights` ([taps, channels], weighted only), `e1`…, `out`, `out2`. */
export function windowKernel(label: string, spec: WindowSpec): Kernel {
  const { channels } = spec;
  const epilogue = spec.epilogue ?? PLAIN;
  const [height, width] = spec.output;
  const outputs = epilogue.outputs.map((_, i) => (i === 0 ? "out" : `out${i + 1}`));
  const inputSize = spec.batch * spec.input[0] * spec.input[1] * channels;
  const outputSize = spec.batch * height * width * channels;
  const visited = spec.transposed ? inputSize : outputSize;
  const perTap = spec.kind === "weighted" ? 2 : 1;
  const weighted = spec.kind === "weighted";
  return {
    label,
    buffers: ["x", ...(weighted ? ["weights"] : []), ...epilogue.inputs.map((_, i) => `e${i + 1}`), ...outputs],
    reads: 1 + (weighted ? 1 : 0) + epilogue.inputs.length,
    units: spec.batch * height,
    flops:
      visited * spec.kernel[0] * spec.kernel[1] * perTap +
      outputSize * epilogue.outputs.reduce((sum, e) => sum + costOf(e), 0),
    bytes: 4 * (inputSize + outputSize * outputs.length),
    scratchBytes: 0,
    emit: (f, p) => {
      const readers = epilogue.inputs.map((access, i) => createReader(f, access, p.buffer(`e${i + 1}`), channels));
      const [unit, image, y, x] = [
        f.local("i32", "unit"),
        f.local("i32", "image"),
        f.local("i32", "y"),
        f.local("i32", "x"),
      ];
      const row = f.local("i32", "row");
      const [ky, kx] = [f.local("i32", "ky"), f.local("i32", "kx")];
      const [iy, ix] = [f.local("i32", "iy"), f.local("i32", "ix")];
      const pointers = outputs.map(() => f.local("i32", "outputPointer"));

      const block = (channelBytes: Int, vectors: number, lanes: number): void => {
        const start = f32x4.splat(spec.kind === "max" ? -Infinity : 0);
        const sums = Array.from({ length: vectors }, () => f.let("sum", start));
        f.for(ky, 0, spec.kernel[0], 1, () => {
          within(f, spec, 0, y, ky, iy, () => {
            const line = f.let("line", i32.mul(i32.add(i32.mul(image, spec.input[0]), iy), spec.input[1]));
            f.for(kx, 0, spec.kernel[1], 1, () => {
              within(f, spec, 1, x, kx, ix, () => {
                const pixel = i32.mul(i32.add(line, ix), channels * 4);
                const at = f.let("at", i32.add(i32.add(p.buffer("x"), pixel), channelBytes));
                const tap = i32.mul(i32.add(i32.mul(ky, spec.kernel[1]), kx), channels * 4);
                const weight = weighted
                  ? f.let("weight", i32.add(i32.add(p.buffer("weights"), tap), channelBytes))
                  : at;
                sums.forEach((sum, v) => {
                  const value = loadPartial(at, v * 16, lanes);
                  if (weighted) f.set(sum, f.madd(value, loadPartial(weight, v * 16, lanes), sum));
                  else f.set(sum, spec.kind === "max" ? f32x4.max(sum, value) : f32x4.add(sum, value));
                });
              });
            });
          });
        });
        sums.forEach((sum, v) => {
          const results = emitExpressions(f, epilogue.outputs, (index) =>
            index === 0 ? sum : readers[index - 1]!.read(channelBytes, v * 16, lanes),
          );
          results.forEach((result, i) => {
            storePartial(f, i32.add(pointers[i]!, channelBytes), v * 16, result, lanes);
          });
        });
      };

      f.for(unit, p.start, p.end, 1, () => {
        f.set(image, i32.div(unit, height));
        f.set(y, i32.rem(unit, height));
        f.for(x, 0, width, 1, () => {
          f.set(row, i32.add(i32.mul(unit, width), x));
          for (const reader of readers) reader.atRow(row);
          pointers.forEach((pointer, i) => {
            f.set(pointer, i32.add(p.buffer(outputs[i]!), i32.mul(row, channels * 4)));
          });
          forBlocks(f, channels, block);
        });
      });
    },
  };
}

/** Sets `found` to the input coordinate that tap `k` of output `at` reads and runs `body` where there is one. */
function within(
  f: FunctionBuilder,
  spec: WindowSpec,
  axis: 0 | 1,
  at: Local<"i32">,
  k: Local<"i32">,
  found: Local<"i32">,
  body: () => void,
): void {
  const step = spec.stride[axis];
  const reach = i32.mul(k, spec.dilation[axis]);
  if (!spec.transposed) {
    f.set(found, i32.sub(i32.add(i32.mul(at, step), reach), spec.offset[axis]));
    return f.if(i32.lt(found, spec.input[axis]), body);
  }
  const distance = f.let("distance", i32.sub(i32.add(at, spec.offset[axis]), reach));
  f.set(found, i32.div(distance, step));
  // Unsigned: a negative distance is far outside.
  const inside = i32.lt(distance, spec.input[axis] * step);
  f.if(step === 1 ? inside : i32.and(inside, i32.eq(i32.rem(distance, step), 0)), body);
}

/** Blocks of 16 channels, then of 4, then the rest: `step(byte of the first channel, vectors, lanes of each)`. */
export function forBlocks(
  f: FunctionBuilder,
  channels: number,
  step: (bytes: Int, vectors: number, lanes: number) => void,
): void {
  const c = f.local("i32", "c");
  const large = Math.floor(channels / 16) * 64;
  const whole = Math.floor(channels / 4) * 16;
  if (large > 0) f.for(c, 0, large, 64, () => step(c, 4, 4));
  if (whole > large) f.for(c, large, whole, 16, () => step(c, 1, 4));
  if (channels % 4 > 0) step(whole, 1, channels % 4);
}

/** Channels of a work unit of the depthwise weight gradient: a cache line. */
const GRADIENT_CHANNELS = 16;

/**
 * Weight gradient of a depthwise convolution: (x, g) → [channels, taps]. A unit is 16 channels, over all pixels; sums of
 * rows are gathered in scratch memory. Buffers: `x`, `g`, `out`.
 */
export function depthwiseWeightGradientKernel(label: string, spec: WindowGeometry): Kernel {
  const { channels } = spec;
  const blocks = Math.ceil(channels / GRADIENT_CHANNELS);
  const taps = spec.kernel[0] * spec.kernel[1];
  const pixels = spec.batch * spec.output[0] * spec.output[1];
  return {
    label,
    buffers: ["x", "g", "out"],
    reads: 2,
    units: blocks,
    flops: 2 * pixels * channels * taps,
    bytes: 4 * channels * (pixels + spec.batch * spec.input[0] * spec.input[1] + taps),
    scratchBytes: taps * GRADIENT_CHANNELS * 4,
    emit: (f, p) => {
      const block = f.local("i32", "block");
      const rest = channels % GRADIENT_CHANNELS;
      const run = (count: number): void => emitDepthwiseGradient(f, p, spec, block, count);
      f.for(block, p.start, p.end, 1, () => {
        if (rest === 0) run(GRADIENT_CHANNELS);
        else if (blocks === 1) run(rest);
        else {
          f.if(
            i32.lt(block, blocks - 1),
            () => run(GRADIENT_CHANNELS),
            () => run(rest),
          );
        }
      });
    },
  };
}

/** `count` channels from 16 · block on. */
function emitDepthwiseGradient(
  f: FunctionBuilder,
  p: KernelParameters,
  spec: WindowGeometry,
  block: Local<"i32">,
  count: number,
): void {
  const { channels } = spec;
  const forward: WindowSpec = { ...spec, kind: "sum", transposed: false };
  const taps = spec.kernel[0] * spec.kernel[1];
  const local = (name: string): Local<"i32"> => f.local("i32", name);
  const [image, y, x, ky, kx] = [local("image"), local("y"), local("x"), local("ky"), local("kx")];
  const [iy, ix, tap] = [local("iy"), local("ix"), local("tap")];
  const vectors = Array.from({ length: Math.ceil(count / 4) }, (_, v) => ({
    v,
    lanes: Math.min(4, count - v * 4),
    sum: f.local("v128", "sum"),
  }));
  const address = (name: string, row: I32, width: number): Local<"i32"> => {
    const base = i32.add(p.buffer(name), i32.mul(block, GRADIENT_CHANNELS * 4));
    return f.let(name, i32.add(base, i32.mul(row, width * channels * 4)));
  };

  f.zeroBytes(p.scratch, taps * GRADIENT_CHANNELS * 4);
  f.for(image, 0, spec.batch, 1, () => {
    f.for(y, 0, spec.output[0], 1, () => {
      const g = address("g", i32.add(i32.mul(image, spec.output[0]), y), spec.output[1]);
      f.for(ky, 0, spec.kernel[0], 1, () => {
        within(f, forward, 0, y, ky, iy, () => {
          const source = address("x", i32.add(i32.mul(image, spec.input[0]), iy), spec.input[1]);
          f.for(kx, 0, spec.kernel[1], 1, () => {
            for (const { sum } of vectors) f.set(sum, f32x4.splat(0));
            f.for(x, 0, spec.output[1], 1, () => {
              within(f, forward, 1, x, kx, ix, () => {
                const from = f.let("from", i32.add(source, i32.mul(ix, channels * 4)));
                const cotangent = f.let("cotangent", i32.add(g, i32.mul(x, channels * 4)));
                for (const { v, lanes, sum } of vectors) {
                  const value = loadPartial(from, v * 16, lanes);
                  f.set(sum, f.madd(value, loadPartial(cotangent, v * 16, lanes), sum));
                }
              });
            });
            const index = i32.add(i32.mul(ky, spec.kernel[1]), kx);
            const total = f.let("total", i32.add(p.scratch, i32.mul(index, GRADIENT_CHANNELS * 4)));
            for (const { v, sum } of vectors) f.store(total, v * 16, f32x4.add(v128.load(total, v * 16), sum));
          });
        });
      });
    });
  });
  f.for(tap, 0, taps, 1, () => {
    const total = f.let("total", i32.add(p.scratch, i32.mul(tap, GRADIENT_CHANNELS * 4)));
    const row = i32.add(i32.mul(block, GRADIENT_CHANNELS * taps), tap);
    const target = f.let("target", i32.add(p.buffer("out"), i32.mul(row, 4)));
    for (const { v, lanes } of vectors) {
      const value = f.let("value", v128.load(total, v * 16));
      for (let lane = 0; lane < lanes; lane++) f.storeLane(target, (v * 4 + lane) * taps * 4, lane, value);
    }
  });
}

/**
 * window_route: (g, x, y = window maxima of x) → each g at the first maximum of its window. A unit is an image and 4
 * channels, which no other unit writes. Buffers: `g`, `x`, `y`, `out`.
 */
export function routeKernel(label: string, spec: WindowGeometry): Kernel {
  const { channels } = spec;
  const blocks = Math.ceil(channels / 4);
  const windows = spec.batch * spec.output[0] * spec.output[1] * channels;
  const inputs = spec.batch * spec.input[0] * spec.input[1] * channels;
  const forward: WindowSpec = { ...spec, kind: "max", transposed: false };
  return {
    label,
    buffers: ["g", "x", "y", "out"],
    reads: 3,
    units: spec.batch * blocks,
    flops: windows * spec.kernel[0] * spec.kernel[1],
    bytes: 4 * (2 * inputs + 2 * windows),
    scratchBytes: 0,
    emit: (f, p) => {
      const unit = f.local("i32", "unit");
      const [image, block, pixel] = [f.local("i32", "image"), f.local("i32", "block"), f.local("i32", "pixel")];
      const [y, x, ky, kx] = [f.local("i32", "y"), f.local("i32", "x"), f.local("i32", "ky"), f.local("i32", "kx")];
      const [iy, ix] = [f.local("i32", "iy"), f.local("i32", "ix")];
      const route = (lanes: number): void => {
        const at = (name: string, row: I32): I32 =>
          i32.add(i32.add(p.buffer(name), i32.mul(block, 16)), i32.mul(row, channels * 4));
        const firstPixel = f.let("firstPixel", i32.mul(image, spec.input[0] * spec.input[1]));
        f.for(pixel, 0, spec.input[0] * spec.input[1], 1, () => {
          storePartial(f, f.let("zeroed", at("out", i32.add(firstPixel, pixel))), 0, f32x4.splat(0), lanes);
        });
        f.for(y, 0, spec.output[0], 1, () => {
          f.for(x, 0, spec.output[1], 1, () => {
            const window = f.let(
              "window",
              i32.add(i32.mul(i32.add(i32.mul(image, spec.output[0]), y), spec.output[1]), x),
            );
            const g = f.let("g", loadPartial(at("g", window), 0, lanes));
            const largest = f.let("largest", loadPartial(at("y", window), 0, lanes));
            const waiting = f.let("waiting", f32x4.eq(largest, largest));
            f.for(ky, 0, spec.kernel[0], 1, () => {
              within(f, forward, 0, y, ky, iy, () => {
                f.for(kx, 0, spec.kernel[1], 1, () => {
                  within(f, forward, 1, x, kx, ix, () => {
                    const from = f.let("from", i32.add(i32.add(firstPixel, i32.mul(iy, spec.input[1])), ix));
                    const value = loadPartial(at("x", from), 0, lanes);
                    const hit = f.let("hit", v128.and(f32x4.eq(value, largest), waiting));
                    const target = f.let("target", at("out", from));
                    const sum = f32x4.add(loadPartial(target, 0, lanes), v128.and(g, hit));
                    storePartial(f, target, 0, sum, lanes);
                    f.set(waiting, v128.andNot(waiting, hit));
                  });
                });
              });
            });
          });
        });
      };
      f.for(unit, p.start, p.end, 1, () => {
        f.set(image, i32.div(unit, blocks));
        f.set(block, i32.rem(unit, blocks));
        const rest = channels % 4;
        if (rest === 0) route(4);
        else if (blocks === 1) route(rest);
        else
          f.if(
            i32.lt(block, blocks - 1),
            () => route(4),
            () => route(rest),
          );
      });
    },
  };
}
