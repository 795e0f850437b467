/**
 * Convolution and its two transposes as products of packed panels (im2col), a block of output pixels at a time. Groups
 * of one channel go to `depthwise.ts`.
 */
import type { Tensor } from "../../../device.ts";
import type { Kernel, KernelTable } from "../kernel.ts";
import { blockRows, multiplyPanels, padded, panelSize } from "../product.ts";
import { scratch } from "../scratch.ts";
import {
  convolutionGeometry,
  packPatchColumns,
  packPatchRows,
  packPixelColumns,
  packPixelRows,
  type Geometry,
} from "./convolution-geometry.ts";
import { depthwise, depthwiseInputGradient, depthwiseWeightGradient } from "./depthwise.ts";

const conv2d: Kernel<"conv2d"> = (node, [x, w]) => {
  const g = convolutionGeometry(node.attributes, x!, w!, node.shape);
  if (g.groupChannels === 1 && g.groups > 1) {
    const run = depthwise(g);
    return (inputs, out) => run(inputs[0]!, inputs[1]!, out);
  }
  return (inputs, out) => {
    for (let group = 0; group < g.groups; group++) forward(inputs[0]!, inputs[1]!, out, g, group);
  };
};

/** out[pixel, o] = Σ patch[pixel, k] · w[o, k]. */
function forward(x: Tensor, w: Tensor, out: Tensor, g: Geometry, group: number): void {
  const { patch, groupOutChannels, outChannels } = g;
  const rows = g.images * g.pixels;
  const block = blockRows(rows, patch);
  const pitch = padded(groupOutChannels);
  const filters = scratch("panel b", panelSize(groupOutChannels, patch));
  const patches = scratch("panel a", panelSize(block, patch));
  const product = scratch("product", block * pitch);
  const channel = group * g.groupChannels;
  packPixelRows(w, patch, 0, patch, group * groupOutChannels, groupOutChannels, filters);
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first);
    if (g.pointwise) packPixelRows(x, g.channels, channel, patch, first, count, patches);
    else packPatchRows(x, g, channel, first, count, patches);
    multiplyPanels(patches, padded(count) / 4, filters, pitch / 4, patch, product, pitch, false);
    for (let r = 0; r < count; r++) {
      let o = (first + r) * outChannels + group * groupOutChannels;
      for (let i = r * pitch; i < r * pitch + groupOutChannels; i++) out[o++] = product[i]!;
    }
  }
}

const conv2dInputGradient: Kernel<"conv2d_input_gradient"> = (node, [gradient, w]) => {
  const g = convolutionGeometry(node.attributes, node.shape, w!, gradient!);
  if (g.groupChannels === 1 && g.groups > 1) {
    const run = depthwiseInputGradient(g);
    return (inputs, out) => run(inputs[0]!, inputs[1]!, out);
  }
  return (inputs, out) => {
    for (let group = 0; group < g.groups; group++) inputGradient(inputs[0]!, inputs[1]!, out, g, group);
  };
};

/** patches[pixel, k] = Σ gradient[pixel, o] · w[o, k], then every patch is added back to where it came from. */
function inputGradient(gradient: Tensor, w: Tensor, out: Tensor, g: Geometry, group: number): void {
  const { patch, groupChannels, groupOutChannels, outChannels, pixels } = g;
  // Whole images, so that each image's sums are complete before they are rounded.
  const imagesAtOnce = g.pointwise ? g.images : Math.max(1, Math.min(g.images, Math.floor(128 / pixels)));
  const block = blockRows(imagesAtOnce * pixels, Math.max(patch, groupOutChannels));
  const pitch = padded(patch);
  const filters = scratch("panel b", panelSize(patch, groupOutChannels));
  const rows = scratch("panel a", panelSize(block, groupOutChannels));
  const product = scratch("product", block * pitch);
  const area = g.height * g.width;
  const sums = g.pointwise ? product : scratch("image", imagesAtOnce * area * groupChannels);
  packPixelColumns(w, patch, 0, patch, group * groupOutChannels, groupOutChannels, filters);

  for (let image = 0; image < g.images; image += imagesAtOnce) {
    const begin = image * pixels;
    const images = Math.min(imagesAtOnce, g.images - image);
    const end = begin + images * pixels;
    if (!g.pointwise) sums.fill(0, 0, images * area * groupChannels);
    for (let first = begin; first < end; first += block) {
      const count = Math.min(block, end - first);
      packPixelRows(gradient, outChannels, group * groupOutChannels, groupOutChannels, first, count, rows);
      multiplyPanels(rows, padded(count) / 4, filters, pitch / 4, groupOutChannels, product, pitch, false);
      if (g.pointwise) storeChannels(product, pitch, count, out, g, first, group);
      else addPatches(product, pitch, first - begin, count, g, sums);
    }
    if (!g.pointwise) storeChannels(sums, groupChannels, images * area, out, g, image * area, group);
  }
}

/** Writes rows of one group's channels to the pixels of `out` from `first` on. */
function storeChannels(
  rows: Float64Array,
  pitch: number,
  count: number,
  out: Tensor,
  g: Geometry,
  first: number,
  group: number,
): void {
  const { channels, groupChannels } = g;
  for (let r = 0; r < count; r++) {
    let o = (first + r) * channels + group * groupChannels;
    for (let i = r * pitch; i < r * pitch + groupChannels; i++) out[o++] = rows[i]!;
  }
}

/** Adds patches to the images they were cut from (col2im). Pixels are counted from the first of these images. */
function addPatches(
  patches: Float64Array,
  pitch: number,
  first: number,
  count: number,
  g: Geometry,
  sums: Float64Array,
): void {
  const { height, width, groupChannels, outWidth, pixels } = g;
  for (let r = 0; r < count; r++) {
    const image = Math.floor((first + r) / pixels);
    const pixel = first + r - image * pixels;
    const outY = Math.floor(pixel / outWidth);
    const y0 = outY * g.strideY - g.top;
    const x0 = (pixel - outY * outWidth) * g.strideX - g.left;
    let i = r * pitch;
    for (let ky = 0; ky < g.kernelHeight; ky++) {
      const y = y0 + ky * g.dilationY;
      for (let kx = 0; kx < g.kernelWidth; kx++, i += groupChannels) {
        const x = x0 + kx * g.dilationX;
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        const start = ((image * height + y) * width + x) * groupChannels;
        for (let c = 0; c < groupChannels; c++) sums[start + c] = sums[start + c]! + patches[i + c]!;
      }
    }
  }
}

const conv2dWeightGradient: Kernel<"conv2d_weight_gradient"> = (node, [x, gradient]) => {
  const g = convolutionGeometry(node.attributes, x!, node.shape, gradient!);
  if (g.groupChannels === 1 && g.groups > 1) {
    const run = depthwiseWeightGradient(g);
    return (inputs, out) => run(inputs[0]!, inputs[1]!, out);
  }
  return (inputs, out) => {
    for (let group = 0; group < g.groups; group++) weightGradient(inputs[0]!, inputs[1]!, out, g, group);
  };
};

/** dw[o, k] = Σ gradient[pixel, o] · patch[pixel, k], in double precision over all pixels. */
function weightGradient(x: Tensor, gradient: Tensor, out: Tensor, g: Geometry, group: number): void {
  const { patch, groupOutChannels, outChannels } = g;
  const rows = g.images * g.pixels;
  // Deep enough that loading and storing the sums is little work beside the products.
  const block = Math.min(padded(rows), Math.max(128, blockRows(rows, patch + groupOutChannels)));
  const pitch = padded(patch);
  const channel = group * g.groupChannels;
  const columns = scratch("panel a", panelSize(groupOutChannels, block));
  const patches = scratch("panel b", panelSize(patch, block));
  const sums = scratch("product", padded(groupOutChannels) * pitch);
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first);
    packPixelColumns(gradient, outChannels, group * groupOutChannels, groupOutChannels, first, count, columns);
    if (g.pointwise) packPixelColumns(x, g.channels, channel, patch, first, count, patches);
    else packPatchColumns(x, g, channel, first, count, patches);
    multiplyPanels(columns, padded(groupOutChannels) / 4, patches, pitch / 4, count, sums, pitch, first > 0);
  }
  for (let r = 0; r < groupOutChannels; r++) {
    let o = (group * groupOutChannels + r) * patch;
    for (let i = r * pitch; i < r * pitch + patch; i++) out[o++] = sums[i]!;
  }
}

export const convolutionKernels = {
  conv2d,
  conv2d_input_gradient: conv2dInputGradient,
  conv2d_weight_gradient: conv2dWeightGradient,
} satisfies Partial<KernelTable>;
