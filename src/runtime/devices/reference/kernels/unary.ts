/** One input, element by element. Each kind has its own loop, so that V8 can inline the operation. */
import type { Tensor } from "../../../device.ts";
import type { Kernel, KernelTable } from "../kernel.ts";
import { erf } from "./erf.ts";

type Loop = (x: Tensor, out: Tensor) => void;

function elementwise(loop: Loop): () => (inputs: readonly Tensor[], out: Tensor) => void {
  return () => (inputs, out) => loop(inputs[0]!, out);
}

const power: Kernel<"power"> = (node) => {
  const p = node.attributes.exponent;
  return ([x], out) => {
    if (p === 2) square(x!, out);
    else if (p === 0.5) sqrt(x!, out);
    else if (p === -0.5) for (let i = 0; i < out.length; i++) out[i] = 1 / Math.sqrt(x![i]!);
    else if (p === -1) for (let i = 0; i < out.length; i++) out[i] = 1 / x![i]!;
    else for (let i = 0; i < out.length; i++) out[i] = Math.pow(x![i]!, p);
  };
};

function square(x: Tensor, out: Tensor): void {
  for (let i = 0; i < out.length; i++) {
    const v = x[i]!;
    out[i] = v * v;
  }
}

function sqrt(x: Tensor, out: Tensor): void {
  for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(x[i]!);
}

export const unaryKernels = {
  neg: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = -x[i]!;
  }),
  abs: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.abs(x[i]!);
  }),
  sign: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sign(x[i]!);
  }),
  square: elementwise(square),
  sqrt: elementwise(sqrt),
  exp: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(x[i]!);
  }),
  log: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.log(x[i]!);
  }),
  sigmoid: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = 1 / (1 + Math.exp(-x[i]!));
  }),
  tanh: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x[i]!);
  }),
  erf: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = erf(x[i]!);
  }),
  softplus: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) {
      const v = x[i]!;
      out[i] = Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
    }
  }),
  relu: elementwise((x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.max(x[i]!, 0);
  }),
  power,
} satisfies Partial<KernelTable>;
