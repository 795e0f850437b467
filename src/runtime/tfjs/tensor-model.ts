/** Compiled models that take tensors of TensorFlow.js and give them, in the terms of their own classes and shapes. */
import { classIndex } from "../model/class-index.ts";
import type { ClassOf, LoadedModel, ModelTypes } from "../model/types.ts";
import { tensorSession, type TensorExplanation } from "./tensor-session.ts";
import type { Tensor2D, Tensor3D, Tensor4D, TensorFlow } from "./tensorflow.ts";

/** Images [n, H, W, C] with numbers from 0 to 1, or one image [H, W, C], in float32. */
export type ImageTensor = Tensor3D | Tensor4D;

export interface TensorModel<T extends ModelTypes> {
  /** Whether tensors go in and come out where they are, without the processor: see `TensorSession.direct`. */
  readonly direct: boolean;
  /** Logits [n, classes]. */
  predict(images: ImageTensor): Promise<Tensor2D>;
  /** Only in the B-cos form. */
  readonly explain: T["form"] extends "bcos" ? ExplainTensors<T> : undefined;
}

export type ExplainTensors<T extends ModelTypes> = (
  images: ImageTensor,
  options?: TensorModelOptions<T>,
) => Promise<TensorExplanation>;

export interface TensorModelOptions<T extends ModelTypes> {
  /** The class to explain, for all images or one for each. Default: that with the largest logit of each. */
  readonly target?: ClassOf<T> | readonly ClassOf<T>[];
  /** Explain the difference: logit of the target minus logit of this class. */
  readonly versus?: ClassOf<T> | readonly ClassOf<T>[];
}

/**
 * The model, for tensors of `tf`. Tensors that are given stay the caller's; what is returned is the caller's to dispose. To have
 * nothing copied, load the model on the device that TensorFlow.js computes on: `load({ weights, device: await fusedDevice(tf) })`.
 */
export function tensorModel<T extends ModelTypes>(tf: TensorFlow, loaded: LoadedModel<T>): TensorModel<T> {
  const session = tensorSession(tf, loaded.session);
  const { classes, form } = loaded.model;

  type Choice = ClassOf<T> | readonly ClassOf<T>[];
  const indices = (option: string, choice: Choice): number | number[] =>
    Array.isArray(choice)
      ? choice.map((one: ClassOf<T>) => classIndex(classes, option, one))
      : classIndex(classes, option, choice as ClassOf<T>);

  const explain: ExplainTensors<T> = async (images, { target, versus } = {}) =>
    session.explain(images, {
      ...(target === undefined ? {} : { target: indices("target", target) }),
      ...(versus === undefined ? {} : { versus: indices("versus", versus) }),
    });

  return {
    get direct() {
      return session.direct;
    },
    predict: (images) => session.predict(images),
    explain: (form === "bcos" ? explain : undefined) as TensorModel<T>["explain"],
  };
}
