/** The nodes of TensorFlow that a call becomes, one entry an operation. */
import type { TfjsCall, TfjsCallOf, TfjsConvolution, TfjsOp, TfjsPool } from "../call.ts";
import { isFixed, openShape, type BatchShape } from "./batch-shape.ts";
import {
  flagAttribute,
  integerAttribute,
  integersAttribute,
  textAttribute,
  textsAttribute,
  typeAttribute,
  type Attribute,
} from "./graph-def.ts";
import type { NodeBuilder } from "./node-builder.ts";

/** One call's place in the model. */
export interface CallPlace {
  readonly builder: NodeBuilder;
  /** What the names of its nodes begin with: the layer's path. */
  readonly scope: string;
  /** Nodes of the inputs, and their shapes. */
  readonly inputs: readonly string[];
  readonly inputShapes: readonly BatchShape[];
  readonly shape: BatchShape;
  /** The convolution's padding is `SAME`, and its input without zeros around it. */
  readonly same: boolean;
  /** A node of ones, one a sample: [N]. */
  readonly ones: () => string;
  /** Nodes of truth values, by those of the numbers 0 and 1 that were made of them. */
  readonly truths: Map<string, string>;
}

/** What can't be written for any number of samples. */
export class NeedsFixedBatch extends Error {}

/** Adds the call's nodes and gives the name of the one that has its value. Throws `NeedsFixedBatch`. */
export function addCall(call: TfjsCall, place: CallPlace): string {
  const add = rules[call.op] as (place: CallPlace, call: TfjsCall) => string;
  return add(place, call);
}

type Rule<K extends TfjsOp> = (place: CallPlace, call: TfjsCallOf<K>) => string;

type Rules = { readonly [K in TfjsOp]: Rule<K> };

const FLOAT = { T: typeAttribute("DT_FLOAT") } as const;

function node(
  { builder, scope }: CallPlace,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): string {
  return builder.add(op, `${scope}/${op.replace(/^_/, "")}`, inputs, { ...FLOAT, ...attributes });
}

const plain =
  (op: string): Rule<TfjsOp> =>
  (place) =>
    node(place, op, place.inputs);

/** Numbers 0 and 1 of truth values. */
const comparison =
  (op: string): Rule<TfjsOp> =>
  (place) =>
    asNumbers(place, node(place, op, place.inputs));

const reduction =
  (op: string): Rule<"sum" | "mean" | "max"> =>
  (place, { attributes }) =>
    node(place, op, [place.inputs[0]!, place.builder.integers(attributes.axes)], { keep_dims: flagAttribute(true) });

function asNumbers(place: CallPlace, truth: string): string {
  const numbers = node(place, "Cast", [truth], { SrcT: typeAttribute("DT_BOOL"), DstT: typeAttribute("DT_FLOAT") });
  place.truths.set(numbers, truth);
  return numbers;
}

function truthOf(place: CallPlace, numbers: string): string {
  return place.truths.get(numbers) ?? node(place, "NotEqual", [numbers, place.builder.filled([], 0)]);
}

const rules: Rules = {
  neg: plain("Neg"),
  abs: plain("Abs"),
  sign: plain("Sign"),
  square: plain("Square"),
  sqrt: plain("Sqrt"),
  rsqrt: plain("Rsqrt"),
  reciprocal: plain("Reciprocal"),
  exp: plain("Exp"),
  log: plain("Log"),
  sigmoid: plain("Sigmoid"),
  tanh: plain("Tanh"),
  erf: plain("Erf"),
  softplus: plain("Softplus"),
  relu: plain("Relu"),
  step: (place) => asNumbers(place, node(place, "Greater", [place.inputs[0]!, place.builder.filled([], 0)])),

  add: plain("AddV2"),
  sub: plain("Sub"),
  mul: plain("Mul"),
  div: plain("RealDiv"),
  maximum: plain("Maximum"),
  minimum: plain("Minimum"),
  pow: plain("Pow"),
  greater: comparison("Greater"),
  equal: comparison("Equal"),
  where: (place) => node(place, "SelectV2", [truthOf(place, place.inputs[0]!), ...place.inputs.slice(1)]),

  sum: reduction("Sum"),
  mean: reduction("Mean"),
  max: reduction("Max"),
  softmax: plain("Softmax"),

  reshape: (place) => node(place, "Reshape", [place.inputs[0]!, place.builder.integers(reshapeTarget(place.shape))]),
  broadcastTo: (place) => {
    const repeats = repetitions(place);
    const input = forEachSample(place, rankedInput(place));
    return repeats.every((count) => count === 1)
      ? input
      : node(place, "Tile", [input, place.builder.integers(repeats)]);
  },
  transpose: (place, { attributes }) =>
    node(place, "Transpose", [place.inputs[0]!, place.builder.integers(attributes.permutation)]),
  slice: (place, { attributes }) => {
    const size = place.shape.map((length, axis) =>
      length >= 0 ? length : toTheEnd(place, axis, attributes.start[axis]!),
    );
    return node(place, "Slice", [
      place.inputs[0]!,
      place.builder.integers(attributes.start),
      place.builder.integers(size),
    ]);
  },
  stridedSlice: (place, { attributes }) => {
    const { start, end, strides } = attributes;
    const open = place.shape.map((length, axis) => length < 0 && toTheEnd(place, axis, start[axis]!) < 0);
    const endMask = open.reduce((mask, isOpen, axis) => mask + (isOpen ? 2 ** axis : 0), 0);
    const ends = end.map((at, axis) => (open[axis] === true ? 0 : at));
    const tables = [start, ends, strides].map((values) => place.builder.integers(values));
    return node(place, "StridedSlice", [place.inputs[0]!, ...tables], {
      begin_mask: integerAttribute(0),
      end_mask: integerAttribute(endMask),
      ellipsis_mask: integerAttribute(0),
      new_axis_mask: integerAttribute(0),
      shrink_axis_mask: integerAttribute(0),
    });
  },
  pad: (place, { attributes: { before, after, value } }) => {
    const amounts = before.flatMap((amount, axis) => [amount, after[axis]!]);
    const table = place.builder.integers(amounts, [before.length, 2]);
    if (value === 0) return node(place, "Pad", [place.inputs[0]!, table]);
    return node(place, "PadV2", [place.inputs[0]!, table, place.builder.filled([], value)]);
  },
  concat: (place, { attributes }) =>
    node(place, "ConcatV2", [...place.inputs, place.builder.integers([attributes.axis], [])], {
      N: integerAttribute(place.inputs.length),
    }),
  reverse: (place, { attributes }) =>
    node(place, "ReverseV2", [place.inputs[0]!, place.builder.integers(attributes.axes)]),
  upsample: (place) =>
    node(place, "ResizeNearestNeighbor", [place.inputs[0]!, place.builder.integers(place.shape.slice(1, 3))], {
      align_corners: flagAttribute(false),
      half_pixel_centers: flagAttribute(false),
    }),

  matMul: (place, { attributes }) => {
    const { transposeA, transposeB, bias, activation } = attributes;
    const isMatrix = place.shape.length === 2;
    const [a, b] = isMatrix ? ["transpose_a", "transpose_b"] : ["adj_x", "adj_y"];
    const product = node(place, isMatrix ? "MatMul" : "BatchMatMulV2", place.inputs.slice(0, 2), {
      [a!]: flagAttribute(transposeA),
      [b!]: flagAttribute(transposeB),
    });
    // Not `_FusedMatMul`, whose kernel for wasm adds a wrong bias to all rows but the first.
    const sum = bias ? node(place, "AddV2", [product, place.inputs[2]!]) : product;
    return activation === "relu" ? node(place, "Relu", [sum]) : sum;
  },
  conv2d: (place, { attributes }) => {
    const { bias, activation } = attributes;
    const convolution = convolutionAttributes(attributes, place.same);
    // TensorFlow.js reads fused nodes only where there is a bias.
    if (bias) {
      return node(place, "_FusedConv2D", place.inputs, {
        ...convolution,
        num_args: integerAttribute(1),
        fused_ops: textsAttribute(["BiasAdd", ...(activation === "relu" ? ["Relu"] : [])]),
      });
    }
    const product = node(place, "Conv2D", place.inputs, convolution);
    return activation === "relu" ? node(place, "Relu", [product]) : product;
  },
  depthwiseConv2d: (place, { attributes }) =>
    node(place, "DepthwiseConv2dNative", place.inputs, convolutionAttributes(attributes, place.same)),
  conv2dInputGradient: (place, { attributes: { inputShape, ...convolution } }) => {
    if (!isFixed(place.shape)) throw new NeedsFixedBatch("a gradient's shape");
    const [g, w] = place.inputs;
    const attributes = convolutionAttributes({ ...convolution, dilations: [1, 1] }, false);
    return node(place, "Conv2DBackpropInput", [place.builder.integers(inputShape), w!, g!], attributes);
  },
  conv2dFilterGradient: notInModels,
  depthwiseFilterGradient: notInModels,

  maxPool: (place, { attributes }) => node(place, "MaxPool", place.inputs, poolAttributes(attributes)),
  avgPool: (place, { attributes }) => node(place, "AvgPool", place.inputs, poolAttributes(attributes)),
};

/** TensorFlow.js's reader of graph models has no nodes for them. */
function notInModels(_place: CallPlace, { op }: TfjsCall): never {
  throw new Error(`${op} is no part of graph models`);
}

function convolutionAttributes(
  { strides, padding, dilations }: TfjsConvolution,
  same: boolean,
): Readonly<Record<string, Attribute>> {
  const [top, bottom, left, right] = padding;
  const isPadded = padding.some((amount) => amount > 0);
  return {
    strides: integersAttribute([1, ...strides, 1]),
    dilations: integersAttribute([1, ...dilations, 1]),
    data_format: textAttribute("NHWC"),
    padding: textAttribute(isPadded ? "EXPLICIT" : same ? "SAME" : "VALID"),
    ...(isPadded ? { explicit_paddings: integersAttribute([0, 0, top, bottom, left, right, 0, 0]) } : {}),
  };
}

function poolAttributes({ window, strides }: TfjsPool): Readonly<Record<string, Attribute>> {
  return {
    ksize: integersAttribute([1, ...window, 1]),
    strides: integersAttribute([1, ...strides, 1]),
    data_format: textAttribute("NHWC"),
    padding: textAttribute("VALID"),
  };
}

/** One length may be found from the number of elements. */
function reshapeTarget(shape: BatchShape): readonly number[] {
  if (shape.filter((length) => length < 0).length > 1) throw new NeedsFixedBatch("a shape");
  return openShape(shape);
}

/** The input of a broadcast with as many axes as the result. */
function rankedInput(place: CallPlace): string {
  const [shape] = place.inputShapes as readonly [BatchShape];
  const missing = place.shape.length - shape.length;
  if (missing === 0) return place.inputs[0]!;
  const ranked = [...Array<number>(missing).fill(1), ...shape];
  return node(place, "Reshape", [place.inputs[0]!, place.builder.integers(reshapeTarget(ranked))]);
}

/** An axis with one length a sample has it from `forEachSample`. */
function repetitions({ inputShapes, shape }: CallPlace): readonly number[] {
  const [from] = inputShapes as readonly [BatchShape];
  const missing = shape.length - from.length;
  return shape.map((length, axis) => {
    const before = from[axis - missing] ?? 1;
    if (length === -1 && before === 1) return 1;
    if (before < 0 !== length < 0) throw new NeedsFixedBatch("a broadcast");
    return length / before;
  });
}

/** The input with one length a sample where it had length 1 and the result has that. */
function forEachSample(place: CallPlace, input: string): string {
  const { builder, inputShapes, shape } = place;
  const [from] = inputShapes as readonly [BatchShape];
  const missing = shape.length - from.length;
  const axis = shape.findIndex((length, axis) => length === -1 && (from[axis - missing] ?? 1) === 1);
  if (axis < 0) return input;
  const target = shape.map((_, i) => (i === axis ? -1 : 1));
  return node(place, "Mul", [input, node(place, "Reshape", [place.ones(), builder.integers(target)])]);
}

/** −1, which stands for all that is behind the start of a slice, where all of a batch is taken. */
function toTheEnd({ inputShapes, shape }: CallPlace, axis: number, start: number): number {
  if (start !== 0 || inputShapes[0]![axis] !== shape[axis]) throw new NeedsFixedBatch("a slice");
  return -1;
}
