/**
 * Runs a plan for TensorFlow.js with the public functions of tfjs-core, one for each call, on a backend that Node has: what
 * plans mean, independent of how the device makes its calls.
 */
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import type { TfjsCall } from "../../src/compiler/targets/tfjs/call.ts";
import type { TfjsPlan } from "../../src/compiler/targets/tfjs/plan.ts";
import { sizeOf, type Shape } from "../../src/shape.ts";
import { counterUniform } from "../../src/runtime/random.ts";

type Numbers = Readonly<Record<string, ArrayLike<number>>>;

type Sides = readonly [number, number, number, number];

const explicit = ([top, bottom, left, right]: Sides) =>
  [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ] as [[number, number], [number, number], [number, number], [number, number]];

const paddingOf = (sides: Sides) => (sides.every((side) => side === 0) ? "valid" : explicit(sides));
const list = (shape: readonly number[]): number[] => [...shape];
const two = (pair: readonly [number, number]): [number, number] => [...pair];
const float = (x: tf.Tensor): tf.Tensor => tf.cast(x, "float32");

function call({ op, attributes }: TfjsCall, x: readonly tf.Tensor[]): tf.Tensor {
  const [a, b, c] = x as [tf.Tensor, tf.Tensor, tf.Tensor];
  switch (op) {
    case "neg":
    case "abs":
    case "sign":
    case "square":
    case "sqrt":
    case "rsqrt":
    case "reciprocal":
    case "exp":
    case "log":
    case "sigmoid":
    case "tanh":
    case "erf":
    case "softplus":
    case "relu":
    case "step":
    case "softmax":
      return tf[op](a);
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "maximum":
    case "minimum":
    case "pow":
      return tf[op](a, b);
    case "greater":
    case "equal":
      return float(tf[op](a, b));
    case "where":
      return tf.where(tf.cast(a, "bool"), b, c);
    case "sum":
    case "mean":
    case "max":
      return tf[op](a, list(attributes.axes), true);
    case "reshape":
      return tf.reshape(a, list(attributes.shape));
    case "broadcastTo":
      return tf.broadcastTo(a, list(attributes.shape) as never);
    case "transpose":
      return tf.transpose(a, list(attributes.permutation));
    case "slice":
      return tf.slice(a, list(attributes.start), list(attributes.size));
    case "stridedSlice":
      return tf.stridedSlice(a, list(attributes.start), list(attributes.end), list(attributes.strides));
    case "pad":
      return tf.pad(a, attributes.before.map((n, i) => [n, attributes.after[i]!]), attributes.value); // prettier-ignore
    case "concat":
      return tf.concat([...x], attributes.axis);
    case "reverse":
      return tf.reverse(a, list(attributes.axes));
    case "upsample":
      return tf.image.resizeNearestNeighbor(a as tf.Tensor4D, [
        a.shape[1]! * attributes.factor[0],
        a.shape[2]! * attributes.factor[1],
      ]);
    case "matMul": {
      const { transposeA, transposeB, bias, activation } = attributes;
      if (!bias && activation === "linear") return tf.matMul(a, b, transposeA, transposeB);
      return tf.fused.matMul({ a, b, transposeA, transposeB, activation, ...(bias ? { bias: c } : {}) });
    }
    case "conv2d": {
      const { strides, padding, dilations, bias, activation } = attributes;
      const [image, filter] = [a as tf.Tensor4D, b as tf.Tensor4D];
      const pad = paddingOf(padding);
      if (!bias && activation === "linear") {
        return tf.conv2d(image, filter, two(strides), pad, "NHWC", two(dilations));
      }
      return tf.fused.conv2d({
        ...{ x: image, filter, strides: two(strides), pad, dilations: two(dilations), activation },
        ...(bias ? { bias: c } : {}),
      });
    }
    case "depthwiseConv2d":
      return tf.depthwiseConv2d(
        a as tf.Tensor4D,
        b as tf.Tensor4D,
        two(attributes.strides),
        paddingOf(attributes.padding) as "valid",
        "NHWC",
        two(attributes.dilations),
      );
    case "conv2dInputGradient":
      return tf.conv2dTranspose(
        a as tf.Tensor4D,
        b as tf.Tensor4D,
        list(attributes.inputShape) as [number, number, number, number],
        two(attributes.strides),
        paddingOf(attributes.padding) as "valid",
      );
    case "conv2dFilterGradient":
      return tf.engine().runKernel("Conv2DBackpropFilter", { x: a, dy: b }, {
        strides: two(attributes.strides),
        pad: paddingOf(attributes.padding),
        dataFormat: "NHWC",
        filterShape: list(attributes.filterShape),
      } as never) as tf.Tensor;
    case "depthwiseFilterGradient":
      return tf.engine().runKernel("DepthwiseConv2dNativeBackpropFilter", { x: a, dy: b }, {
        strides: two(attributes.strides),
        pad: paddingOf(attributes.padding),
        dilations: two(attributes.dilations),
        filterShape: list(attributes.filterShape),
      } as never) as tf.Tensor;
    case "maxPool":
    case "avgPool":
      return tf[op](a as tf.Tensor4D, two(attributes.window), two(attributes.strides), "valid");
    default:
      throw new Error(`unknown call ${JSON.stringify(op satisfies never)}`);
  }
}

export interface PlanResults {
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly updates: Readonly<Record<string, Float32Array>>;
}

/** Throws where a call's result has another shape than the plan says, or other than 4-byte floats. */
export async function runPlan(
  plan: TfjsPlan,
  backend: "cpu" | "wasm",
  given: { readonly feeds: Numbers; readonly state?: Numbers },
): Promise<PlanResults> {
  await tf.setBackend(backend);
  await tf.ready();
  return tf.tidy(() => {
    const values = new Map<number, tf.Tensor>();
    const tensor = (numbers: ArrayLike<number>, shape: Shape): tf.Tensor => {
      const all = numbers.length === sizeOf(shape) ? Float32Array.from(numbers) : new Float32Array(sizeOf(shape)).fill(numbers[0]!); // prettier-ignore
      return tf.tensor(all, list(shape), "float32");
    };
    for (const [name, { value, shape }] of Object.entries(plan.inputs)) values.set(value, tensor(given.feeds[name]!, shape)); // prettier-ignore
    for (const [path, { value, shape }] of Object.entries(plan.state)) values.set(value, tensor(given.state![path]!, shape)); // prettier-ignore
    for (const { value, shape, values: numbers } of plan.constants) values.set(value, tensor(numbers, shape));
    for (const { value, shape, key, step } of plan.draws) {
      const at = step === undefined ? 0 : given.feeds[step]![0]!;
      values.set(value, tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => counterUniform(key, at, i)), shape)); // prettier-ignore
    }
    for (const each of plan.calls) {
      const made = call(each, each.inputs.map((input) => values.get(input)!)); // prettier-ignore
      if (made.shape.join() !== each.shape.join() || made.dtype !== "float32") {
        throw new Error(`${each.op} makes ${made.dtype} [${made.shape}], the plan says [${each.shape}]`);
      }
      values.set(each.value, made);
    }
    const read = (named: TfjsPlan["outputs"]): Record<string, Float32Array> =>
      Object.fromEntries(Object.entries(named).map(([name, { value }]) => [name, values.get(value)!.dataSync<"float32">()])); // prettier-ignore
    return { outputs: read(plan.outputs), updates: read(plan.updates) };
  });
}
