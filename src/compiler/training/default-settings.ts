/** How a network is trained where nothing else is asked for. */
import type { Form, LossSettings, OptimizerSettings, TrainSettings } from "../graph/program.ts";

/** Adam with the values of Kingma and Ba 2015. */
export const adam: OptimizerSettings & { readonly kind: "adam" } = {
  kind: "adam",
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  decoupled: false,
};

/** Binary cross entropy for B-cos networks (Böhle et al. 2022, section 3.3), cross entropy for conventional ones. */
export function defaultLoss(form: Form): LossSettings {
  return { kind: form === "bcos" ? "bce" : "cross_entropy" };
}

export function defaultTrainSettings(form: Form): TrainSettings {
  return { loss: defaultLoss(form), optimizer: adam };
}
