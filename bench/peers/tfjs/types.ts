/** What is used of @tensorflow/tfjs 4.22. */

export interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

export interface Variable extends Tensor {
  assign(value: Tensor): void;
}

type Pads = number | "valid" | readonly (readonly [number, number])[];
type Save = (tensors: readonly Tensor[]) => void;
type WithGradient = { value: Tensor; gradFunc: (dy: Tensor, saved: readonly Tensor[]) => Tensor | readonly Tensor[] };

export interface Tf {
  readonly version: { readonly tfjs: string };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<T>(body: () => T): T;
  keep<T extends Tensor>(x: T): T;

  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  variable(x: Tensor, trainable?: boolean): Variable;
  ones(shape: readonly number[]): Tensor;
  scalar(value: number): Tensor;

  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Tensor): Tensor;
  neg(x: Tensor): Tensor;
  abs(x: Tensor): Tensor;
  exp(x: Tensor): Tensor;
  log(x: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  sqrt(x: Tensor): Tensor;
  sum(x: Tensor, axes?: readonly number[], keep?: boolean): Tensor;
  mean(x: Tensor, axes?: readonly number[], keep?: boolean): Tensor;
  moments(x: Tensor, axes: readonly number[]): { readonly mean: Tensor; readonly variance: Tensor };
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  transpose(x: Tensor, permutation: readonly number[]): Tensor;
  reverse(x: Tensor, axes: readonly number[]): Tensor;
  slice(x: Tensor, start: readonly number[], size: readonly number[]): Tensor;
  pad(x: Tensor, pads: readonly (readonly [number, number])[]): Tensor;
  concat(tensors: readonly Tensor[], axis: number): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  /** x NHWC, w [kh,kw,I,O]. */
  conv2d(x: Tensor, w: Tensor, strides: number, pads: Pads, format?: "NHWC", dilations?: number): Tensor;
  depthwiseConv2d(x: Tensor, w: Tensor, strides: number, pads: "valid"): Tensor;
  avgPool(x: Tensor, size: number, strides: number, pads: "valid"): Tensor;

  grad(body: (x: Tensor) => Tensor): (x: Tensor) => Tensor;
  customGrad(body: (...values: [...Tensor[], Save]) => WithGradient): (...values: Tensor[]) => Tensor;
  readonly train: {
    sgd(learningRate: number): Optimizer;
    adam(learningRate: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
}

export interface Optimizer {
  minimize(loss: () => Tensor, returnCost: true, variables: readonly Variable[]): Tensor;
  dispose(): void;
}
