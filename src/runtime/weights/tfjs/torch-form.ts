/** Weights of Keras layers in the form of PyTorch: other names for the same things, and other orders of axes. */
import { copyStrided } from "../strided.ts";
import { bytesOf } from "../dtypes.ts";
import type { StoredTensor } from "../safetensors.ts";

const names: Readonly<Record<string, string>> = {
  kernel: "weight",
  depthwise_kernel: "weight",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_variance: "running_var",
};

/** `layer1/conv1/kernel` → `layer1.conv1.weight`. */
export function torchName(name: string): string {
  const parts = name.replace(/:\d+$/, "").split("/");
  const last = parts.at(-1)!;
  return [...parts.slice(0, -1), Object.hasOwn(names, last) ? names[last] : last].join(".");
}

/** Layers whose kernels are products with the channels of a pixel or of a vector: the others order theirs otherwise. */
const known = new Set(["Conv2D", "DepthwiseConv2D", "Dense"]);

/**
 * Kernels with PyTorch's order of axes: of convolutions [kh, kw, I, O] → [O, I, kh, kw], of those a channel [kh, kw, C, M] →
 * [C·M, 1, kh, kw], of linear layers [I, O] → [O, I]. `classes` has the kinds of the layers, as far as they are known.
 */
export function inTorchLayout(
  name: string,
  tensor: StoredTensor,
  classes: ReadonlyMap<string, string>,
  refuse: (reason: string) => never,
): StoredTensor {
  const parts = name.replace(/:\d+$/, "").split("/");
  const last = parts.at(-1)!;
  if (!last.endsWith("kernel")) return tensor;
  const kind = parts.map((_, i) => classes.get(parts.slice(i, -1).join("/"))).find((found) => found !== undefined);
  const [a = 0, b = 0, c = 0, d = 0] = tensor.shape;
  if (kind !== undefined && !known.has(kind)) return refuse(`belongs to a layer of the kind ${kind.slice(0, 60)}`);
  if (last === "kernel" && tensor.shape.length === 2) return moved(tensor, [b, a], [1, b]);
  if (last === "kernel" && tensor.shape.length === 4) {
    return moved(tensor, [d, c, a, b], [1, d, b * c * d, c * d]);
  }
  if (last === "depthwise_kernel" && tensor.shape.length === 4) {
    return moved(tensor, [c * d, 1, a, b], [1, 1, b * c * d, c * d]);
  }
  return refuse(`is a kernel of ${tensor.shape.length} axes, which no layer here has`);
}

/** The elements in another order: `strides` says for each new axis how far its elements lie apart now. */
function moved(tensor: StoredTensor, shape: readonly number[], strides: readonly number[]): StoredTensor {
  const { dtype, bytes } = tensor;
  return { dtype, shape, bytes: copyStrided({ offset: 0, shape, strides }, bytes, bytesOf(dtype)) };
}
