/** What a weight gradient copies into scratch memory: rows of g through a prologue, and 8 channels of padded input rows. */
import type { ConvolutionShape } from "../../../plan/convolution-shape.ts";
import type { Prologue } from "../../../plan/kernel-specs.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { createReader } from "../elements.ts";
import { emitExpressions } from "../expression-wasm.ts";
import { loadPartial, storePartial, type KernelParameters } from "../kernel.ts";
import { i32, type I32, type Local } from "../values.ts";
import { forChannels } from "./elementwise.ts";

export interface ChannelLayout {
  readonly shape: ConvolutionShape;
  readonly paddedRows: number;
  readonly paddedWidth: number;
}

/** Rows of g, all channels, through the prologue into scratch. */
export function copyGradient(
  f: FunctionBuilder,
  p: KernelParameters,
  shape: ConvolutionShape,
  prologue: Prologue,
  first: Local<"i32">,
  pixels: I32,
): void {
  const channels = shape.outputChannels;
  const readers = prologue.inputs.map((access, i) => createReader(f, access, p.buffer(`p${i + 1}`), channels));
  const [row, end] = [f.local("i32", "row"), f.let("end", i32.add(first, pixels))];
  const target = f.let("target", i32.of(p.scratch));
  const source = f.let("source", i32.add(p.buffer("g"), i32.mul(first, channels * 4)));
  f.for(row, first, end, 1, () => {
    for (const reader of readers) reader.atRow(row);
    forChannels(f, channels, (bytes, lanes) => {
      const [value] = emitExpressions(f, [prologue.value], (index) =>
        index === 0 ? loadPartial(i32.add(source, bytes), 0, lanes) : readers[index - 1]!.read(bytes, 0, lanes),
      );
      storePartial(f, i32.add(target, bytes), 0, value!, lanes);
    });
    f.increment(target, channels * 4);
    f.increment(source, channels * 4);
  });
}

/** Input rows of a block of output rows, the channels of one block, with zeros around: [padded rows, padded width, 4 or 8]. */
export function copyChannels(
  f: FunctionBuilder,
  p: KernelParameters,
  layout: ChannelLayout,
  v: Readonly<Record<"image" | "top" | "group" | "block" | "padded", Local<"i32">>> & {
    readonly lanes: number;
    readonly blockWidth: number;
  },
  prologue: Prologue | undefined,
): void {
  const { shape, paddedWidth } = layout;
  const [inputHeight, inputWidth] = shape.input;
  const left = Math.min(paddedWidth, Math.max(0, shape.offset[1]));
  const right = Math.max(left, Math.min(paddedWidth, inputWidth + shape.offset[1]));
  const pixelBytes = v.blockWidth * 4;
  const target = f.let("target", i32.of(v.padded));
  const [line, y, x] = [f.local("i32", "line"), f.local("i32", "y"), f.local("i32", "x")];
  const from = f.local("i32", "from");
  const zero = (pixels: number): void => {
    f.zeroBytes(target, pixels * pixelBytes);
    f.increment(target, pixels * pixelBytes);
  };
  const perGroup = shape.inputChannels / shape.groups;
  const channel = f.let("channel", i32.add(i32.mul(v.group, perGroup), i32.mul(v.block, 8)));
  const channelBytes = f.let("channelBytes", i32.mul(channel, 4));
  const aligned = shape.groups === 1 || perGroup % 4 === 0;
  const readers = (prologue?.inputs ?? []).map((access, i) =>
    createReader(f, access, p.buffer(`q${i + 1}`), shape.inputChannels, aligned),
  );
  const row = f.local("i32", "row");
  f.for(line, 0, layout.paddedRows, 1, () => {
    f.set(y, i32.sub(i32.add(i32.mul(v.top, shape.stride[0]), line), shape.offset[0]));
    if (right <= left) return zero(paddedWidth);
    f.if(
      i32.lt(y, inputHeight),
      () => {
        zero(left);
        const line = i32.mul(i32.add(i32.mul(v.image, inputHeight), y), inputWidth);
        f.set(row, i32.add(line, Math.max(0, -shape.offset[1])));
        f.set(from, i32.add(p.buffer("x"), i32.mul(i32.add(i32.mul(row, shape.inputChannels), channel), 4)));
        f.for(x, 0, right - left, 1, () => {
          for (const reader of readers) reader.atRow(row);
          for (let c = 0; c < v.blockWidth; c += 4) {
            const lanes = Math.min(4, v.lanes - c);
            const value = loadPartial(from, c * 4, lanes);
            const [result] = prologue
              ? emitExpressions(f, [prologue.value], (index) =>
                  index === 0 ? value : readers[index - 1]!.read(channelBytes, c * 4, lanes),
                )
              : [value];
            f.store(target, c * 4, result!);
          }
          f.increment(row, 1);
          f.increment(target, pixelBytes);
          f.increment(from, shape.inputChannels * 4);
        });
        zero(paddedWidth - right);
      },
      () => zero(paddedWidth),
    );
  });
}
