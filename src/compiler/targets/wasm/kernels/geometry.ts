/** How a kernel walks a convolution: blocks of output pixels as work units, the image they read. */
import { depthOf, type ConvolutionShape } from "../../../plan/convolution-shape.ts";
import { maxOutSize, panelsOf } from "./panels.ts";

export interface Walk {
  /** `copy`: a block's input is copied into scratch memory, padded with zeros, a plane a group. */
  readonly mode: "direct" | "copy";
  /** Blocks of output pixels, all matrices together. */
  readonly blocks: number;
  /** Parts of the output columns (or groups): units = blocks · splits. */
  readonly splits: number;
  /** direct: pixels of a block. */
  readonly pixels: number;
  /** copy: output rows of a block, and images where a block has whole images. */
  readonly rows: number;
  readonly images: number;
  /** copy: the padded image of a block. */
  readonly paddedRows: number;
  readonly paddedWidth: number;
}

/** Floats of one matrix's packed weights. */
export function packedSize(s: ConvolutionShape): number {
  const columns = s.outputChannels / s.groups;
  const depth = depthOf(s);
  return s.groups * (s.maxOut > 1 ? maxOutSize(columns * s.maxOut, s.maxOut, depth) : panelsOf(columns).size(depth));
}

function readsOutside(s: ConvolutionShape): boolean {
  return [0, 1].some((axis) => {
    const last = (s.output[axis]! - 1) * s.stride[axis]! + (s.kernel[axis]! - 1) * s.dilation[axis]! - s.offset[axis]!;
    return s.offset[axis] !== 0 || last >= s.input[axis]!;
  });
}

/** Work units to aim at, so that several threads find work of equal size. */
const UNITS = 16;
/** Scratch for a block's padded image: half of a usual second-level cache. */
const BLOCK_BYTES = 192 * 1024;
const TILE = 5;

/**
 * @param copies the input must pass through scratch memory (a prologue, or a norm over windows)
 * @param even blocks are of one size (but for the last), with all channels: statistics are gathered from them
 */
export function chooseWalk(s: ConvolutionShape, copies: boolean, even = false): Walk {
  const taps = s.kernel[0] * s.kernel[1];
  const direct = !copies && taps > 0 && !readsOutside(s);
  const walk = direct ? directWalk(s) : copyWalk(s, even);
  return even ? { ...walk, splits: 1 } : walk;
}

function splitsFor(s: ConvolutionShape, blocks: number): number {
  const panels = s.groups > 1 ? s.groups : Math.ceil((s.outputChannels / 8) * (s.maxOut > 1 ? 2 : 1));
  return Math.max(1, Math.min(panels, Math.floor(UNITS / blocks)));
}

function directWalk(s: ConvolutionShape): Walk {
  const all = s.batch * s.output[0] * s.output[1];
  const share = Math.ceil((all * s.matrices) / UNITS / TILE) * TILE;
  const bytes = Math.floor(BLOCK_BYTES / (4 * s.inputChannels) / TILE) * TILE;
  // Few rows make poor use of the panels that are read for them: rather split the columns.
  const pixels = Math.min(all, Math.max(8 * TILE, Math.min(share, bytes, 80 * TILE)));
  const blocks = Math.ceil(all / pixels) * s.matrices;
  return {
    mode: "direct",
    blocks,
    splits: splitsFor(s, blocks),
    pixels,
    rows: 1,
    images: 1,
    paddedRows: 0,
    paddedWidth: 0,
  };
}

function copyWalk(s: ConvolutionShape, even: boolean): Walk {
  const [height, width] = s.output;
  const paddedRows = (rows: number): number =>
    Math.max(1, (rows - 1) * s.stride[0] + Math.max(0, s.kernel[0] - 1) * s.dilation[0] + 1);
  const paddedWidth = Math.max(1, (width - 1) * s.stride[1] + Math.max(0, s.kernel[1] - 1) * s.dilation[1] + 1);
  const bytes = (images: number, rows: number): number => images * paddedRows(rows) * paddedWidth * s.inputChannels * 4;
  // Cycles: 2 vector operations at once in the tiles, about one float a cycle in the copy.
  const cost = (images: number, rows: number): number => {
    const rowBlocks = Math.ceil(height / rows);
    const blocks = Math.ceil(s.batch / images) * rowBlocks;
    const tiles = Math.ceil((images * rows * width) / TILE) * TILE;
    const block = (tiles * depthOf(s) * s.outputChannels * s.maxOut) / 4 + bytes(images, rows) / 4;
    const rounds = Math.ceil(blocks / 4) * 4;
    return rounds * block;
  };
  let best = { images: 1, rows: 1, cost: cost(1, 1) };
  const consider = (images: number, rows: number): void => {
    if (bytes(images, rows) > BLOCK_BYTES || (even && height % rows !== 0)) return;
    const value = cost(images, rows);
    if (value < best.cost) best = { images, rows, cost: value };
  };
  for (let rows = 2; rows <= height; rows++) consider(1, rows);
  for (let images = 2; images <= Math.min(s.batch, 16); images++) consider(images, height);
  const blocks = Math.ceil(s.batch / best.images) * Math.ceil(height / best.rows);
  return {
    mode: "copy",
    blocks,
    splits: splitsFor(s, blocks),
    pixels: best.images * best.rows * width,
    rows: best.rows,
    images: best.images,
    paddedRows: paddedRows(best.rows),
    paddedWidth,
  };
}
