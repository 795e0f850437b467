/** The recipes of all tensors of a B-cos network, and what has no counterpart in the conventional one. */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { sizeOf } from "../../shape.ts";
import { normKindOf, type NormKind } from "../composites/norm.ts";
import type { StateSpec } from "../graph/program.ts";
import { numberOf, optionalNumber, variantOf } from "../layers/arguments.ts";
import { inForm } from "../network/forms.ts";
import type { LayerInstance, Network } from "../network/network.ts";
import { firstLayers } from "./first-layers.ts";
import type { Recipes, TensorRecipe } from "./recipe.ts";

/**
 * `network` may have any settings that `cosificationProblems` has nothing against. `state` is its state in the B-cos form,
 * `conventional` that of the conventional form.
 */
export function recipesOf(
  network: Network,
  state: readonly StateSpec[],
  conventional: ReadonlyMap<string, StateSpec>,
): Recipes {
  const formed = inForm(network, "bcos").network;
  const layers = new Map(formed.layers.map((layer) => [layer.path, layer]));
  const { runs } = firstLayers(formed);
  return new Map(
    state.map((spec) => {
      const dot = spec.path.lastIndexOf(".");
      const [owner, name] = [spec.path.slice(0, dot), spec.path.slice(dot + 1)];
      const layer = layers.get(owner);
      const run = name === "weight" ? runs.get(owner) : undefined;
      const folded = layer !== undefined && name === "bias" && losesMean(layer, network);
      const recipe: TensorRecipe = folded
        ? foldedBias(layer)
        : run === undefined
          ? { kind: "copy", from: spec.path }
          : { kind: "signed-pairs", from: spec.path, run };
      checkSize(spec, recipe, conventional);
      return [spec.path, recipe];
    }),
  );
}

/** A tensor that no recipe makes is a fault of this folder: what can't be converted was refused before. */
function checkSize(spec: StateSpec, recipe: TensorRecipe, conventional: ReadonlyMap<string, StateSpec>): void {
  if (recipe.kind === "folded-bias") return;
  const source = conventional.get(recipe.from);
  const factor = recipe.kind === "signed-pairs" ? 2 : 1;
  if (source === undefined || sizeOf(spec.shape) !== factor * sizeOf(source.shape))
    throw new Error(`the conventional network has nothing to make ${spec.path} of`);
}

function foldedBias(layer: LayerInstance): TensorRecipe {
  const tensor = (name: string): string => `${layer.path}.${name}`;
  return {
    kind: "folded-bias",
    bias: tensor("bias"),
    mean: tensor("running_mean"),
    weight: tensor("weight"),
    variance: tensor("running_var"),
    epsilon: numberOf(layer.arguments, "eps"),
  };
}

/** Whether the conventional norm subtracts a running mean, and the B-cos one does not. */
function losesMean(layer: LayerInstance, network: Network): boolean {
  if (layer.layer !== "norm") return false;
  const [before, after] = [conventionalKind(layer), bcosKind(layer, network)];
  return hasRunningMean(before) && after !== undefined && !hasRunningMean(after);
}

function hasRunningMean({ statistics, centered }: NormKind): boolean {
  return centered && (statistics === "batch" || statistics === "all");
}

function conventionalKind(layer: LayerInstance): NormKind {
  return normKindOf(variantOf(layer.arguments, "kind") ?? { variant: "batch", args: [] });
}

/** `undefined` where the norm is dropped. */
function bcosKind(layer: LayerInstance, { settings }: Network): NormKind | undefined {
  const kind = variantOf(layer.arguments, "kind") ?? settings.norm;
  return kind.variant === "none" ? undefined : normKindOf(kind);
}

/** What keeps the weights of the conventional form from becoming those of the B-cos form; empty where nothing does. */
export function cosificationProblems(network: Network): readonly Diagnostic[] {
  const { input, settings } = network;
  if (settings.encode.variant === "add_inverse") {
    const reason = "the settings encode the input as [x, 1 - x] and do not normalise it, so that no weights undo the 1";
    const hints = [
      "`--preset cosified` normalises by ImageNet's means and deviations",
      "the setting `encode: add_inverse_normalized([0, 0, 0], [1, 1, 1])` is for a network that sees colours from 0 to 1 as they are",
    ];
    return [diagnose("weights/cosify", { reason }, { span: input.span, hints })];
  }
  const units = network.layers.filter(hasSeveralUnits(settings.maxout)).slice(0, 1);
  const norms = network.layers.filter((layer) => layer.layer === "norm" && normProblem(layer, network) !== undefined);
  return [
    ...units.map((layer) => {
      const reason = `\`${layer.path}\` has several units an output, the conventional layer has one`;
      return refusal(layer, reason, "`maxout: 1` is the setting for one unit an output");
    }),
    ...norms
      .slice(0, 1)
      .map((layer) =>
        refusal(layer, normProblem(layer, network)!, "the setting `norm` may be `batch_uncentered` or `batch`"),
      ),
    ...firstLayers(inForm(network, "bcos").network).problems,
  ];
}

function hasSeveralUnits(maxout: number): (layer: LayerInstance) => boolean {
  const products = ["conv", "depthwise_conv", "linear"];
  return ({ layer, arguments: args }) => products.includes(layer) && (optionalNumber(args, "maxout") ?? maxout) > 1;
}

function normProblem(layer: LayerInstance, network: Network): string | undefined {
  const [before, after] = [conventionalKind(layer), bcosKind(layer, network)];
  const name = `the norm \`${layer.path}\``;
  if (variantOf(layer.arguments, "kind")?.variant === "none") return undefined;
  if (after === undefined) return `the settings drop ${name}, and its scale would be lost`;
  const alike = before.statistics === after.statistics && before.groups === after.groups;
  return alike ? undefined : `the settings take other statistics for ${name} than the conventional network does`;
}

function refusal(layer: LayerInstance, reason: string, hint: string): Diagnostic {
  return diagnose("weights/cosify", { reason }, { span: layer.span, expansion: layer.expansion, hints: [hint] });
}
