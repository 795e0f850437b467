/**
 * Single products and convolutions in jax-js. Gradients are those of functions that are linear in what is asked for, so
 * that no forward pass is needed: dX of Σ conv(x, ŵ)·do + ½ Σ n²·dn/n, and dW of Σ conv(x, ŵ(w))·do.
 */
import type { NamedTensor, Prepared, Tensors } from "../../contender.ts";
import { permuted, toChannelsFirst, toChannelsLast } from "../../layout.ts";
import type { KernelWorkload } from "../../workloads.ts";
import { bcosConvolution, convolve, onesName, patchSquares, unitFilters } from "./layers.ts";
import type { Arr, Jax } from "./types.ts";

type Arrays = Readonly<Record<string, Arr>>;

export async function prepareKernel(jax: Jax, workload: KernelWorkload, given: Tensors): Promise<Prepared> {
  const { numpy, tree } = jax;
  const create = ({ values, shape }: NamedTensor): Arr => numpy.array(values, { shape });
  const images = workload.kind === "convolution" ? ["x", "g", "o", "n"] : [];
  const arrays: Record<string, Arr> = {};
  for (const [name, tensor] of given) {
    arrays[name] = create(images.includes(name) ? permuted(tensor, toChannelsFirst) : tensor);
  }
  if (workload.kind === "convolution") {
    const size = workload.inputs * 9;
    arrays["ones"] = create({ shape: [1, workload.inputs, 3, 3], values: new Float32Array(size).fill(1) });
  }
  const body = jax.jit((arrays: Arrays) => kernel(jax, workload, arrays));
  const compute = (): Promise<Arr> => jax.blockUntilReady(body(tree.ref(arrays as Arrays)));
  return {
    async results() {
      const result = await compute();
      const shape = [...result.shape];
      const values = Float32Array.from(await result.data());
      const isImage = workload.kind === "convolution" && workload.pass !== "weight-gradient";
      return new Map([["result", isImage ? permuted({ shape, values }, toChannelsLast).values : values]]);
    },
    async run() {
      const start = performance.now();
      const result = await compute();
      const time = performance.now() - start;
      result.dispose();
      return time;
    },
    async dispose() {
      body.dispose();
      tree.dispose(arrays);
    },
  };
}

function kernel(jax: Jax, workload: KernelWorkload, arrays: Arrays): Arr {
  const { numpy, grad } = jax;
  if (workload.kind === "product") return numpy.matmul(arrays["a"]!, arrays["b"]!);
  if (workload.kind === "stream") return arrays["a"]!.ref.add(1);
  const { pass, form, inputs } = workload;
  const ones = { [onesName(inputs, 3)]: arrays["ones"]! };
  const [x, w] = [arrays["x"]!, arrays["w"]!];
  const against = (y: Arr, cotangent: Arr): Arr => numpy.sum(y.mul(cotangent.ref));
  if (form === "plain") {
    if (pass === "forward") return convolve(jax, x, w, 1);
    const g = arrays["g"]!;
    if (pass === "input-gradient") return grad((x: Arr) => against(convolve(jax, x, w, 1), g))(x.ref);
    return grad((w: Arr) => against(convolve(jax, x, w, 1), g))(w.ref);
  }
  if (pass === "forward") return bcosConvolution(jax, x, w, ones, 1, "predict");
  const [o, n, g] = [arrays["o"]!, arrays["n"]!, arrays["g"]!];
  const scaled = g.ref.mul(numpy.absolute(o.ref).div(n.ref));
  const toO = scaled.ref.mul(2);
  if (pass === "weight-gradient") {
    return grad((w: Arr) => against(convolve(jax, x, unitFilters(jax, w), 1), toO))(w.ref);
  }
  const half = numpy.sum(scaled.mul(o.ref), 1, { keepdims: true }).div(n.ref.mul(n.ref)).mul(-0.5);
  return grad((x: Arr) =>
    against(convolve(jax, x, unitFilters(jax, w), 1), toO).add(against(patchSquares(jax, x, ones, 3, 1), half)),
  )(x.ref);
}
