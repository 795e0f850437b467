/** Codes of the area `shape`: shapes that do not fit. */
import { entry } from "../entry.ts";

export const shapeCodes = {
  "shape/ascription": entry<{ stated: string; actual: string }>({
    severity: "error",
    message: (p) => `the shape here is ${p.actual}, not ${p.stated}`,
  }),
  "shape/mismatch": entry<{ operator: string }>({
    severity: "error",
    message: (p) =>
      p.operator === "concat"
        ? "the parts of `concat` do not fit together"
        : `the two sides of \`${p.operator}\` have different shapes`,
  }),
  "shape/input": entry<{ block: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.block}\` takes an input ${p.expected}, not ${p.found}`,
  }),
  "shape/symbol": entry<{ name: string; first: number; second: number }>({
    severity: "error",
    message: (p) => `\`${p.name}\` can not be ${p.first} and ${p.second} at once`,
  }),
  "shape/dimension": entry<{ found: number }>({
    severity: "error",
    message: (p) => `a dimension must be 1 or more, not ${p.found}`,
  }),
  "shape/output": entry<{ name: string; stated: string; actual: string }>({
    severity: "error",
    message: (p) => `the output \`${p.name}\` is declared as ${p.stated}, but its shape is ${p.actual}`,
  }),
  "shape/rank": entry<{ layer: string; expected: string; actual: string }>({
    severity: "error",
    message: (p) => `\`${p.layer}\` takes ${p.expected}, not ${p.actual}`,
  }),
  "shape/window": entry<{ layer: string; axis: string; window: number; size: number }>({
    severity: "error",
    message: (p) =>
      `the window of \`${p.layer}\` covers ${p.window} pixels, but the padded ${p.axis} has only ${p.size}`,
    hint: () => "choose a smaller kernel, a smaller stride in the layers before, or a larger padding",
  }),
  "shape/padding": entry<{ layer: string; axis: string; padding: number; kernel: number }>({
    severity: "error",
    message: (p) =>
      `the padding ${p.padding} of \`${p.layer}\` is more than half of its window's ${p.axis}, ${p.kernel}`,
    hint: () => "a window that lies wholly in the padding has no value; use a padding of at most half the kernel",
  }),
  "shape/groups": entry<{ layer: string; what: string; count: number; groups: number }>({
    severity: "error",
    message: (p) => `\`${p.layer}\` has ${p.groups} groups, which don't divide its ${p.count} ${p.what}`,
  }),
  "shape/crop": entry<{ axis: string; wanted: number; actual: number }>({
    severity: "error",
    message: (p) => `\`crop\` to ${p.axis} ${p.wanted}, but the image has only ${p.actual}`,
  }),
  "shape/patches": entry<{ axis: string; patch: number; size: number }>({
    severity: "error",
    message: (p) => `patches of ${p.axis} ${p.patch} don't divide an image of ${p.axis} ${p.size}`,
    hint: () => "`pad` and `crop` change the size of an image",
  }),
  "shape/position": entry<{ channels: number }>({
    severity: "error",
    message: (p) => `\`position_embed\` takes a multiple of 4 channels, 8 or more, not ${p.channels}`,
  }),
  "shape/heads": entry<{ heads: number; channels: number }>({
    severity: "error",
    message: (p) =>
      `${p.channels} channels are not queries, keys and values of ${p.heads} ${p.heads === 1 ? "head" : "heads"} each`,
    hint: () =>
      "the channels must be a multiple of 3 * heads: `linear(3 * D) -> attention(heads)`, D a multiple of heads",
  }),
  "shape/logits": entry<{ name: string; actual: string }>({
    severity: "error",
    message: (p) => `the first output, \`${p.name}\`, must be a vector of logits \`[classes]\`, not ${p.actual}`,
    hint: () => "end the model with `global_avg_pool -> linear(classes)`",
  }),
};
