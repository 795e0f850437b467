/** What is used of TensorFlow.js: types alone, so that nothing of it is loaded from here. */
import type * as core from "@tensorflow/tfjs-core";

/** `import * as tf from "@tensorflow/tfjs"`, or from `@tensorflow/tfjs-core`. */
export type TensorFlow = Pick<
  typeof core,
  | "add"
  | "argMax"
  | "backend"
  | "cast"
  | "concat"
  | "dispose"
  | "getBackend"
  | "keep"
  | "oneHot"
  | "pad"
  | "ready"
  | "reshape"
  | "slice"
  | "sub"
  | "tensor"
  | "tidy"
>;

export type Tensor = core.Tensor;
export type Tensor1D = core.Tensor1D;
export type Tensor2D = core.Tensor2D;
export type Tensor3D = core.Tensor3D;
export type Tensor4D = core.Tensor4D;

export type NamedTensors = Record<string, Tensor>;
