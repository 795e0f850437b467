/**
 * What a compiled model is to its users and to the type checker. `bcosc compile` writes a module for each model that says
 * all of it (`ModelTypes`) and has the rest from here, so that a wrong class name, shape or path does not compile.
 */
import type { Form } from "../../compiler/graph/program.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device, Tensor } from "../device.ts";
import type { CheckOptions, Explanation } from "../explain/explanation.ts";
import type { Session, SessionOptions } from "../session.ts";
import type { TrainOptions, TrainResult } from "../train/trainer.ts";
import type { Weights } from "../weights/weights.ts";
import type { CanvasPicture, ImageSource } from "./images.ts";

/** Everything literal: what one model has and another has not. */
export interface ModelTypes {
  readonly name: string;
  /** Hash of the architecture: what weights belong to. */
  readonly architecture: string;
  /** Shape of an image, [H, W, C]. */
  readonly input: readonly number[];
  /** Names of the classes; `never` where the model was compiled without. */
  readonly className: string;
  /** Shapes of weights and buffers by path, as weight files have them. */
  readonly params: Readonly<Record<string, readonly number[]>>;
  /** Layers, bindings and blocks whose neurons can be explained; `never` for none. */
  readonly layer: string;
  /** Devices that the model was compiled for. */
  readonly device: string;
  readonly form: Form;
  /** Whether it was compiled with a training step. */
  readonly trains: boolean;
}

/** A class: its name, or its index from 0 on. */
export type ClassOf<T extends ModelTypes> = T["className"] | number;

/** What there is to know of a model without opening it. */
export interface ModelFacts<T extends ModelTypes> {
  readonly name: T["name"];
  readonly form: T["form"];
  readonly architecture: T["architecture"];
  /** SHA-256 over the hashes of all files of plans and kernels. */
  readonly planHash: string;
  readonly input: T["input"];
  /** By index; empty where the model was compiled without names. */
  readonly classes: readonly T["className"][];
  readonly params: T["params"];
}

/** The model of a module, before it is opened. */
export interface CompiledModel<T extends ModelTypes> extends ModelFacts<T> {
  /** Opens the model on a device. Throws what `readWeights` throws, and what `openSession` throws. */
  load(options: LoadOptions<T>): Promise<LoadedModel<T>>;
  /**
   * Weights that are known to be of this architecture. Throws `weights/architecture` for those of another one,
   * `weights/missing`, `weights/unexpected` and `weights/shape`, `data/unreadable`, and a code of the area `weights` for
   * bytes that are no safetensors file.
   */
  readWeights(source: WeightsSource): Promise<ModelWeights<T>>;
}

/**
 * A safetensors file as bytes, as the answer of `fetch`, as a `Blob`, or by its address; or tensors by
 * path. The hash of the architecture that the file may have is compared with the model's; without one, only names and
 * shapes are.
 */
export type WeightsSource = Uint8Array | ArrayBuffer | Blob | Response | URL | string | Weights;

/** Weights of this architecture: those of another model are a type error. */
export interface ModelWeights<T extends ModelTypes> {
  readonly model: T["name"];
  readonly architecture: T["architecture"];
  /** All tensors, by path. */
  readonly tensors: Weights;
  /** One tensor. Its shape is that of weight files: convolutions have [O, I, kh, kw]. */
  tensor<P extends keyof T["params"] & string>(path: P): { readonly shape: T["params"][P]; readonly data: Tensor };
  /** As a safetensors file, with the hash of the architecture. */
  toSafetensors(): Uint8Array<ArrayBuffer>;
}

export type LoadOptions<T extends ModelTypes> = Omit<SessionOptions, "device" | "precision" | "weights" | "seed"> & {
  /**
   * Default `auto`: `webgpu` where there is a graphics card, else `wasm`, of those that the model was compiled for. Or a device
   * of one's own for such code: see `webgpuDeviceOn`.
   */
  readonly device?: "auto" | T["device"] | Device;
} & (
    | { readonly weights: ModelWeights<T> | WeightsSource; readonly seed?: never }
    /** Random weights, to train from. */
    | { readonly seed: number; readonly weights?: never }
  );

/** How an image is cut to the model's size. */
export interface FitOptions {
  /** The shorter side before the middle is cut out. Default: that of the published evaluations, 256 for 224 × 224. */
  readonly shorterSide?: number;
}

export interface Prediction<T extends ModelTypes> {
  /** Of the largest logit. */
  readonly index: number;
  readonly name: NameOf<T>;
  /** By class. */
  readonly logits: Tensor;
  /** The classes with the largest logits, the largest first. */
  top(count: number): readonly RankedClass<T>[];
}

export interface RankedClass<T extends ModelTypes> {
  readonly index: number;
  readonly name: NameOf<T>;
  readonly logit: number;
}

/** A class's name; undefined in a model without names. */
export type NameOf<T extends ModelTypes> = [T["className"]] extends [never] ? undefined : T["className"];

export interface ModelExplainOptions<T extends ModelTypes> extends CheckOptions, FitOptions {
  /** The class to explain. Default: that with the largest logit. */
  readonly target?: ClassOf<T>;
  /** Explain the difference: logit of the target minus logit of this class. */
  readonly versus?: ClassOf<T>;
  readonly at?: never;
}

/** A neuron in place of a class. */
export interface NeuronExplainOptions<T extends ModelTypes> extends CheckOptions, FitOptions {
  /** The layer, binding or block. */
  readonly at: T["layer"];
  /** The channel. Default: the one with the largest value. */
  readonly unit?: number;
  /** [y, x] in the layer's map. Default: where the unit has its largest value. */
  readonly place?: readonly number[];
  readonly target?: never;
  readonly versus?: never;
}

export type ExplainOptionsOf<T extends ModelTypes> = [T["layer"]] extends [never]
  ? ModelExplainOptions<T>
  : ModelExplainOptions<T> | NeuronExplainOptions<T>;

/** An explanation of one image. `explained = constant + Σ contributions`, up to `residual`. */
export interface ModelExplanation<T extends ModelTypes> extends Omit<Explanation, "image"> {
  readonly predictedName: NameOf<T>;
  readonly targetName: NameOf<T> | undefined;
  /** The image as the model saw it, [H, W, C] from 0 to 1. */
  readonly input: Float32Array;
  /**
   * A picture to put on a canvas: in `colour`, transparent where nothing was seen (default), or the `contributions`, red for
   * and blue against. Browsers get an `ImageData`, others the same properties.
   */
  toImageData(picture?: "colour" | "contributions"): CanvasPicture;
}

export interface LoadedModel<T extends ModelTypes> {
  readonly model: CompiledModel<T>;
  /** The device's name. */
  readonly device: T["device"];
  /** What computes, for everything that this interface does not have. */
  readonly session: Session;
  /** Of one image, or of each of several. Throws `run/not-finite` for logits that are no numbers. */
  predict<I extends Images<T>>(images: I, options?: FitOptions): Promise<PerImage<I, Prediction<T>>>;
  /** Only in the B-cos form. */
  readonly explain: T["form"] extends "bcos" ? Explain<T> : undefined;
  /** Only where the model was compiled with a training step. Changes the weights. */
  readonly train: T["trains"] extends true ? Train : undefined;
  /** A copy of the weights as they are now. */
  weights(): Promise<ModelWeights<T>>;
  /** Frees everything on the device. */
  dispose(): Promise<void>;
}

/** Of one image, or of each of several. Throws `run/residual` for an explanation that does not add up, and what `explain` throws. */
export type Explain<T extends ModelTypes> = <I extends Images<T>>(
  images: I,
  options?: ExplainOptionsOf<T>,
) => Promise<PerImage<I, ModelExplanation<T>>>;

/** One image, or several. */
export type Images<T extends ModelTypes> = ImageSource<T["input"]> | readonly ImageSource<T["input"]>[];

/** What is made of each image: for one image one, for several an array. */
export type PerImage<I, Result> = I extends readonly unknown[] ? Result[] : Result;

/**
 * Goes on from the present weights; see `train`. What the optimiser keeps stays until the model is disposed. Where it fails
 * the weights are what they were before, and the optimiser starts anew.
 */
export type Train = (dataset: Dataset, options: TrainOptions) => Promise<TrainResult>;
