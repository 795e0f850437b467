/** What the compiler hands to the runtime: graphs for one batch size and the state they read and write. Data only. */
import type { WasmCode } from "../plan/plan.ts";
import type { TfjsCode } from "../targets/tfjs/plan.ts";
import type { WebgpuCode } from "../targets/webgpu/plan-code.ts";
import type { GraphSignature } from "../../graph-signature.ts";
import type { Graph, Shape } from "./graph.ts";

export type Form = "bcos" | "standard";

export interface Program {
  /** Name of the model in its file. */
  readonly model: string;
  readonly form: Form;
  readonly batch: number;
  readonly input: ProgramInput;
  /** Number of outputs of the classifier. */
  readonly classes: number;
  readonly state: readonly StateSpec[];
  /** Which graphs are there depends on what was asked for and on the form (`explain` only for B-cos). */
  readonly graphs: Readonly<Partial<Record<GraphName, Graph>>>;
  /** In place of graphs, for devices that run plans: what a program has that was read from files. */
  readonly signatures?: Readonly<Partial<Record<GraphName, GraphSignature>>>;
  /** What weights belong to: see `architectureHash`. */
  readonly architecture?: string;
  /** What the graph `explain` explains instead of the logits. */
  readonly explainedLayer?: ExplainedLayer;
  /** What the graph `gradient` gives the gradient to instead of the input. */
  readonly gradientLayer?: ExplainedLayer;
  /** Fused plans and their kernels for the `wasm` device, where they were asked for. */
  readonly wasm?: WasmCode;
  /** The same for the `webgpu` device. */
  readonly webgpu?: WebgpuCode;
  /** The calls of one backend of TensorFlow.js, for the device `tfjs:BACKEND`. */
  readonly tfjs?: TfjsCode;
}

/**
 * - `predict`: input image → `logits` [N, classes].
 * - `train`: inputs image, `targets` [N, classes], `learningRate` [1], `step` [1] (1 at the first step) → `loss` [1],
 *   `logits`; updates weights, running statistics and optimiser state.
 * - `explain`: inputs image, `cotangent` v [N, classes] → `logits`, `explained` [N] (v · logits), `weights` (W(x)ᵀv, of
 *   the encoded input's shape), `contributions` ([N,H,W], for vectors [N,D]: weights · encoded input summed over
 *   channels), `constant` [N], and `constant/NAME` [N] for every named constant part. With `explainedLayer` the values of
 *   that layer are explained in place of the logits: v has their shape, and they are an output too, `activation`.
 * - `gradient`: inputs image, `cotangent` → `logits`, `gradient`: the true gradient of v · logits to the encoded input. With
 *   `gradientLayer` it is that to the values of the layer, which are an output too, `activation`.
 */
export type GraphName = "predict" | "train" | "explain" | "gradient";

/** A layer, binding or block whose values are looked at: neurons. */
export interface ExplainedLayer {
  readonly path: string;
  /** Of its values, without the batch: channels last. */
  readonly shape: Shape;
}

export interface ProgramInput {
  /** Name of the model's input: the feed's name. */
  readonly name: string;
  /** Of what is fed, without the batch, e.g. [28, 28, 1]. */
  readonly shape: Shape;
  /** Shape behind the input encoding, e.g. [28, 28, 2]: what contributions refer to. */
  readonly encodedShape: Shape;
  /** Of the images, where not they are fed but their encodings: then `shape` is `encodedShape`. */
  readonly imageShape?: Shape;
}

export interface StateSpec {
  /** Weight path, torchvision's names: `layer1.0.conv1.weight`. Optimiser state: `adam.m/PATH`. */
  readonly path: string;
  readonly shape: Shape;
  readonly role: "weight" | "buffer" | "optimizer";
  /** Convolution weights are [O,kh,kw,I] here and [O,I,kh,kw] in weight files. Others are the same in both. */
  readonly layout: "ohwi" | "plain";
  readonly initial: Initial;
}

/** How a state tensor starts. Fans are those of the weight: fan_in = I·kh·kw, fan_out = O·kh·kw. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  /** Normal with deviation √(2/fan): He et al. 2015, eq. 10. */
  | { readonly kind: "kaiming_normal"; readonly fan: "in" | "out" }
  /** Uniform in ±1/√fan_in, PyTorch's default (kaiming uniform with a = √5). */
  | { readonly kind: "kaiming_uniform"; readonly fanIn: number }
  /** Normal, cut at two deviations. */
  | { readonly kind: "truncated_normal"; readonly deviation: number };

export interface TrainSettings {
  readonly loss: LossSettings;
  readonly optimizer: OptimizerSettings;
  /** What the losses of auxiliary classifiers count beside that of the logits. Default 1 (Böhle et al. 2022). */
  readonly auxiliaryWeight?: number;
  /** Adaptive gradient clipping before the step: Brock et al. 2021, section 4. */
  readonly clip?: { readonly kind: "agc"; readonly factor: number; readonly epsilon: number };
}

/** Targets are a row a sample: one-hot or soft. */
export type LossSettings =
  /** Binary cross entropy with logits, mean over batch and classes. `smoothing` a: t(1−a) + a/K. */
  | { readonly kind: "bce"; readonly smoothing?: number }
  /** BCE with targets clamped from below at 1/K. */
  | { readonly kind: "uniform_off_label_bce" }
  /** Softmax cross entropy, mean over the batch. */
  | { readonly kind: "cross_entropy"; readonly smoothing?: number };

export type OptimizerSettings =
  | {
      readonly kind: "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
      /** AdamW: the decay is applied to the weight, not added to the gradient. */
      readonly decoupled: boolean;
    }
  /** PyTorch's SGD: L2 decay added to the gradient, momentum buffer starts as the first gradient, no dampening. */
  | { readonly kind: "sgd"; readonly momentum: number; readonly weightDecay: number };
