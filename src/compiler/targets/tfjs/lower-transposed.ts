/**
 * Transposed convolutions as convolutions forward. With strides, the pixels of the result whose places are equal modulo the
 * strides are made of the same taps: each such phase is a convolution of the cotangent with a part of the taps, all phases are
 * the channels of one convolution, and their pixels are put between each other at last. This multiplies no zeros, as one with
 * zeros between the cotangent's pixels would.
 */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { around, convolve, stuffed, transposedPadding, type Sides } from "./lower-geometry.ts";

type Pair = readonly [number, number];

/** Rows of 0 and 1: which tap of the kernel, if any, each is. */
type Choice = readonly (readonly number[])[];

export interface TapFilters {
  readonly outputs: number;
  readonly inputs: number;
  /**
   * [rows, O·I]: the filters of the taps that are chosen, zeros where none is. A product with a matrix of 0 and 1 is exact, and
   * faster than turning and gathering.
   */
  readonly chosen: (choice: Choice) => CallValue;
}

export interface Geometry {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
}

/**
 * Along one axis: a pixel s·q + phase takes the tap phase + p + s·(most − j) of the cotangent's pixel q − most + j, for j from 0
 * to `taps` − 1, where there is such a tap; p is the padding before.
 */
interface Phases {
  readonly taps: number;
  readonly most: number;
  /** Pixels of a phase. */
  readonly length: number;
  readonly tapAt: (phase: number, j: number) => number | undefined;
}

function phasesOf(axis: 0 | 1, inputShape: Shape, { kernel, stride, padding }: Geometry): Phases {
  const [k, s, p] = [kernel[axis], stride[axis], padding[2 * axis]!];
  const most = Math.floor((k - 1 - p) / s);
  const least = -Math.floor((s - 1 + p) / s);
  return {
    taps: most - least + 1,
    most,
    length: Math.ceil(inputShape[axis + 1]! / s),
    tapAt: (phase, j) => {
      const tap = phase + p + s * (most - j);
      return tap >= 0 && tap < k ? tap : undefined;
    },
  };
}

/** A row for each tap of each phase, (j, phase) in row-major order: 1 at the tap of the kernel that it is, none outside. */
function choiceOf(rows: Phases, columns: Phases, { kernel, stride }: Geometry): Choice {
  const chosen: (readonly number[])[] = [];
  for (const y of range(rows.taps)) {
    for (const x of range(columns.taps)) {
      for (const phaseY of range(stride[0])) {
        for (const phaseX of range(stride[1])) {
          const [tapY, tapX] = [rows.tapAt(phaseY, y), columns.tapAt(phaseX, x)];
          const at = tapY === undefined || tapX === undefined ? -1 : tapY * kernel[1] + tapX;
          chosen.push(range(sizeOf(kernel)).map((tap) => (tap === at ? 1 : 0)));
        }
      }
    }
  }
  return chosen;
}

const reversal = (taps: number): Choice => range(taps).map((row) => range(taps).map((tap) => (row + tap === taps - 1 ? 1 : 0))); // prettier-ignore

const range = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);

/** g [N,H',W',O] → `inputShape` [N,H,W,I]. */
export function transposedConvolution(
  b: CallBuilder,
  g: CallValue,
  { outputs, inputs, chosen }: TapFilters,
  inputShape: Shape,
  geometry: Geometry,
): CallValue {
  const { kernel, stride, dilation } = geometry;
  if (sizeOf(stride) === 1 || sizeOf(dilation) > 1) {
    const turned = c.reshape(b, chosen(reversal(sizeOf(kernel))), [...kernel, outputs, inputs]);
    return convolveStuffed(b, "conv2d", g, turned, inputShape, geometry);
  }
  const [rows, columns] = [phasesOf(0, inputShape, geometry), phasesOf(1, inputShape, geometry)];
  const phases = sizeOf(stride);
  const places = rows.taps * columns.taps;
  const byPhase = c.reshape(b, chosen(choiceOf(rows, columns, geometry)), [places, phases, outputs, inputs]);
  const wide = c.transpose(b, byPhase, [0, 2, 1, 3]);
  const [batch, height, width] = b.shapeOf(g) as Sides;
  const after = (axis: Phases, length: number): number => axis.length - length - axis.most + axis.taps - 1;
  const made = convolve(b, "conv2d", g, c.reshape(b, wide, [rows.taps, columns.taps, outputs, phases * inputs]), {
    strides: [1, 1],
    padding: [rows.most, after(rows, height), columns.most, after(columns, width)],
    dilations: [1, 1],
  });
  // [N·H″, W″, s, s·I] → [N·H″, s, W″, s·I]: rows of the phases below each other.
  const apart = c.reshape(b, made, [batch * rows.length, columns.length, stride[0], stride[1] * inputs]);
  const between = c.transpose(b, apart, [0, 2, 1, 3]);
  const [fullHeight, fullWidth] = [rows.length * stride[0], columns.length * stride[1]];
  const whole = c.reshape(b, between, [batch, fullHeight, fullWidth, inputs]);
  return around(b, whole, [0, inputShape[1]! - fullHeight, 0, inputShape[2]! - fullWidth]);
}

/** The same channel by channel, of filters [kh·kw,C]. */
export function transposedDepthwise(
  b: CallBuilder,
  g: CallValue,
  filters: CallValue,
  inputShape: Shape,
  geometry: Geometry,
): CallValue {
  const [taps, channels] = b.shapeOf(filters) as readonly [number, number];
  const turned = c.matMul(b, c.constant(b, reversal(taps).flat(), [taps, taps]), filters);
  const whole = c.reshape(b, turned, [...geometry.kernel, channels, 1]);
  return convolveStuffed(b, "depthwiseConv2d", g, whole, inputShape, geometry);
}

/** The cotangent with zeros between its pixels under the turned filters. */
function convolveStuffed(
  b: CallBuilder,
  kind: "conv2d" | "depthwiseConv2d",
  g: CallValue,
  turned: CallValue,
  inputShape: Shape,
  geometry: Geometry,
): CallValue {
  const spread = stuffed(b, g, geometry.stride);
  const [, height, width] = b.shapeOf(spread) as Sides;
  const padding = transposedPadding(inputShape, [height, width], geometry.kernel, geometry);
  return convolve(b, kind, spread, turned, { strides: [1, 1], padding, dilations: geometry.dilation });
}
