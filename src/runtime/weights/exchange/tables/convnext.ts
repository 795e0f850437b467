/** ConvNeXt: what programs call its layers. The model has the names of the published B-cos network. */
import type { RenameRule, Telltale } from "../rules.ts";

/** Places of the stages among the model's `features`; in front of each but the first stands what halves the image. */
const stages = [2, 4, 6, 8];

/** A layer on each pixel, linear in other programs. */
const pixelLayer = (file: string, model: string): readonly RenameRule[] => [
  { file: `${file}.weight`, model: `${model}.weight`, reshape: "flattened" },
  { file: `${file}.bias`, model: `${model}.bias` },
];

/** torchvision joins the stem's two layers, so that every place is one less, and counts GELUs and permutations. */
const inTorchvision: Telltale = { file: "features.1.#.block.5.weight", model: "features.2.#.block.3.weight" };

export const torchvisionConvNeXt: readonly RenameRule[] = [
  { file: "features.0.0.*", model: "features.0.*" },
  { file: "features.0.1.*", model: "features.1.*" },
  ...stages.flatMap((place) => {
    const [file, model] = [`features.${place - 1}.#`, `features.${place}.#`];
    return [
      { file: `${file}.block.0.*`, model: `${model}.block.0.*` },
      { file: `${file}.block.2.*`, model: `${model}.block.1.*` },
      ...pixelLayer(`${file}.block.3`, `${model}.block.2`),
      ...pixelLayer(`${file}.block.5`, `${model}.block.3`),
      { file: `${file}.layer_scale`, model: `${model}.layer_scale.weight`, reshape: "per_channel" } as const,
      { file: `features.${place}.#.*`, model: `features.${place + 1}.#.*` },
    ];
  }),
  { file: "classifier.2.*", model: "classifier.1.*" },
].map((rule) => ({ ...rule, when: inTorchvision }));

const inTimm: Telltale = { file: "stages.#.blocks.#.conv_dw.weight", model: "features.2.#.block.3.weight" };

export const timmConvNeXt: readonly RenameRule[] = [
  { file: "stem.0.*", model: "features.0.*" },
  { file: "stem.1.*", model: "features.1.*" },
  ...stages.flatMap((place, stage) => {
    const [file, model] = [`stages.${stage}.blocks.#`, `features.${place}.#`];
    return [
      { file: `${file}.conv_dw.*`, model: `${model}.block.0.*` },
      { file: `${file}.norm.*`, model: `${model}.block.1.*` },
      ...pixelLayer(`${file}.mlp.fc1`, `${model}.block.2`),
      ...pixelLayer(`${file}.mlp.fc2`, `${model}.block.3`),
      { file: `${file}.gamma`, model: `${model}.layer_scale.weight` },
      { file: `stages.${stage + 1}.downsample.#.*`, model: `features.${place + 1}.#.*` },
    ];
  }),
  { file: "head.norm.*", model: "classifier.0.*" },
  { file: "head.fc.*", model: "classifier.1.*" },
].map((rule) => ({ ...rule, when: inTimm }));
