/** Patch norms inside a convolution: sums of squares of the pixels of a block's image, then sums over windows. */
import type { ConvolutionShape } from "../../../plan/convolution-shape.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { loadPartial } from "../kernel.ts";
import { f32x4, i32, v128, type I32, type Local, type V128 } from "../values.ts";
import type { Walk } from "./geometry.ts";

/** Bytes of the squares: a plane of the padded image a group. */
export function normScratch(paddedPixels: number, groups: number): number {
  return paddedPixels * groups * 4;
}

/** Σ x² of `count` floats from `pointer` on, in lane 0. The order of the sum depends on `count` alone. */
export function emitSquareSum(f: FunctionBuilder, pointer: Local<"i32">, count: number): V128 {
  const lanes = Math.floor(count / 4);
  const parts = Math.max(1, Math.min(4, lanes));
  const sums = Array.from({ length: parts }, () => f.let("sum", f32x4.splat(0)));
  const accumulate = (sum: Local<"v128">, value: V128): void => {
    const loaded = f.let("loaded", value);
    f.set(sum, f.madd(loaded, loaded, sum));
  };
  const turns = Math.floor(lanes / parts);
  const at = f.let("at", i32.of(pointer));
  const turn = f.local("i32", "turn");
  f.for(turn, 0, turns, 1, () => {
    sums.forEach((sum, i) => accumulate(sum, v128.load(at, i * 16)));
    f.increment(at, parts * 16);
  });
  const rest = lanes - turns * parts;
  for (let i = 0; i < rest; i++) accumulate(sums[i]!, v128.load(at, i * 16));
  if (count % 4 > 0) accumulate(sums[0]!, loadPartial(at, rest * 16, count % 4));
  return horizontalSum(
    f,
    sums.reduce<V128>((a, b) => f32x4.add(a, b), f32x4.splat(0)),
  );
}

/** (l0 + l2) + (l1 + l3) in lane 0. */
export function horizontalSum(f: FunctionBuilder, value: V128): V128 {
  const all = f.let("all", value);
  const two = f.let("two", f32x4.add(all, v128.shuffle(all, all, [2, 3, 2, 3])));
  return f32x4.add(two, v128.shuffle(two, two, [1, 1, 1, 1]));
}

/** Writes √(Σ x² + ε) or √(Σ x²) + ε of each pixel and group of the block to `norm` [pixels, groups]. */
export function emitPatchNorms(
  f: FunctionBuilder,
  s: ConvolutionShape,
  walk: Walk,
  v: {
    readonly epsilon: number;
    /** ε is added to the root, not to the sum. */
    readonly outside?: boolean;
    readonly image: Local<"i32">;
    readonly squares: I32;
    /** Address of the patch of a pixel, in the image as it is read. */
    readonly patch: (at: I32) => I32;
    readonly pixels: Local<"i32">;
    readonly norm: I32;
  },
): void {
  const channels = s.inputChannels / s.groups;
  const [pixel, group] = [f.local("i32", "pixel"), f.local("i32", "group")];
  const target = f.let("target", v.norm);
  const finish = (sum: V128): void => {
    const epsilon = f32x4.splat(v.epsilon);
    const norm = v.outside ? f32x4.add(f32x4.sqrt(sum), epsilon) : f32x4.sqrt(f32x4.add(sum, epsilon));
    f.storeLane(target, 0, 0, norm);
    f.increment(target, 4);
  };
  if (walk.mode === "direct") {
    f.for(pixel, 0, v.pixels, 1, () => {
      const at = f.let("at", v.patch(pixel));
      f.for(group, 0, s.groups, 1, () => {
        finish(emitSquareSum(f, at, channels));
        f.increment(at, channels * 4);
      });
    });
    return;
  }
  const padded = walk.images * walk.paddedRows * walk.paddedWidth;
  const squares = f.let("squares", v.squares);
  const [from, to] = [f.let("from", v.image), f.let("to", squares)];
  f.for(pixel, 0, padded * s.groups, 1, () => {
    f.storeLane(to, 0, 0, emitSquareSum(f, from, channels));
    f.increment(to, 4);
    f.increment(from, channels * 4);
  });
  const [ky, kx] = [f.local("i32", "ky"), f.local("i32", "kx")];
  const sum = f.local("v128", "sum");
  const at = f.local("i32", "at");
  f.for(pixel, 0, v.pixels, 1, () => {
    // The patch's first float is channels · (its pixel) floats into the image.
    const corner = f.let("corner", i32.div(i32.sub(v.patch(pixel), v.image), channels));
    f.for(group, 0, s.groups, 1, () => {
      f.set(sum, f32x4.splat(0));
      f.for(ky, 0, s.kernel[0], 1, () => {
        f.set(at, i32.add(i32.add(squares, corner), i32.mul(ky, walk.paddedWidth * s.dilation[0] * 4)));
        f.set(at, i32.add(at, i32.mul(group, padded * 4)));
        f.for(kx, 0, s.kernel[1], 1, () => {
          f.set(sum, f32x4.add(sum, v128.loadOne(at)));
          f.increment(at, s.dilation[1] * 4);
        });
      });
      finish(sum);
    });
  });
}
