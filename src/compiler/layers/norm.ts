/** `norm`: normalisation by a variance, over a choice of axes. */
import { normalise, normKindOf, normVariants, type NormKind } from "../composites/norm.ts";
import type { Shape, ValueId } from "../graph/graph.ts";
import type { LayerInstance } from "../network/network.ts";
import { numberOf, problem, shapeText, single, variantOf } from "./arguments.ts";
import type { LayerDefinition, LoweringContext, ShapeResult, Variant } from "./layer.ts";

/** Running statistics keep nine tenths of what they were, PyTorch's momentum 0.1. */
const momentum = 0.1;

const batch: Variant = { variant: "batch", args: [] };

/** `group(2)`, as the language writes it. */
function kindText(kind: Variant): string {
  return kind.args.length === 0 ? kind.variant : `${kind.variant}(${kind.args.join(", ")})`;
}

function emit(context: LoweringContext, layer: LayerInstance, x: ValueId, kind: NormKind, biased: boolean): ValueId {
  const channels = context.graph.shapeOf(x).at(-1) ?? 0;
  const size: Shape = [kind.statistics === "all" ? 1 : channels];
  const overBatch = kind.statistics === "batch" || kind.statistics === "all";
  const weight = context.weight(layer, "weight", size, { kind: "constant", value: 1 });
  const bias = biased ? context.weight(layer, "bias", size, { kind: "constant", value: 0 }) : undefined;
  const mean = overBatch && kind.centered ? context.buffer(layer, "running_mean", size, 0) : undefined;
  const variance = overBatch ? context.buffer(layer, "running_var", size, 1) : undefined;
  const result = normalise(context.graph, x, {
    kind,
    epsilon: numberOf(layer.arguments, "eps"),
    weight,
    bias,
    running: variance === undefined ? undefined : { variance, mean, momentum },
    training: context.training,
    name: layer.path,
  });
  if (result.updates?.variance !== undefined) context.updateBuffer(layer, "running_var", result.updates.variance);
  if (result.updates?.mean !== undefined) context.updateBuffer(layer, "running_mean", result.updates.mean);
  return result.y;
}

export const norm: LayerDefinition = {
  name: "norm",
  summary: "Normalisation: divides by a standard deviation, then scales each channel.",
  category: "norm",
  parameters: [
    {
      name: "kind",
      type: { kind: "variant", variants: normVariants },
      default: undefined,
      required: false,
      doc:
        "Over what the statistics go: `batch` (batch and pixels, a channel), `all` (everything), `layer` (a sample; of " +
        "tokens and vectors the last axis), `position` (the channels of a pixel), `instance` (the pixels of a channel), " +
        "`group(n)` (n groups of channels of a sample). With `_uncentered` the mean is not subtracted. Without a kind it " +
        "is `batch` in the conventional form and the settings' `norm` in the B-cos form.",
    },
    {
      name: "eps",
      type: { kind: "float", min: 0 },
      default: 1e-5,
      required: false,
      doc: "Added to the variance before the root.",
    },
  ],
  inputs: "one",
  weighted: true,
  shape(args, inputs): ShapeResult {
    const shape = single(inputs);
    const kind = variantOf(args, "kind");
    if (kind === undefined || kind.variant === "none") return { shape };
    const found = normKindOf(kind);
    if (found.statistics === "instance" && shape.length === 1)
      return problem({
        code: "shape/rank",
        params: {
          layer: "norm(kind: instance)",
          expected: "an image `[H, W, C]` or tokens `[T, D]`",
          actual: `\`${shapeText(shape)}\``,
        },
      });
    const channels = shape.at(-1) ?? 0;
    if (found.groups < 1 || channels % found.groups !== 0)
      return problem({
        code: "shape/groups",
        params: { layer: "norm", what: "channels", count: channels, groups: found.groups },
      });
    return { shape };
  },
  standard(context, layer, inputs) {
    const kind = variantOf(layer.arguments, "kind") ?? batch;
    if (kind.variant === "none") return single(inputs);
    return emit(context, layer, single(inputs), normKindOf(kind), true);
  },
  settled: (args, settings) => ({ ...args, kind: args["kind"] ?? settings.norm }),
  becomes(args, settings) {
    const kind = variantOf(args, "kind") ?? settings.norm;
    return kind.variant === "none" ? "dropped" : kindText(kind);
  },
  bcos(context, layer, inputs) {
    const { settings } = context;
    const own = variantOf(layer.arguments, "kind");
    const kind = own ?? settings.norm;
    const once = { path: layer.path, count: 1 };
    if (kind.variant === "none") {
      if (own === undefined) context.note(layer, "bcos/norm-dropped", once);
      return single(inputs);
    }
    if (own === undefined) {
      context.note(layer, "bcos/norm-replaced", { ...once, norm: kindText(kind), bias: settings.normBias });
    } else if (!settings.normBias) context.note(layer, "bcos/bias-dropped", { ...once, layer: "norm" });
    const found = normKindOf(kind);
    if (settings.normBias) context.note(layer, "bcos/constant-part", { ...once, what: "the bias of `norm`" });
    if (found.centered && (found.statistics === "batch" || found.statistics === "all"))
      context.note(layer, "bcos/constant-part", { ...once, what: "the running mean that `norm` subtracts" });
    return emit(context, layer, single(inputs), found, settings.normBias);
  },
};
