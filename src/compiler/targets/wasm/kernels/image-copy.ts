/** Copies the input of a block of output rows into scratch memory: zeros around it, a plane a group, a prologue applied. */
import type { ConvolutionShape } from "../../../plan/convolution-shape.ts";
import type { Prologue } from "../../../plan/kernel-specs.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { createReader } from "../elements.ts";
import { emitExpressions } from "../expression-wasm.ts";
import { loadPartial, storePartial, type KernelParameters } from "../kernel.ts";
import { i32, type I32, type Local } from "../values.ts";
import type { Walk } from "./geometry.ts";

/** Scratch becomes [groups, images · padded rows, padded width, channels of a group]. */
export function emitImageCopy(
  f: FunctionBuilder,
  p: KernelParameters,
  s: ConvolutionShape,
  walk: Walk,
  v: { readonly block: Local<"i32">; readonly scratch: Local<"i32"> },
  prologue: Prologue | undefined,
): void {
  const [inputHeight, inputWidth] = s.input;
  const rowBlocks = Math.ceil(s.output[0] / walk.rows);
  const channels = s.inputChannels / s.groups;
  const lines = walk.images * walk.paddedRows;
  const planeBytes = lines * walk.paddedWidth * channels * 4;
  // Columns of the padded image that lie inside the input: [left, right).
  const left = Math.min(walk.paddedWidth, Math.max(0, s.offset[1]));
  const right = Math.max(left, Math.min(walk.paddedWidth, inputWidth + s.offset[1]));
  const pixelBytes = channels * 4;

  const line = f.local("i32", "line");
  const target = f.local("i32", "target");
  const y = f.local("i32", "y");
  const image = f.local("i32", "image");
  const top = f.let("top", i32.sub(i32.mul(i32.rem(v.block, rowBlocks), walk.rows * s.stride[0]), s.offset[0]));
  const firstImage = f.let("firstImage", i32.mul(i32.div(v.block, rowBlocks), walk.images));
  const readers = (prologue?.inputs ?? []).map((access, i) =>
    createReader(f, access, p.buffer(`p${i + 1}`), s.inputChannels, s.groups === 1 || channels % 4 === 0),
  );

  const zero = (from: number, to: number): void => {
    const plane = f.local("i32", "plane");
    f.for(plane, 0, s.groups, 1, () => {
      f.zeroBytes(i32.add(i32.add(target, from * pixelBytes), i32.mul(plane, planeBytes)), (to - from) * pixelBytes);
    });
  };
  /** Copies `right − left` pixels from row number `row` of the input's pixels on. */
  const copy = (row: I32): void => {
    const from = f.let("from", i32.add(p.buffer("x"), i32.mul(row, s.inputChannels * 4)));
    const to = f.let("to", i32.add(target, left * pixelBytes));
    if (s.groups === 1 && prologue === undefined) {
      f.copyBytes(to, from, (right - left) * pixelBytes);
      return;
    }
    const pixel = f.local("i32", "pixel");
    const [plane, c] = [f.local("i32", "plane"), f.local("i32", "c")];
    f.for(pixel, 0, right - left, 1, () => {
      const at = f.let("at", i32.add(row, pixel));
      for (const reader of readers) reader.atRow(at);
      const source = f.let("source", i32.add(from, i32.mul(pixel, s.inputChannels * 4)));
      f.for(plane, 0, s.groups, 1, () => {
        const written = f.let("written", i32.add(i32.add(to, i32.mul(pixel, pixelBytes)), i32.mul(plane, planeBytes)));
        const move = (bytes: I32, offset: number, count: number): void => {
          const channelBytes = f.let("channelBytes", i32.add(i32.mul(plane, pixelBytes), bytes));
          const value = loadPartial(i32.add(source, channelBytes), offset, count);
          const [result] = prologue
            ? emitExpressions(f, [prologue.value], (index) =>
                index === 0 ? value : readers[index - 1]!.read(channelBytes, offset, count),
              )
            : [value];
          storePartial(f, i32.add(written, bytes), offset, result!, count);
        };
        const whole = Math.floor(channels / 4) * 16;
        f.for(c, 0, whole, 16, () => move(c, 0, 4));
        if (channels % 4 > 0) move(i32.of(whole), 0, channels % 4);
      });
    });
  };

  f.for(line, 0, lines, 1, () => {
    f.set(target, i32.add(v.scratch, i32.mul(line, walk.paddedWidth * pixelBytes)));
    f.set(y, i32.add(top, i32.rem(line, walk.paddedRows)));
    f.set(image, i32.add(firstImage, i32.div(line, walk.paddedRows)));
    // One unsigned comparison covers both ends.
    const inside = i32.and(i32.lt(y, inputHeight), i32.lt(image, s.batch));
    if (right <= left) return zero(0, walk.paddedWidth);
    f.if(
      inside,
      () => {
        if (left > 0) zero(0, left);
        const firstColumn = Math.max(0, -s.offset[1]);
        copy(f.let("inputRow", i32.add(i32.mul(i32.add(i32.mul(image, inputHeight), y), inputWidth), firstColumn)));
        if (right < walk.paddedWidth) zero(right, walk.paddedWidth);
      },
      () => zero(0, walk.paddedWidth),
    );
  });
}
