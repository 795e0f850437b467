/** VGG-11: what programs call its layers. The model has the places of the published B-cos network of 2024. */
import type { RenameRule, Telltale } from "../rules.ts";

/** Places of the convolutions among `features`. The norms stand one behind each. */
const convolutions = [0, 3, 6, 8, 11, 13, 16, 18];
/** torchvision counts a ReLU behind each norm too. */
const withRelus = [0, 4, 8, 11, 15, 18, 22, 25];
/** The network of 2022 has no norms, and counts none. */
const withoutNorms = [0, 2, 4, 5, 7, 8, 10, 11];

const first: Telltale = { file: "features.2.linear.weight", model: "features.18.weight" };

/** Of the network of 2022. */
export const vggWithoutNorms: readonly RenameRule[] = convolutions.map((place, i) => ({
  file: `features.${withoutNorms[i]}.linear.weight`,
  model: `features.${place}.weight`,
  when: first,
}));

const conventional: Telltale = { file: "features.25.weight", model: "features.18.weight" };

const features: readonly RenameRule[] = convolutions.flatMap((place, i) => [
  { file: `features.${withRelus[i]}.*`, model: `features.${place}.*`, when: conventional },
  { file: `features.${withRelus[i]! + 1}.*`, model: `features.${place + 1}.*`, when: conventional },
]);

/** `vgg11_bn`: its classifier is linear where the model has convolutions, with the same numbers in the same order. */
export const torchvisionVgg: readonly RenameRule[] = [
  ...features,
  { file: "classifier.0.weight", model: "classifier.0.weight", reshape: "flattened", when: conventional },
  { file: "classifier.3.weight", model: "classifier.1.weight", reshape: "flattened", when: conventional },
  { file: "classifier.3.bias", model: "classifier.1.bias", when: conventional },
  { file: "classifier.6.*", model: "classifier.2.*", when: conventional },
];

/** The same with a classifier of convolutions. */
export const timmVgg: readonly RenameRule[] = [
  ...features,
  { file: "pre_logits.fc1.*", model: "classifier.0.*", when: conventional },
  { file: "pre_logits.fc2.*", model: "classifier.1.*", when: conventional },
  { file: "head.fc.*", model: "classifier.2.*", when: conventional },
];
