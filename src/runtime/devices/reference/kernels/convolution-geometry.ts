/** Sizes of a convolution, and its patches as rows of a matrix (im2col), packed for the product. */
import type { ConvAttributes, Shape } from "../../../../compiler/graph/graph.ts";
import type { Tensor } from "../../../device.ts";

export interface Geometry {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  /** Of the whole image, and of one group of it. */
  readonly channels: number;
  readonly groupChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly groupOutChannels: number;
  readonly groups: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly top: number;
  readonly left: number;
  readonly dilationY: number;
  readonly dilationX: number;
  /** Output pixels of one image. */
  readonly pixels: number;
  /** Numbers in the patch of one group: kernel height · kernel width · channels of the group. */
  readonly patch: number;
  /** A patch is just the pixel at the same place: 1×1, no stride, no padding. */
  readonly pointwise: boolean;
}

/** From the shapes of image, weight and output. */
export function convolutionGeometry(attributes: ConvAttributes, x: Shape, w: Shape, y: Shape): Geometry {
  const [images, height, width, channels] = x as [number, number, number, number];
  const [outChannels, kernelHeight, kernelWidth, groupChannels] = w as [number, number, number, number];
  const [, outHeight, outWidth] = y as [number, number, number, number];
  const { groups, stride, padding, dilation } = attributes;
  return {
    images,
    height,
    width,
    channels,
    groupChannels,
    outHeight,
    outWidth,
    outChannels,
    groupOutChannels: outChannels / groups,
    groups,
    kernelHeight,
    kernelWidth,
    strideY: stride[0],
    strideX: stride[1],
    top: padding[0],
    left: padding[2],
    dilationY: dilation[0],
    dilationX: dilation[1],
    pixels: outHeight * outWidth,
    patch: kernelHeight * kernelWidth * groupChannels,
    pointwise:
      kernelHeight === 1 && kernelWidth === 1 && stride[0] === 1 && stride[1] === 1 && padding.every((p) => p === 0),
  };
}

/**
 * Packs the patches of `count` output pixels from `first` on (counted through the whole batch) as rows: strips of four
 * pixels, `patch` deep. `channel` is the group's first channel.
 */
export function packPatchRows(
  x: Tensor,
  g: Geometry,
  channel: number,
  first: number,
  count: number,
  panel: Float64Array,
): void {
  const { height, width, channels, groupChannels, outWidth, pixels, patch } = g;
  for (let r = 0; r < count; r++) {
    const image = Math.floor((first + r) / pixels);
    const pixel = first + r - image * pixels;
    const outY = Math.floor(pixel / outWidth);
    const y0 = outY * g.strideY - g.top;
    const x0 = (pixel - outY * outWidth) * g.strideX - g.left;
    let o = (r >> 2) * patch * 4 + (r & 3);
    for (let ky = 0; ky < g.kernelHeight; ky++) {
      const y = y0 + ky * g.dilationY;
      const row = (image * height + y) * width;
      const inside = y >= 0 && y < height;
      for (let kx = 0; kx < g.kernelWidth; kx++) {
        const column = x0 + kx * g.dilationX;
        if (inside && column >= 0 && column < width) {
          const start = (row + column) * channels + channel;
          for (let i = start; i < start + groupChannels; i++, o += 4) panel[o] = x[i]!;
        } else {
          for (let i = 0; i < groupChannels; i++, o += 4) panel[o] = 0;
        }
      }
    }
  }
}

/**
 * Packs the same patches as columns: strips of four patch elements, `count` deep, for products that sum over pixels.
 */
export function packPatchColumns(
  x: Tensor,
  g: Geometry,
  channel: number,
  first: number,
  count: number,
  panel: Float64Array,
): void {
  const { height, width, channels, groupChannels, outWidth, pixels } = g;
  const jump = count * 4 - 3;
  for (let r = 0; r < count; r++) {
    const image = Math.floor((first + r) / pixels);
    const pixel = first + r - image * pixels;
    const outY = Math.floor(pixel / outWidth);
    const y0 = outY * g.strideY - g.top;
    const x0 = (pixel - outY * outWidth) * g.strideX - g.left;
    let o = r * 4;
    for (let ky = 0; ky < g.kernelHeight; ky++) {
      const y = y0 + ky * g.dilationY;
      const row = (image * height + y) * width;
      const inside = y >= 0 && y < height;
      for (let kx = 0; kx < g.kernelWidth; kx++) {
        const column = x0 + kx * g.dilationX;
        const start = (row + column) * channels + channel;
        const read = inside && column >= 0 && column < width;
        for (let i = start; i < start + groupChannels; i++) {
          panel[o] = read ? x[i]! : 0;
          o += (o & 3) === 3 ? jump : 1;
        }
      }
    }
  }
}

/** Packs `count` pixels of `g` [.., outChannels] as rows, one group's channels deep. */
export function packPixelRows(
  x: Tensor,
  channels: number,
  channel: number,
  depth: number,
  first: number,
  count: number,
  panel: Float64Array,
): void {
  for (let r = 0; r < count; r++) {
    const start = (first + r) * channels + channel;
    let o = (r >> 2) * depth * 4 + (r & 3);
    for (let i = start; i < start + depth; i++, o += 4) panel[o] = x[i]!;
  }
}

/** Packs one group's channels of `count` pixels as strips of four channels, `count` deep. */
export function packPixelColumns(
  x: Tensor,
  channels: number,
  channel: number,
  width: number,
  first: number,
  count: number,
  panel: Float64Array,
): void {
  const jump = count * 4 - 3;
  for (let r = 0; r < count; r++) {
    const start = (first + r) * channels + channel;
    let o = r * 4;
    for (let i = start; i < start + width; i++) {
      panel[o] = x[i]!;
      o += (o & 3) === 3 ? jump : 1;
    }
  }
}
