/**
 * Convolution by implicit matrix product in NHWC. A work unit is a block of output pixels (and a part of the columns):
 * its input is read in place, or copied once into scratch memory with the zeros around it; each tile of 5 pixels × 8
 * channels is accumulated over the whole patch in registers, then the epilogue is applied and stored.
 */
import { convolutionFlops, depthOf, type ConvolutionShape } from "../../../plan/convolution-shape.ts";
import { costOf, type Access } from "../../../plan/expression.ts";
import { PLAIN, type ConvolutionSpec, type Epilogue, type Gather } from "../../../plan/kernel-specs.ts";
import type { ReduceSpec } from "../../../plan/reduction.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { createReader, type ElementReader } from "../elements.ts";
import { emitExpressions } from "../expression-wasm.ts";
import { storePartial, type Kernel, type KernelParameters } from "../kernel.ts";
import { i32, v128, type I32, type Int, type Local, type V128 } from "../values.ts";
import { emitImageCopy } from "./image-copy.ts";
import { emitMaxOut } from "./max-out.ts";
import { emitPatchNorms, normScratch } from "./patch-norm.ts";
import { chooseWalk, packedSize, type Walk } from "./geometry.ts";
import { maxOutSize, panelsOf } from "./panels.ts";
import { emitGatheredPart, partNames } from "./reduce.ts";
import { createTile, emitDot, TILE_BYTES, TILE_ROWS, type DotLoops } from "./tile.ts";

/** Where the pixels of a phase lie in the output: every `stride`-th row and column from `first` on. */
export interface Place {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly first: readonly [number, number];
}

/** A convolution inside a kernel: one, or each phase of a strided input gradient. */
export interface ConvolutionPhase {
  readonly shape: ConvolutionShape;
  readonly place?: Place;
  /** Start of its packed weights, in floats. */
  readonly packed: number;
}

/** Buffers: `x`, `packed`, `p1`…, `e1`…, `norm` (with a norm), `out`, `out2`. */
export function convolutionKernel(label: string, spec: ConvolutionSpec): Kernel {
  return phasedKernel(label, [{ shape: spec.shape, packed: 0 }], spec);
}

/** A kernel whose units are those of all phases in order. */
export function phasedKernel(
  label: string,
  phases: readonly ConvolutionPhase[],
  spec: Omit<ConvolutionSpec, "shape">,
): Kernel {
  const epilogue = spec.epilogue ?? PLAIN;
  const prologueNames = (spec.prologue?.inputs ?? []).map((_, i) => `p${i + 1}`);
  const epilogueNames = epilogue.inputs.map((_, i) => `e${i + 1}`);
  const outputs = epilogue.outputs.map((_, i) => (i === 0 ? "out" : `out${i + 1}`));
  const walks = phases.map(({ shape }) => walkOf(shape, spec));
  const gathered = spec.gather === undefined ? [] : gatherNames(spec.gather);
  const gatherFlops = spec.gather === undefined ? 0 : costOf(spec.gather.value) + 3;
  const units = walks.map((walk) => walk.blocks * walk.splits);
  const total = phases.reduce((sum, { shape }) => sum + convolutionFlops(shape), 0);
  const first = phases[0]!.shape;
  const outputSize = phases.reduce((sum, { shape: s }) => {
    return sum + s.matrices * s.batch * s.output[0] * s.output[1] * s.outputChannels;
  }, 0);
  const inputSize = first.matrices * first.batch * first.input[0] * first.input[1] * first.inputChannels;
  const normFlops = spec.norm === undefined ? 0 : 2 * inputSize;
  return {
    label,
    buffers: [
      ...["x", "packed", ...prologueNames, ...epilogueNames, ...gathered],
      ...[...(spec.norm ? ["norm"] : []), ...outputs, ...(spec.gather ? partNames(spec.gather) : [])],
    ],
    reads: 2 + prologueNames.length + epilogueNames.length + gathered.length,
    units: units.reduce((a, b) => a + b, 0),
    flops: total + normFlops + outputSize * epilogue.outputs.reduce((sum, e) => sum + costOf(e), gatherFlops),
    bytes:
      4 *
      (inputSize * (1 + streamsOf(spec.prologue?.inputs ?? [])) +
        phases.reduce((sum, { shape }) => sum + shape.matrices * packedSize(shape), 0) +
        outputSize * (outputs.length + gathered.length + streamsOf(epilogue.inputs))),
    scratchBytes: Math.max(
      ...phases.map(({ shape }, i) => scratchLayout(shape, walks[i]!, spec.norm !== undefined).bytes),
    ),
    emit: (f, p) => {
      let before = 0;
      phases.forEach((phase, i) => {
        const count = units[i]!;
        const from = f.let("from", i32.max(i32.sub(p.start, before), 0));
        const to = f.let("to", i32.min(i32.sub(p.end, before), count));
        emitPhase(f, p, phase, walks[i]!, from, to, { ...spec, epilogue });
        before += count;
      });
    },
  };
}

/** Inputs of the tensor's own size. */
function streamsOf(inputs: readonly Access[]): number {
  return inputs.filter((access) => access.kind === "same").length;
}

function walkOf(shape: ConvolutionShape, spec: Omit<ConvolutionSpec, "shape">): Walk {
  const windowed = shape.kernel[0] * shape.kernel[1] > 1;
  const copies = spec.prologue !== undefined || (spec.norm !== undefined && windowed);
  return chooseWalk(shape, copies, spec.gather !== undefined);
}

/** Buffers that are read for what is gathered and that are not the convolution's own. */
function gatherNames({ inputs }: Gather): string[] {
  return inputs.map(({ buffer }) => buffer).filter((buffer) => /^r\d+$/.test(buffer));
}

/** The reduction that is gathered, and the parts that the convolution leaves of it. */
export function gatheredReduction(shape: ConvolutionShape, spec: Omit<ConvolutionSpec, "shape">, gather: Gather) {
  const { blocks, pixels } = walkOf(shape, spec);
  return { reduce: reduceOf(shape, gather), parts: { count: blocks, length: pixels } };
}

function reduceOf(shape: ConvolutionShape, gather: Gather): ReduceSpec {
  return {
    ...gather,
    outer: 1,
    reduced: shape.batch * shape.output[0] * shape.output[1],
    inner: shape.outputChannels,
    inputs: gather.inputs.map(({ access }) => access),
  };
}

/** Scratch of a thread: padded image, squares of its pixels, one tile's results and its sums. Bytes from the start. */
function scratchLayout(shape: ConvolutionShape, walk: Walk, norm: boolean) {
  const padded = walk.mode === "copy" ? walk.images * walk.paddedRows * walk.paddedWidth : 0;
  const squares = padded * shape.inputChannels * 4;
  const tile = Math.ceil((squares + (norm ? normScratch(padded, shape.groups) : 0)) / 16) * 16;
  return { squares, tile, sums: tile + TILE_BYTES, bytes: tile + 2 * TILE_BYTES };
}

/** An epilogue that costs more than this is written once, in a loop over a stored tile. */
const INLINE_COST = 16;

function emitPhase(
  f: FunctionBuilder,
  p: KernelParameters,
  phase: ConvolutionPhase,
  walk: Walk,
  from: Local<"i32">,
  to: Local<"i32">,
  spec: Omit<ConvolutionSpec, "shape"> & { readonly epilogue: Epilogue },
): void {
  const { shape, place } = phase;
  const { groups } = shape;
  const [height, width] = shape.output;
  const columns = shape.outputChannels / groups;
  const depth = depthOf(shape);
  const layout = scratchLayout(shape, walk, spec.norm !== undefined);
  const tileRows = Math.min(TILE_ROWS, walk.pixels);
  const x = p.buffer("x");

  const unit = f.local("i32", "unit");
  const [block, split] = [f.local("i32", "block"), f.local("i32", "split")];
  const [first, pixels] = [f.local("i32", "first"), f.local("i32", "pixels")];
  const matrix = f.local("i32", "matrix");
  const image = f.local("i32", "image");
  const group = f.local("i32", "group");
  const channelBytes = f.local("i32", "channelBytes");
  const panel = f.local("i32", "panel");
  const tile = f.local("i32", "tile");

  // The image that rows of the product point into: pixel pitch, row pitch and the distance of groups in floats.
  const groupChannels = shape.inputChannels / groups;
  const copied = walk.mode === "copy";
  const pitch = copied ? groupChannels : shape.inputChannels;
  const rowPitch = pitch * (copied ? walk.paddedWidth : shape.input[1]);
  const groupPitch = copied ? walk.images * walk.paddedRows * rowPitch : groupChannels;
  const contiguous = shape.dilation[1] === 1 && pitch === groupChannels;
  const loops: DotLoops = {
    levels: [
      { count: shape.kernel[0], step: shape.dilation[0] * rowPitch * 4 },
      ...(contiguous ? [] : [{ count: shape.kernel[1], step: shape.dilation[1] * pitch * 4 }]),
    ],
    run: contiguous ? shape.kernel[1] * groupChannels : groupChannels,
  };
  const pointwise =
    !copied &&
    shape.stride.every((s) => s === 1) &&
    shape.input.every((size, axis) => size === shape.output[axis]) &&
    shape.kernel.every((k) => k === 1);

  /** Address of the patch of the block's pixel `at`, group 0. */
  const patch = (at: I32): I32 => {
    if (copied) {
      const line = i32.div(at, width);
      const row =
        walk.images === 1
          ? i32.mul(line, shape.stride[0])
          : i32.add(i32.mul(i32.div(line, height), walk.paddedRows), i32.mul(i32.rem(line, height), shape.stride[0]));
      const float = i32.add(i32.mul(row, rowPitch), i32.mul(i32.rem(at, width), shape.stride[1] * pitch));
      return i32.add(p.scratch, i32.mul(float, 4));
    }
    const pixel = i32.add(first, at);
    const start = i32.add(x, i32.mul(matrix, shape.batch * shape.input[0] * rowPitch * 4));
    if (pointwise) return i32.add(start, i32.mul(pixel, pitch * 4));
    const line = i32.div(pixel, width);
    const row = i32.add(
      i32.mul(i32.div(line, height), shape.input[0]),
      i32.mul(i32.rem(line, height), shape.stride[0]),
    );
    const float = i32.add(i32.mul(row, rowPitch), i32.mul(i32.rem(pixel, width), shape.stride[1] * pitch));
    return i32.add(start, i32.mul(float, 4));
  };
  /** Row of the output [rows, channels] for the block's pixel `at`. */
  const outputRow = (at: Int): I32 => {
    const pixel = i32.add(i32.add(first, at), i32.mul(matrix, shape.batch * height * width));
    if (place === undefined) return pixel;
    const line = i32.div(pixel, width);
    const y = i32.add(i32.mul(i32.rem(line, height), place.stride[0]), place.first[0]);
    const left = i32.add(i32.mul(i32.rem(pixel, width), place.stride[1]), place.first[1]);
    return i32.add(i32.mul(i32.add(i32.mul(i32.div(line, height), place.size[0]), y), place.size[1]), left);
  };

  const readers: ElementReader[] = [];
  const aligned = groups === 1 || columns % 4 === 0;
  if (spec.norm)
    readers.push(createReader(f, { kind: "group", groups }, p.buffer("norm"), shape.outputChannels, aligned));
  spec.epilogue.inputs.forEach((access, i) => {
    readers.push(createReader(f, access, p.buffer(`e${i + 1}`), shape.outputChannels, aligned));
  });
  const gatherReaders = (spec.gather?.inputs ?? []).map(({ buffer, access }) =>
    createReader(f, access, p.buffer(buffer), shape.outputChannels),
  );
  const blockEnd = f.local("i32", "blockEnd");
  const outputPointers = spec.epilogue.outputs.map(() => f.local("i32", "outputPointer"));
  const row = f.local("i32", "row");

  /** Applies the epilogue to `values` of the block's pixel `at`; `count` channels from `channelBytes` on. */
  const finishRow = (at: Int, values: readonly V128[], count: number): void => {
    f.set(row, outputRow(at));
    for (const reader of readers) reader.atRow(row);
    outputPointers.forEach((pointer, i) => {
      const base = p.buffer(i === 0 ? "out" : `out${i + 1}`);
      f.set(pointer, i32.add(i32.add(base, i32.mul(row, shape.outputChannels * 4)), channelBytes));
    });
    values.forEach((value, v) => {
      const lanes = Math.min(4, count - v * 4);
      if (lanes <= 0) return;
      const results = emitExpressions(f, spec.epilogue.outputs, (index) =>
        index === 0 ? value : readers[index - 1]!.read(channelBytes, v * 16, lanes),
      );
      results.forEach((result, i) => storePartial(f, outputPointers[i]!, v * 16, result, lanes));
    });
  };
  const costly = spec.epilogue.outputs.reduce((sum, e) => sum + costOf(e), 0) > INLINE_COST;
  const finishTile = (values: readonly (readonly Local<"v128">[])[], count: number): void => {
    if (costly) {
      const store = i32.add(p.scratch, layout.tile);
      values.forEach((vectors, i) => vectors.forEach((value, v) => f.store(store, i * 32 + v * 16, value)));
      const rows = f.let("rows", i32.sub(pixels, tile));
      f.set(rows, i32.min(rows, tileRows));
      const i = f.local("i32", "i");
      f.for(i, 0, rows, 1, () => {
        const stored = f.let("stored", i32.add(store, i32.mul(i, 32)));
        finishRow(
          i32.add(tile, i),
          values[0]!.map((_, v) => v128.load(stored, v * 16)),
          count,
        );
      });
      return;
    }
    values.forEach((vectors, i) => {
      if (i === 0) finishRow(tile, vectors, count);
      else f.if(i32.ltSigned(i32.add(tile, i), pixels), () => finishRow(i32.add(tile, i), vectors, count));
    });
  };

  const rowPointers = Array.from({ length: tileRows }, () => f.local("i32", "patch"));
  const panelPointer = f.local("i32", "panelPointer");
  const last = f.local("i32", "last");
  const at = f.local("i32", "at");
  const pointRows = (): void => {
    rowPointers.forEach((pointer, i) => {
      f.set(at, i === 0 ? tile : i32.min(i32.add(tile, i), last));
      f.set(pointer, i32.add(patch(at), i32.mul(group, groupPitch * 4)));
    });
  };
  /** Start of this group's panels. */
  const perGroup = packedSize(shape) / groups;
  const groupPanels = (): I32 => {
    const float = i32.add(i32.mul(matrix, groups * perGroup), i32.mul(group, perGroup));
    return i32.add(p.buffer("packed"), i32.mul(i32.add(float, phase.packed), 4));
  };

  const panels = panelsOf(columns);
  const maxOut = shape.maxOut > 1;
  const columnWidth = maxOut ? 4 : panels.width;
  const full = maxOut ? Math.floor(columns / 4) : panels.full;
  const tail = maxOut ? columns % 4 : panels.tail;
  const blockFloats = maxOut ? maxOutSize(4 * shape.maxOut, shape.maxOut, depth) : depth * panels.width;

  const sums = i32.add(p.scratch, layout.sums);
  const tiles = (panelIndex: Int, vectors: number, count: number): void => {
    f.set(channelBytes, i32.mul(i32.add(i32.mul(group, columns), i32.mul(panelIndex, columnWidth)), 4));
    f.for(tile, 0, pixels, tileRows, () => {
      f.set(panelPointer, i32.add(groupPanels(), i32.mul(panelIndex, blockFloats * 4)));
      if (maxOut) {
        finishTile(emitMaxOut(f, shape.maxOut, rowPointers, panelPointer, loops, sums, pointRows), count);
        return;
      }
      pointRows();
      const accumulators = createTile(f, tileRows, vectors);
      emitDot(f, accumulators, rowPointers, panelPointer, loops, sums);
      finishTile(accumulators.accumulators, count);
    });
  };
  const share = (count: number, part: I32): I32 => i32.div(i32.mul(part, count), walk.splits);
  const panelsOfGroup = (from: Int, to: Int, withTail: I32): void => {
    if (full > 0) {
      const [start, end] = [f.let("panelStart", i32.of(from)), f.let("panelEnd", i32.of(to))];
      f.for(panel, start, end, 1, () => tiles(panel, maxOut ? 1 : 2, columnWidth));
    }
    if (tail > 0) f.if(withTail, () => tiles(full, maxOut ? 1 : panels.tailWidth / 4, tail));
  };

  f.for(unit, from, to, 1, () => {
    f.set(block, i32.div(unit, walk.splits));
    f.set(split, i32.rem(unit, walk.splits));
    emitBlock(f, shape, walk, { block, first, pixels, matrix, image });
    f.set(last, i32.sub(pixels, 1));
    if (copied) emitImageCopy(f, p, shape, walk, { block, scratch: p.scratch }, spec.prologue);
    if (spec.norm) {
      emitPatchNorms(f, shape, walk, {
        ...spec.norm,
        image: p.scratch,
        squares: i32.add(p.scratch, layout.squares),
        patch,
        pixels,
        norm: i32.add(p.buffer("norm"), i32.mul(outputRow(0), groups * 4)),
      });
    }
    if (groups > 1) {
      const [start, end] = [
        f.let("groupStart", share(groups, split)),
        f.let("groupEnd", share(groups, i32.add(split, 1))),
      ];
      f.for(group, start, end, 1, () => panelsOfGroup(0, full, i32.of(1)));
    } else {
      f.set(group, i32.of(0));
      panelsOfGroup(share(full, split), share(full, i32.add(split, 1)), i32.eq(split, walk.splits - 1));
    }
    if (spec.gather) {
      f.set(blockEnd, i32.add(first, pixels));
      const where = { readers: gatherReaders, task: block, from: first, to: blockEnd };
      emitGatheredPart(f, p, reduceOf(shape, spec.gather), where);
    }
  });
}

/** Sets the first pixel and the number of pixels of a block. */
function emitBlock(
  f: FunctionBuilder,
  s: ConvolutionShape,
  walk: Walk,
  v: Readonly<Record<"block" | "first" | "pixels" | "matrix" | "image", Local<"i32">>>,
): void {
  const [height, width] = s.output;
  if (walk.mode === "direct") {
    const all = s.batch * height * width;
    const perMatrix = Math.ceil(all / walk.pixels);
    f.set(v.matrix, i32.div(v.block, perMatrix));
    f.set(v.first, i32.mul(i32.rem(v.block, perMatrix), walk.pixels));
    f.set(v.pixels, i32.sub(all, v.first));
    f.set(v.pixels, i32.min(v.pixels, walk.pixels));
    return;
  }
  const rowBlocks = Math.ceil(height / walk.rows);
  const top = f.let("top", i32.mul(i32.rem(v.block, rowBlocks), walk.rows));
  f.set(v.matrix, i32.of(0));
  f.set(v.image, i32.mul(i32.div(v.block, rowBlocks), walk.images));
  f.set(v.first, i32.mul(i32.add(i32.mul(v.image, height), top), width));
  const images = f.let("images", i32.sub(s.batch, v.image));
  const rows = f.let("rows", i32.sub(height, top));
  f.set(v.pixels, i32.mul(i32.mul(i32.min(images, walk.images), i32.min(rows, walk.rows)), width));
}
