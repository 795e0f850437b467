/**
 * The calls of plans as kernels of TensorFlow.js. Kernels are run by name, below the functions of `tf`: arguments are not
 * checked and converted again, nothing is recorded for gradients, and what a plan needs of a backend is known before it
 * runs. The attributes are those that the functions of `tf` pass on in 4.22.
 */
import type { TfjsAttributes, TfjsConvolution, TfjsOp, TfjsPool } from "../../../compiler/targets/tfjs/call.ts";
import { sameShape, type Shape } from "../../../shape.ts";
import type { KernelAttributes, TfjsTensor } from "./tf.ts";

export type KernelInputs = Readonly<Record<string, TfjsTensor>>;

/** Kernels of the backend that is current. Who makes them disposes all that a call makes beside its result. */
export interface Kernels {
  run(name: string, inputs: KernelInputs, attributes?: KernelAttributes): TfjsTensor;
  /** Shared: not to be disposed. */
  scalar(value: number): TfjsTensor;
}

export interface CallKernels<K extends TfjsOp> {
  /** Names of all kernels that it may run. */
  readonly kernels: readonly string[];
  readonly make: (
    kernels: Kernels,
    inputs: readonly TfjsTensor[],
    attributes: TfjsAttributes[K],
    shape: Shape,
  ) => TfjsTensor;
}

interface Plain {
  readonly kernels: readonly string[];
  readonly make: (kernels: Kernels, inputs: readonly TfjsTensor[]) => TfjsTensor;
}

function unary(kernel: string): Plain {
  return { kernels: [kernel], make: ({ run }, [x]) => run(kernel, { x: x! }) };
}

function binary(kernel: string): Plain {
  return { kernels: [kernel], make: ({ run }, [a, b]) => run(kernel, { a: a!, b: b! }) };
}

/** Kernels give truth values, plans have numbers. */
function comparison(kernel: string): Plain {
  return { kernels: [kernel, "Cast"], make: ({ run }, [a, b]) => toFloat(run, run(kernel, { a: a!, b: b! })) };
}

function toFloat(run: Kernels["run"], x: TfjsTensor): TfjsTensor {
  return x.dtype === "float32" ? x : run("Cast", { x }, { dtype: "float32" });
}

/** Reductions that keep the axes. */
function reduction<K extends "sum" | "mean" | "max">(kernel: string, axesName: string): CallKernels<K> {
  return {
    kernels: [kernel],
    make: ({ run }, [x], { axes }: { readonly axes: readonly number[] }) =>
      run(kernel, { x: x! }, { [axesName]: [...axes], keepDims: true }),
  };
}

function pool<K extends "maxPool" | "avgPool">(kernel: string): CallKernels<K> {
  return {
    kernels: [kernel],
    make: ({ run }, [x], { window, strides }: TfjsPool) =>
      run(kernel, { x: x! }, { filterSize: [...window], strides: [...strides], pad: "valid" }),
  };
}

const TILED = ["Reshape", "Tile"];

/** x repeated to a shape that it broadcasts to; x itself where it has that already. */
function tiled({ run }: Kernels, x: TfjsTensor, shape: Shape): TfjsTensor {
  if (sameShape(x.shape, shape)) return x;
  const whole = [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
  const raised = whole.length === x.shape.length ? x : run("Reshape", { x }, { shape: whole });
  const reps = shape.map((length, axis) => (whole[axis] === length ? 1 : length));
  return reps.every((n) => n === 1) ? raised : run("Tile", { x: raised }, { reps });
}

/** "valid" is the only padding that all backends take. */
function paddingOf([top, bottom, left, right]: TfjsConvolution["padding"]): unknown {
  if (top === 0 && bottom === 0 && left === 0 && right === 0) return "valid";
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function windowOf({ strides, padding }: Pick<TfjsConvolution, "strides" | "padding">): KernelAttributes {
  return { strides: [...strides], pad: paddingOf(padding), dataFormat: "NHWC" };
}

/** A bias behind two other inputs where the epilogue has one. */
function fusedInputs(inputs: KernelInputs, bias: TfjsTensor | undefined): KernelInputs {
  return bias === undefined ? inputs : { ...inputs, bias };
}

function isPlain({ bias, activation }: TfjsAttributes["matMul"] | TfjsAttributes["conv2d"]): boolean {
  return !bias && activation === "linear";
}

/** Fused products take matrices in stacks only. */
function stacked({ run }: Kernels, x: TfjsTensor): TfjsTensor {
  if (x.shape.length === 3) return x;
  const [rows, columns] = x.shape.slice(-2);
  return run("Reshape", { x }, { shape: [x.size / (rows! * columns!), rows!, columns!] });
}

export const calls: { readonly [K in TfjsOp]: CallKernels<K> } = {
  neg: unary("Neg"),
  abs: unary("Abs"),
  sign: unary("Sign"),
  square: unary("Square"),
  sqrt: unary("Sqrt"),
  rsqrt: unary("Rsqrt"),
  reciprocal: unary("Reciprocal"),
  exp: unary("Exp"),
  log: unary("Log"),
  sigmoid: unary("Sigmoid"),
  tanh: unary("Tanh"),
  erf: unary("Erf"),
  softplus: unary("Softplus"),
  relu: unary("Relu"),
  step: { kernels: ["Step"], make: ({ run }, [x]) => run("Step", { x: x! }, { alpha: 0 }) },

  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Multiply"),
  div: binary("RealDiv"),
  maximum: binary("Maximum"),
  minimum: binary("Minimum"),
  pow: binary("Pow"),
  greater: comparison("Greater"),
  equal: comparison("Equal"),
  where: {
    // Not `Cast`: to truth values it cuts fractions off on some backends.
    kernels: ["NotEqual", "Select", ...TILED],
    make(kernels, [condition, a, b], _, shape) {
      const holds = kernels.run("NotEqual", { a: condition!, b: kernels.scalar(0) });
      const [c, t, e] = [holds, a!, b!].map((x) => tiled(kernels, x, shape));
      return kernels.run("Select", { condition: c!, t: t!, e: e! });
    },
  },

  sum: reduction("Sum", "axis"),
  mean: reduction("Mean", "axis"),
  max: reduction("Max", "reductionIndices"),
  softmax: {
    kernels: ["Softmax"],
    make: ({ run }, [x]) => run("Softmax", { logits: x! }, { dim: x!.shape.length - 1 }),
  },

  reshape: {
    kernels: ["Reshape"],
    make: ({ run }, [x], { shape }) => run("Reshape", { x: x! }, { shape: [...shape] }),
  },
  broadcastTo: {
    kernels: ["Identity", ...TILED],
    make(kernels, [x], { shape }) {
      const result = tiled(kernels, x!, shape);
      return result === x ? kernels.run("Identity", { x }) : result;
    },
  },
  transpose: {
    kernels: ["Transpose"],
    make: ({ run }, [x], { permutation }) => run("Transpose", { x: x! }, { perm: [...permutation] }),
  },
  slice: {
    kernels: ["Slice"],
    make: ({ run }, [x], { start, size }) => run("Slice", { x: x! }, { begin: [...start], size: [...size] }),
  },
  stridedSlice: {
    kernels: ["StridedSlice"],
    make: ({ run }, [x], { start, end, strides }) =>
      run(
        "StridedSlice",
        { x: x! },
        {
          ...{ begin: [...start], end: [...end], strides: [...strides] },
          ...{ beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 },
        },
      ),
  },
  pad: {
    kernels: ["PadV2"],
    make: ({ run }, [x], { before, after, value }) =>
      run("PadV2", { x: x! }, { paddings: before.map((n, axis) => [n, after[axis]!]), constantValue: value }),
  },
  concat: {
    kernels: ["Concat"],
    make: ({ run }, inputs, { axis }) => run("Concat", inputs as unknown as KernelInputs, { axis }),
  },
  reverse: { kernels: ["Reverse"], make: ({ run }, [x], { axes }) => run("Reverse", { x: x! }, { dims: [...axes] }) },
  upsample: {
    kernels: ["ResizeNearestNeighbor"],
    make: ({ run }, [x], { factor: [rows, columns] }) =>
      run(
        "ResizeNearestNeighbor",
        { images: x! },
        {
          ...{ alignCorners: false, halfPixelCenters: false },
          size: [x!.shape[1]! * rows, x!.shape[2]! * columns],
        },
      ),
  },

  matMul: {
    kernels: ["BatchMatMul", "_FusedMatMul", "Reshape"],
    make(kernels, [a, b, bias], attributes, shape) {
      const { transposeA, transposeB, activation } = attributes;
      const { run } = kernels;
      if (isPlain(attributes)) return run("BatchMatMul", { a: a!, b: b! }, { transposeA, transposeB });
      const inputs = fusedInputs({ a: stacked(kernels, a!), b: stacked(kernels, b!) }, bias);
      const product = run("_FusedMatMul", inputs, { transposeA, transposeB, activation });
      return sameShape(product.shape, shape) ? product : run("Reshape", { x: product }, { shape: [...shape] });
    },
  },
  conv2d: {
    kernels: ["Conv2D", "FusedConv2D"],
    make({ run }, [x, filter, bias], attributes) {
      const window = { ...windowOf(attributes), dilations: [...attributes.dilations] };
      if (isPlain(attributes)) return run("Conv2D", { x: x!, filter: filter! }, window);
      const inputs = fusedInputs({ x: x!, filter: filter! }, bias);
      return run("FusedConv2D", inputs, { ...window, activation: attributes.activation });
    },
  },
  depthwiseConv2d: {
    kernels: ["DepthwiseConv2dNative"],
    make: ({ run }, [x, filter], attributes) =>
      run(
        "DepthwiseConv2dNative",
        { x: x!, filter: filter! },
        { ...windowOf(attributes), dilations: [...attributes.dilations] },
      ),
  },
  conv2dInputGradient: {
    kernels: ["Conv2DBackpropInput"],
    make: ({ run }, [dy, filter], { inputShape, ...window }) =>
      run("Conv2DBackpropInput", { dy: dy!, filter: filter! }, { ...windowOf(window), inputShape: [...inputShape] }),
  },
  conv2dFilterGradient: {
    kernels: ["Conv2DBackpropFilter"],
    make: ({ run }, [x, dy], { filterShape, ...window }) =>
      run("Conv2DBackpropFilter", { x: x!, dy: dy! }, { ...windowOf(window), filterShape: [...filterShape] }),
  },
  depthwiseFilterGradient: {
    kernels: ["DepthwiseConv2dNativeBackpropFilter"],
    make: ({ run }, [x, dy], { filterShape, dilations, ...window }) =>
      run(
        "DepthwiseConv2dNativeBackpropFilter",
        { x: x!, dy: dy! },
        { ...windowOf(window), dilations: [...dilations], filterShape: [...filterShape] },
      ),
  },

  maxPool: pool("MaxPool"),
  avgPool: pool("AvgPool"),
};

/** Kernels that a call needs. The unfused products need one of the two that are named for them. */
export function kernelsOf(op: TfjsOp, attributes: TfjsAttributes[TfjsOp]): readonly string[] {
  if (op === "matMul" && isPlain(attributes as TfjsAttributes["matMul"])) return ["BatchMatMul"];
  if (op === "conv2d") return [isPlain(attributes as TfjsAttributes["conv2d"]) ? "Conv2D" : "FusedConv2D"];
  return calls[op].kernels;
}
