/** DenseNets that B-cosification made: their parts are numbered where torchvision names them. */
import type { RenameRule, Telltale } from "../rules.ts";

/** Only these files have it. */
export const numbered: Telltale = {
  file: "features.4.denselayer#.norm1.weight",
  model: "features.denseblock1.denselayer#.norm1.weight",
};

export const numberedDenseNet: readonly RenameRule[] = [
  { file: "features.0.linear.weight", model: "features.conv0.weight" },
  { file: "features.1.*", model: "features.norm0.*" },
  ...[1, 2, 3, 4].flatMap((block): readonly RenameRule[] => [
    {
      file: `features.${2 * block + 2}.denselayer#.conv#.linear.weight`,
      model: `features.denseblock${block}.denselayer#.conv#.weight`,
    },
    {
      file: `features.${2 * block + 2}.denselayer#.norm#.*`,
      model: `features.denseblock${block}.denselayer#.norm#.*`,
    },
  ]),
  ...[1, 2, 3].flatMap((transition): readonly RenameRule[] => [
    { file: `features.${2 * transition + 3}.0.*`, model: `features.transition${transition}.norm.*` },
    {
      file: `features.${2 * transition + 3}.2.linear.weight`,
      model: `features.transition${transition}.conv.weight`,
    },
  ]),
  { file: "features.11.*", model: "features.norm5.*" },
].map((rule) => ({ ...rule, when: numbered }));
