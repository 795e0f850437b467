/** Single products and convolutions in tfjs. */
import type { Prepared, Tensors } from "../../contender.ts";
import type { KernelWorkload } from "../../workloads.ts";
import { timedOn, type Backend } from "./backend.ts";
import { convolve, inputGradient, weightGradient } from "./convolution.ts";
import { bcosConvolution, bcosFilterGradient, bcosInputGradient, unitFilters } from "./layers.ts";
import type { Tensor, Tf } from "./types.ts";

export async function prepareKernel(backend: Backend, workload: KernelWorkload, given: Tensors): Promise<Prepared> {
  await backend.use();
  const { tf } = backend;
  const tensors = new Map(
    [...given].map(([name, { values, shape }]) => {
      const tensor = tf.tidy(() => {
        const plain = tf.tensor(values, shape);
        return tf.keep(name === "w" ? tf.transpose(plain, [2, 3, 1, 0]) : plain);
      });
      return [name, tensor] as const;
    }),
  );
  const get = (name: string): Tensor => tensors.get(name)!;
  const compute = (): Tensor => tf.tidy(() => kernel(tf, workload, get));
  return {
    async results() {
      await backend.use();
      const weightShaped = workload.kind === "convolution" && workload.pass === "weight-gradient";
      const result = tf.tidy(() => (weightShaped ? tf.transpose(compute(), [3, 2, 0, 1]) : compute()));
      const values = Float32Array.from(await result.data());
      result.dispose();
      return new Map([["result", values]]);
    },
    run: () =>
      timedOn(backend, async () => {
        const result = compute();
        // One number of it: the backend has finished when it can be read.
        const one = tf.slice(
          result,
          result.shape.map(() => 0),
          result.shape.map(() => 1),
        );
        await one.data();
        one.dispose();
        result.dispose();
      }),
    async dispose() {
      await backend.use();
      for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}

function kernel(tf: Tf, workload: KernelWorkload, get: (name: string) => Tensor): Tensor {
  if (workload.kind === "product") return tf.matMul(get("a"), get("b"));
  if (workload.kind === "stream") return tf.add(get("a"), tf.scalar(1));
  const { pass, form, side } = workload;
  const w = get("w");
  if (form === "plain") {
    if (pass === "forward") return convolve(tf, get("x"), w, 1);
    if (pass === "input-gradient") return inputGradient(tf, get("g"), w, 1, side);
    return weightGradient(tf, get("x"), get("g"), 3, 1);
  }
  if (pass === "forward") return bcosConvolution(tf, get("x"), w, 1, "predict", true);
  const { unit, length } = unitFilters(tf, w);
  const state = { o: get("o"), n: get("n"), unit };
  if (pass === "input-gradient") return bcosInputGradient(tf, get("g"), get("x"), state, 1);
  return bcosFilterGradient(tf, get("g"), get("x"), state, length, 1);
}
