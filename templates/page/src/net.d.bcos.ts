/**
 * A small convolutional net for 28x28 grey digits. Its B-cos form sees two channels: the pixel and its inverse.
 *
 * Compiled from src/net.bcos by `bcosc compile`, which overwrites changes.
 *
 * @module
 */
import {
  type CompiledModel,
  type LoadedModel,
  type ModelWeights,
} from "bcosc/runtime";

/** The model was compiled without names of its classes. */
export type ClassName = never;

/** Shapes of weights and buffers by path, as weight files have them. */
export declare const params: {
  readonly "conv1.weight": readonly [8, 2, 3, 3];
  readonly "bn1.weight": readonly [8];
  readonly "bn1.running_var": readonly [8];
  readonly "conv2.weight": readonly [16, 8, 3, 3];
  readonly "bn2.weight": readonly [16];
  readonly "bn2.running_var": readonly [16];
  readonly "conv3.weight": readonly [32, 16, 3, 3];
  readonly "bn3.weight": readonly [32];
  readonly "bn3.running_var": readonly [32];
  readonly "conv4.weight": readonly [48, 32, 3, 3];
  readonly "bn4.weight": readonly [48];
  readonly "bn4.running_var": readonly [48];
  readonly "fc.weight": readonly [10, 48, 1, 1];
};

/** `keyof Params` is every path that `ModelWeights.tensor` takes. */
export type Params = typeof params;

/** SHA-256 over all plans and kernels of the model: another one where they differ in anything. */
export declare const planHash: string;

/** What the type checker knows of the model. */
export interface DigitsTypes {
  readonly name: "Digits";
  readonly architecture: "4d78783dde6daf971b6b4a4ea78cbd6446ad385417a838088e1a440de1d951b2";
  readonly form: "bcos";
  readonly input: readonly [28, 28, 1];
  readonly className: ClassName;
  readonly params: Params;
  readonly layer: never;
  readonly device: "wasm" | "webgpu";
  readonly trains: false;
}

/** The model on a device. */
export type Model = LoadedModel<DigitsTypes>;

/** Weights of this architecture. */
export type Weights = ModelWeights<DigitsTypes>;

/** A small convolutional net for 28x28 grey digits. Its B-cos form sees two channels: the pixel and its inverse. */
export declare const model: CompiledModel<DigitsTypes>;

/** Opens Digits with weights, by default on the best device that there is. */
export declare const load: CompiledModel<DigitsTypes>["load"];

/** Reads weights and makes sure that they are of this architecture. */
export declare const readWeights: CompiledModel<DigitsTypes>["readWeights"];
