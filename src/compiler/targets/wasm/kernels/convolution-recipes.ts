/** The graph's convolutions as recipes: pack the weights, then one kernel. Shapes are the graph's (NHWC, OHWI). */
import { describeConvolution, type ConvolutionShape } from "../../../plan/convolution-shape.ts";
import type { ConvolutionSpec, WeightGradientSpec } from "../../../plan/kernel-specs.ts";
import type { Recipe } from "../kernel.ts";
import { convolutionKernel, gatheredReduction, phasedKernel, type ConvolutionPhase } from "./convolution.ts";
import { packedSize } from "./geometry.ts";
import { packKernel, type PackBlock } from "./panels.ts";
import { joinKernel, partNames } from "./reduce.ts";
import { renameBuffers } from "../kernel.ts";
import { weightGradientKernel } from "./weight-gradient.ts";

/** Weights as panels [(ky, kx, c)][o]. */
function forwardPack(s: ConvolutionShape): PackBlock {
  const channels = s.inputChannels / s.groups;
  const columns = (s.outputChannels / s.groups) * s.maxOut;
  const row = s.kernel[0] * s.kernel[1] * channels;
  return {
    groups: { count: s.groups, source: columns * row, target: packedSize(s) / s.groups },
    taps: s.kernel,
    depth: channels,
    columns,
    offset: 0,
    tapStrides: [s.kernel[1] * channels, channels],
    depthStride: 1,
    columnStride: row,
    target: 0,
    maxOut: s.maxOut,
  };
}

/**
 * conv2d with its epilogue. Buffers: `x`, `w`, `packed` (temporary: the packed weights, the first step writes them; where the weights are
 * constant the first step may be left out of later runs), `p…`, `e…`, `r…`, `norm`, `out`, `out2`, `gathered`, `mean`.
 */
export function convolutionRecipe(spec: ConvolutionSpec): Recipe {
  const { shape } = spec;
  const pack = packKernel(describeConvolution("pack", shape), [forwardPack(shape)]);
  const kernel = convolutionKernel(describeConvolution("conv2d", shape), spec);
  return withGathered(shape, spec, {
    steps: [renameBuffers(pack, { source: "w" }), kernel],
    temporaries: { packed: packedSize(shape) * 4 },
  });
}

/** Joins the parts of what the last kernel has gathered. */
function withGathered(shape: ConvolutionShape, spec: Omit<ConvolutionSpec, "shape">, recipe: Recipe): Recipe {
  if (spec.gather === undefined) return recipe;
  const { reduce, parts } = gatheredReduction(shape, spec, spec.gather);
  const join = joinKernel(describeConvolution(`reduce_${reduce.kind}, parts of`, shape), reduce, parts);
  const bytes = 4 * parts.count * reduce.inner;
  return {
    steps: [...recipe.steps, renameBuffers(join, { out: "gathered" })],
    temporaries: {
      ...recipe.temporaries,
      ...Object.fromEntries(partNames(reduce).map((name) => [name, bytes])),
    },
  };
}

/** Taps of one axis that meet the inputs i ≡ first (mod stride), and where they read the output's gradient. */
interface AxisPhase {
  readonly first: number;
  readonly size: number;
  /** Taps from the last to the first: the phase's kernel reads g forwards. */
  readonly taps: readonly number[];
  readonly offset: number;
  readonly dilation: number;
}

/**
 * Input i gets w[k]·g[(i + padding − k·dilation) / stride] wherever that is whole. For inputs of one residue these are
 * every p-th tap, a small convolution over g without gaps.
 */
function axisPhases(input: number, kernel: number, stride: number, dilation: number, padding: number): AxisPhase[] {
  const phases: AxisPhase[] = [];
  for (let first = 0; first < Math.min(stride, input); first++) {
    const taps = Array.from({ length: kernel }, (_, k) => k).filter(
      (k) => (((first + padding - k * dilation) % stride) + stride) % stride === 0,
    );
    taps.reverse();
    const reads = taps.map((k) => (first + padding - k * dilation) / stride);
    phases.push({
      first,
      size: Math.ceil((input - first) / stride),
      taps,
      offset: reads.length === 0 ? 0 : -reads[0]!,
      dilation: reads.length > 1 ? reads[1]! - reads[0]! : 1,
    });
  }
  return phases;
}

/**
 * conv2d_input_gradient: (g [N,H',W',O], w [O,kh,kw,C/groups]) → [N,H,W,C], a convolution of g with the flipped,
 * transposed weights; for strides one for every residue of the pixels (then without `gather`). `spec.prologue` applies to g (rows are its
 * pixels, channels O), `spec.epilogue` to the result. Buffers: `x` (g), `w`, `packed` (temporary), `p…`, `e…`, `out`.
 */
export function inputGradientRecipe(
  forward: ConvolutionShape,
  spec: Pick<ConvolutionSpec, "prologue" | "epilogue" | "gather"> = {},
): Recipe {
  const { groups } = forward;
  const channels = forward.inputChannels / groups;
  const columns = forward.outputChannels / groups;
  const [kh, kw] = forward.kernel;
  const axes = [0, 1].map((axis) =>
    axisPhases(
      forward.input[axis]!,
      forward.kernel[axis]!,
      forward.stride[axis]!,
      forward.dilation[axis]!,
      forward.offset[axis]!,
    ),
  );
  const phases: ConvolutionPhase[] = [];
  const blocks: PackBlock[] = [];
  let packed = 0;
  for (const v of axes[0]!) {
    for (const h of axes[1]!) {
      const shape: ConvolutionShape = {
        matrices: 1,
        batch: forward.batch,
        input: forward.output,
        inputChannels: forward.outputChannels,
        output: [v.size, h.size],
        outputChannels: forward.inputChannels,
        kernel: v.taps.length === 0 || h.taps.length === 0 ? [0, 0] : [v.taps.length, h.taps.length],
        stride: [1, 1],
        dilation: [v.dilation, h.dilation],
        offset: [v.offset, h.offset],
        groups,
        maxOut: 1,
      };
      const whole = forward.stride[0] === 1 && forward.stride[1] === 1;
      const place = { size: forward.input, stride: forward.stride, first: [v.first, h.first] as const };
      phases.push({ shape, packed, ...(whole ? {} : { place }) });
      if (shape.kernel[0] > 0) {
        const tapRow = kw * channels;
        const step = (taps: readonly number[]): number => (taps.length > 1 ? taps[1]! - taps[0]! : 0);
        blocks.push({
          groups: { count: groups, source: columns * kh * tapRow, target: packedSize(shape) / groups },
          taps: shape.kernel,
          depth: columns,
          columns: channels,
          offset: v.taps[0]! * tapRow + h.taps[0]! * channels,
          tapStrides: [step(v.taps) * tapRow, step(h.taps) * channels],
          depthStride: kh * tapRow,
          columnStride: 1,
          target: packed,
          maxOut: 1,
        });
      }
      packed += packedSize(shape);
    }
  }
  const pack = packKernel(describeConvolution("pack transposed", forward), blocks);
  const kernel = phasedKernel(describeConvolution("conv2d_input_gradient", forward), phases, spec);
  return withGathered(phases[0]!.shape, spec, {
    steps: [renameBuffers(pack, { source: "w" }), kernel],
    temporaries: { packed: packed * 4 },
  });
}

/** conv2d_weight_gradient. Buffers: `x`, `g`, `p…`, `out`. */
export function weightGradientRecipe(spec: WeightGradientSpec): Recipe {
  return {
    steps: [weightGradientKernel(describeConvolution("conv2d_weight_gradient", spec.shape), spec)],
    temporaries: {},
  };
}
