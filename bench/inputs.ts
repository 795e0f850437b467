/** The numbers that every contender gets: the same for the same workload, on every machine. */
import { fillUniform } from "../src/runtime/random.ts";
import type { NamedTensor, Tensors } from "./contender.ts";
import { productAndNorm } from "./ours/product-and-norm.ts";
import { allLayers, layersOf } from "./networks.ts";
import type { ConvolutionWorkload, NetworkWorkload, Workload } from "./workloads.ts";

/**
 * - product: `a`, `b`; stream: `a`.
 * - convolution: `w`, `x` and, for its gradients, the cotangent `g` and, in the form `bcos`, `o` and `n` [N,H,W,1] of
 *   the forward pass.
 * - network: `image` with numbers from 0 to 1, one-hot `targets`, and the weights and buffers by their paths.
 */
export async function inputsOf(workload: Workload): Promise<Tensors> {
  switch (workload.kind) {
    case "product": {
      const shape = [workload.size, workload.size];
      return new Map([
        ["a", centred(1, shape, 1)],
        ["b", centred(2, shape, 1)],
      ]);
    }
    case "stream":
      return new Map([["a", centred(1, [workload.rows, 1024], 1)]]);
    case "convolution":
      return convolutionInputs(workload);
    case "network":
      return networkInputs(workload);
    default:
      throw new Error(`unknown workload ${JSON.stringify(workload satisfies never)}`);
  }
}

async function convolutionInputs(workload: ConvolutionWorkload): Promise<Tensors> {
  const { batch, side, inputs, outputs, pass, form } = workload;
  const [x, y] = [inputs, outputs].map((channels) => [batch, side, side, channels]);
  const tensors = new Map<string, NamedTensor>([
    ["w", centred(1, [outputs, inputs, 3, 3], 1)],
    ["x", centred(2, x!, 1)],
  ]);
  if (pass !== "forward") tensors.set("g", centred(3, y!, 1));
  if (pass === "forward" || form === "plain") return tensors;
  return new Map([...tensors, ...(await productAndNorm(workload, tensors))]);
}

function networkInputs({ network, batch }: NetworkWorkload): Tensors {
  const layers = layersOf(network);
  const { side, classes, runningVariance } = network;
  const targets = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) targets[i * classes + (i % classes)] = 1;
  const tensors = new Map<string, NamedTensor>([
    ["image", uniform(1, [batch, side, side, 3], 0, 1)],
    ["targets", { shape: [batch, classes], values: targets }],
  ]);
  allLayers(layers).forEach(({ convolution: { path, inputs, outputs, kernel }, norm }, i) => {
    tensors.set(path, centred(10 + i, [outputs, inputs, kernel, kernel], 1 / Math.sqrt(inputs * kernel ** 2)));
    if (norm === undefined) return;
    tensors.set(`${norm}.weight`, filled([outputs], 1));
    tensors.set(`${norm}.running_var`, filled([outputs], runningVariance));
  });
  return tensors;
}

function uniform(key: number, shape: readonly number[], from: number, to: number): NamedTensor {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  fillUniform(key, 0, values);
  for (let i = 0; i < values.length; i++) values[i] = from + (to - from) * values[i]!;
  return { shape, values };
}

function centred(key: number, shape: readonly number[], limit: number): NamedTensor {
  return uniform(key, shape, -limit, limit);
}

function filled(shape: readonly number[], value: number): NamedTensor {
  return { shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) };
}
