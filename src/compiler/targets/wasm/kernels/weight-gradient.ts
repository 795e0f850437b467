/**
 * conv2d_weight_gradient: (x [N,H,W,C], g [N,H',W',O]) → [O,kh,kw,C/groups]. A work unit is a block of 8 input channels
 * and some of the output channels, over all pixels, so that no two units add to one weight. For each block of output
 * rows the 8 channels are copied into a small padded image; a tile of 5 outputs × 8 channels is summed in registers over
 * the block's pixels, a tap at a time, and added to the result.
 */
import { convolutionFlops, type ConvolutionShape } from "../../../plan/convolution-shape.ts";
import type { WeightGradientSpec } from "../../../plan/kernel-specs.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { loadPartial, roundUp, storePartial, type Kernel, type KernelParameters } from "../kernel.ts";
import { f32x4, i32, v128, type I32, type Int, type Local } from "../values.ts";
import { copyChannels, copyGradient } from "./gradient-copies.ts";
import { panelsOf } from "./panels.ts";
import { createTile, never, needsPin } from "./tile.ts";

/** Pixels over which a tile is summed before it is added to the result, and bytes of g that they may take. */
const BLOCK_PIXELS = 128;
const BLOCK_BYTES = 256 * 1024;
/** Bytes of sums that are gone through for every block of pixels. */
const SUM_BYTES = 512 * 1024;
const UNITS = 64;
const CACHE_LINE = 64;
const UNROLL = 4;

interface Layout {
  readonly shape: ConvolutionShape;
  readonly rows: number;
  readonly paddedRows: number;
  readonly paddedWidth: number;
  /** Output channels of a tile, and tiles of a group with the last one. */
  readonly tileRows: number;
  readonly tiles: number;
  /** Parts of the tiles of a group. */
  readonly splits: number;
  readonly channelBlocks: number;
  /**
   * Whether units are numbered by their outputs first, then by their channels, so that threads share fewer cache lines of
   * short rows of weights: those who add to one take it from each other. The other way the image is copied for fewer.
   */
  readonly outputsFirst: boolean;
  /** Units that go through the pixels together: they share the copy of g, and their sums stay in the cache. */
  readonly together: number;
  /** Start of the padded image in scratch, behind the copy of g. */
  readonly image: number;
  readonly bytes: number;
}

/** A convolution without windows is a sum over pixels: images are one column. */
function flatten(s: ConvolutionShape): ConvolutionShape {
  const plain =
    s.kernel.every((k) => k === 1) &&
    s.stride.every((k) => k === 1) &&
    s.offset.every((k) => k === 0) &&
    s.input.every((side, axis) => side === s.output[axis]);
  const pixels = s.batch * s.input[0] * s.input[1];
  return plain ? { ...s, batch: 1, input: [pixels, 1], output: [pixels, 1] } : s;
}

/** Rows of a tile with the fewest cycles for `outputs` channels; a tile of r rows takes about 2r, at least the latency. */
function chooseTileRows(outputs: number): number {
  const cycles = (r: number): number => (r === 0 ? 0 : Math.max(2 * r, 4) + 0.5);
  const cost = (r: number): number => Math.floor(outputs / r) * cycles(r) + cycles(outputs % r);
  return [5, 4, 3].reduce((best, r) => (cost(r) < cost(best) ? r : best));
}

function layoutOf(spec: WeightGradientSpec): Layout {
  const shape = flatten(spec.shape);
  const [height, width] = shape.output;
  const gRow = width * shape.outputChannels * 4;
  const rows = Math.max(1, Math.min(height, Math.floor(BLOCK_PIXELS / width), Math.floor(BLOCK_BYTES / gRow)));
  const paddedRows = (rows - 1) * shape.stride[0] + (shape.kernel[0] - 1) * shape.dilation[0] + 1;
  const paddedWidth = (width - 1) * shape.stride[1] + (shape.kernel[1] - 1) * shape.dilation[1] + 1;
  const columns = shape.outputChannels / shape.groups;
  const tileRows = chooseTileRows(columns);
  const tiles = Math.ceil(columns / tileRows);
  const channelBlocks = Math.ceil(shape.inputChannels / shape.groups / 8);
  const splits = Math.max(1, Math.min(tiles, Math.floor(UNITS / (channelBlocks * shape.groups))));
  const outputsFirst = channelBlocks * 32 < 2 * CACHE_LINE;
  const image = spec.prologue === undefined ? 0 : roundUp(rows * gRow, 16);
  const unitBytes = (columns / splits) * shape.kernel[0] * shape.kernel[1] * 32;
  const together = Math.max(1, Math.floor(SUM_BYTES / unitBytes));
  const bytes = image + paddedRows * paddedWidth * 32;
  return {
    shape,
    rows,
    paddedRows,
    paddedWidth,
    tileRows,
    tiles,
    splits,
    channelBlocks,
    outputsFirst,
    together,
    image,
    bytes,
  };
}

/** Buffers: `x`, `g`, `p1`…, `q1`…, `out`. */
export function weightGradientKernel(label: string, spec: WeightGradientSpec): Kernel {
  const layout = layoutOf(spec);
  const { shape } = layout;
  const names = [
    ...(spec.prologue?.inputs ?? []).map((_, i) => `p${i + 1}`),
    ...(spec.inputPrologue?.inputs ?? []).map((_, i) => `q${i + 1}`),
  ];
  const inputs = shape.batch * shape.input[0] * shape.input[1] * shape.inputChannels;
  const outputs = shape.batch * shape.output[0] * shape.output[1] * shape.outputChannels;
  const weights = (shape.outputChannels * shape.inputChannels * shape.kernel[0] * shape.kernel[1]) / shape.groups;
  return {
    label,
    buffers: ["x", "g", ...names, "out"],
    reads: 2 + names.length,
    units: shape.groups * layout.channelBlocks * layout.splits,
    flops: convolutionFlops(shape),
    bytes: 4 * (inputs + outputs * (1 + names.length) + weights),
    scratchBytes: layout.bytes,
    emit: (f, p) => emitWeightGradient(f, p, spec, layout),
  };
}

function emitWeightGradient(f: FunctionBuilder, p: KernelParameters, spec: WeightGradientSpec, layout: Layout): void {
  const [start, end] = [f.local("i32", "passStart"), f.local("i32", "passEnd")];
  f.for(start, p.start, p.end, layout.together, () => {
    f.set(end, i32.add(start, layout.together));
    f.set(end, i32.min(end, p.end));
    emitPass(f, { ...p, start, end }, spec, layout);
  });
}

/** All pixels for the units from `p.start` to `p.end`. */
function emitPass(f: FunctionBuilder, p: KernelParameters, spec: WeightGradientSpec, layout: Layout): void {
  const { shape, rows, tileRows, tiles, splits, channelBlocks } = layout;
  const [height, width] = shape.output;
  const columns = shape.outputChannels / shape.groups;
  const channels = shape.inputChannels / shape.groups;
  const taps = shape.kernel[0] * shape.kernel[1];
  const panels = panelsOf(channels);

  const unit = f.local("i32", "unit");
  const [channels8, part, copied] = [f.local("i32", "channels8"), f.local("i32", "part"), f.local("i32", "copied")];
  const [group, block, split] = [f.local("i32", "group"), f.local("i32", "block"), f.local("i32", "split")];
  const [image, top, count] = [f.local("i32", "image"), f.local("i32", "top"), f.local("i32", "count")];
  const gBase = f.local("i32", "gBase");
  const output = f.local("i32", "output");
  const pointer = f.local("i32", "pointer");
  const [ky, kx] = [f.local("i32", "ky"), f.local("i32", "kx")];
  const padded = f.let("padded", i32.add(p.scratch, layout.image));

  const locate = (): void => {
    const [outer, inner] = layout.outputsFirst ? [split, block] : [block, split];
    const [outerCount, innerCount] = layout.outputsFirst ? [splits, channelBlocks] : [channelBlocks, splits];
    f.set(inner, i32.rem(unit, innerCount));
    f.set(outer, i32.rem(i32.div(unit, innerCount), outerCount));
    f.set(group, i32.div(unit, splits * channelBlocks));
  };
  /** Address of weight (output of the group, ky, kx, first channel of the block). */
  const weightAt = (o: Int, tap: Int): I32 => {
    const row = i32.add(i32.mul(group, columns), o);
    const float = i32.add(i32.mul(i32.add(i32.mul(row, taps), tap), channels), i32.mul(block, 8));
    return i32.add(p.buffer("out"), i32.mul(float, 4));
  };
  /** Runs `body(lanes, width)` for a full block or for the last, partial one. */
  const forBlock = (body: (lanes: number, width: number) => void): void => {
    const tail = (): void => {
      if (panels.tail > 0) body(panels.tail, panels.tailWidth);
    };
    if (panels.full === 0) tail();
    else f.if(i32.lt(block, panels.full), () => body(8, 8), panels.tail > 0 ? tail : undefined);
  };
  const firstOutput = (part: I32): I32 => i32.mul(i32.div(i32.mul(part, tiles), splits), tileRows);
  const outputRange = (): readonly [Local<"i32">, Local<"i32">] => {
    const first = f.let("firstOutput", firstOutput(split));
    const last = f.let("lastOutput", firstOutput(i32.add(split, 1)));
    f.set(last, i32.min(last, columns));
    return [first, last];
  };
  const lanesOf = (lanes: number, vector: number): number => Math.min(4, lanes - vector * 4);

  f.for(unit, p.start, p.end, 1, () => {
    locate();
    const [first, last] = outputRange();
    const tap = f.local("i32", "tap");
    forBlock((lanes) => {
      f.for(output, first, last, 1, () => {
        f.for(tap, 0, taps, 1, () => {
          f.set(pointer, weightAt(output, tap));
          for (let v = 0; v * 4 < lanes; v++) storePartial(f, pointer, v * 16, f32x4.splat(0), lanesOf(lanes, v));
        });
      });
    });
  });

  const addTile = (tileOutputs: number, lanes: number, blockWidth: number): void => {
    const tile = createTile(f, tileOutputs, blockWidth / 4);
    f.for(ky, 0, shape.kernel[0], 1, () => {
      f.for(kx, 0, shape.kernel[1], 1, () => {
        const corner = i32.add(i32.mul(ky, shape.dilation[0] * layout.paddedWidth), i32.mul(kx, shape.dilation[1]));
        const x = f.let("x", i32.add(padded, i32.mul(corner, blockWidth * 4)));
        const g = f.let("g", i32.add(gBase, i32.mul(i32.add(i32.mul(group, columns), output), 4)));
        sumPixels(f, tile.accumulators, { x, g, rows: count, layout, blockWidth });
        f.set(pointer, weightAt(output, i32.add(i32.mul(ky, shape.kernel[1]), kx)));
        tile.accumulators.forEach((row, i) => {
          row.forEach((value, v) => {
            const part = lanesOf(lanes, v);
            if (part <= 0) return;
            const offset = i * taps * channels * 4 + v * 16;
            storePartial(f, pointer, offset, f32x4.add(loadPartial(pointer, offset, part), value), part);
          });
        });
      });
    });
  };

  /** Adds what the block of pixels gives to the weights of `unit`. */
  const addUnit = (): void => {
    locate();
    const [first, last] = outputRange();
    forBlock((lanes, blockWidth) => {
      f.if(i32.eq(copied, 0), () =>
        copyChannels(f, p, layout, { image, top, group, block, padded, lanes, blockWidth }, spec.inputPrologue),
      );
      f.set(copied, i32.of(1));
      const whole = f.let("whole", i32.mul(i32.div(i32.sub(last, first), tileRows), tileRows));
      f.set(whole, i32.add(first, whole));
      f.for(output, first, whole, tileRows, () => addTile(tileRows, lanes, blockWidth));
      const rest = columns % tileRows;
      if (rest > 0) {
        f.if(i32.lt(whole, last), () => {
          f.set(output, whole);
          addTile(rest, lanes, blockWidth);
        });
      }
    });
  };

  f.for(image, 0, shape.batch, 1, () => {
    f.for(top, 0, height, rows, () => {
      f.set(count, i32.sub(height, top));
      f.set(count, i32.min(count, rows));
      const pixel = f.let("pixel", i32.mul(i32.add(i32.mul(image, height), top), width));
      if (spec.prologue === undefined) {
        f.set(gBase, i32.add(p.buffer("g"), i32.mul(pixel, shape.outputChannels * 4)));
      } else {
        f.set(gBase, i32.of(p.scratch));
        copyGradient(f, p, shape, spec.prologue, pixel, i32.mul(count, width));
      }
      // Of the units those with the same channels one after the other, so that the image is copied once for them.
      f.for(channels8, 0, shape.groups * channelBlocks, 1, () => {
        f.set(copied, i32.of(0));
        f.for(part, 0, splits, 1, () => {
          const [g, b] = [i32.div(channels8, channelBlocks), i32.rem(channels8, channelBlocks)];
          const number = layout.outputsFirst
            ? i32.add(i32.mul(i32.add(i32.mul(g, splits), part), channelBlocks), b)
            : i32.add(i32.mul(channels8, splits), part);
          f.set(unit, number);
          // Unsigned: what is before the first unit is far behind the last one.
          f.if(i32.lt(i32.sub(unit, p.start), i32.sub(p.end, p.start)), addUnit);
        });
      });
    });
  });
}

/** Accumulates g ⊗ x over the rows of a block. */
function sumPixels(
  f: FunctionBuilder,
  accumulators: readonly (readonly Local<"v128">[])[],
  v: {
    readonly x: Local<"i32">;
    readonly g: Local<"i32">;
    readonly rows: Local<"i32">;
    readonly layout: Layout;
    readonly blockWidth: number;
  },
): void {
  const { shape, paddedWidth } = v.layout;
  const width = shape.output[1];
  const pixelBytes = v.blockWidth * 4;
  const gStep = shape.outputChannels * 4;
  const xStep = shape.stride[1] * pixelBytes;
  for (const row of accumulators) for (const accumulator of row) f.set(accumulator, f32x4.splat(0));
  const columns = accumulators[0]!.map(() => f.local("v128", "columns"));
  const splat = f.local("v128", "splat");

  f.block((leave) => {
    const steps = (count: number, depth: number): void => {
      for (let k = 0; k < count; k++) {
        columns.forEach((column, c) => f.set(column, v128.load(v.x, k * xStep + c * 16)));
        accumulators.forEach((row, i) => {
          f.set(splat, v128.loadSplat(v.g, k * gStep + i * 4));
          row.forEach((accumulator, c) => f.set(accumulator, f.madd(splat, columns[c]!, accumulator)));
          if (needsPin(i, accumulators.length)) leave(never(v.g, k * accumulators.length + i), depth);
        });
      }
      f.increment(v.x, count * xStep);
      f.increment(v.g, count * gStep);
    };
    const run = (count: Int, most: number, depth: number): void => {
      const left = f.let("left", i32.div(count, UNROLL));
      if (most >= UNROLL) {
        f.if(left, () => {
          f.repeat(() => {
            steps(UNROLL, depth + 2);
            f.increment(left, -1);
            return left;
          });
        });
      }
      if (typeof count === "number") {
        if (count % UNROLL > 0) steps(count % UNROLL, depth);
        return;
      }
      f.set(left, i32.rem(count, UNROLL));
      f.if(left, () => {
        f.repeat(() => {
          steps(1, depth + 2);
          f.increment(left, -1);
          return left;
        });
      });
    };
    // Rows that follow each other without a gap are one run.
    const gap = shape.stride[0] * paddedWidth * pixelBytes - width * xStep;
    if (gap === 0) return run(i32.mul(v.rows, width), Infinity, 0);
    const turns = f.let("turns", i32.of(v.rows));
    f.repeat(() => {
      run(width, width, 1);
      f.increment(v.x, gap);
      f.increment(turns, -1);
      return turns;
    });
  });
}
