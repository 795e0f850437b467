/**
 * B-cosification (Arya et al. 2024): a pretrained conventional network read as a B-cos network with B = 1, and the changes
 * that make it one with B = 2 and without biases. Which weights become what is data; the runtime carries it out.
 */
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { automaticLogitBias } from "../composites/logits.ts";
import { predictGraph } from "../graphs/evaluation.ts";
import type { Form, StateSpec } from "../graph/program.ts";
import { checkForm, inForm } from "../network/forms.ts";
import { lower } from "../network/lower.ts";
import type { Network } from "../network/network.ts";
import { firstLayers } from "./first-layers.ts";
import type { Recipes } from "./recipe.ts";
import { cosificationProblems, recipesOf } from "./recipes.ts";
import { settingsSteps, type CosificationStepName } from "./settings-steps.ts";

export interface CosificationStep {
  readonly name: CosificationStepName;
  /** What the step changes, in a few words. */
  readonly title: string;
  /** The network as it is after the step, to be built in `form`. */
  readonly network: Network;
  readonly form: Form;
  /** Its tensors from those of the conventional network. */
  readonly recipes: Recipes;
}

/**
 * The way from the conventional form of a network to its B-cos form, as the settings of the network have it: its preset
 * should be `cosified`. The first step is the conventional network itself, the last one the B-cos network; each has the
 * changes of all before it. Steps that would change nothing in this network are left out.
 *
 * Build each with `buildProgram(step.network, { form: step.form, … })`; `convertWeights` of the runtime makes its weights and
 * `measureSteps` compares their logits.
 *
 * Throws a `BcosError` with `weights/cosify` for what can't be converted, each with its layer, and with the codes of
 * `checkForm` for a network that can't be lowered.
 */
export function cosificationSteps(network: Network): readonly CosificationStep[] {
  const unfit = [...checkForm(network, "standard"), ...checkForm(network, "bcos")];
  if (unfit.length > 0) throw new BcosError(unfit);
  const problems = cosificationProblems(network);
  if (problems.length > 0) throw new BcosError(problems);

  const start = lowered(network, "standard");
  const conventional = new Map(start.state.map((spec) => [spec.path, spec]));
  const title = "the conventional network";
  const recipes: Recipes = new Map(start.state.map(({ path }) => [path, { kind: "copy", from: path }]));
  const found: CosificationStep[] = [{ name: "conventional", title, network, form: "standard", recipes }];
  let before = start.text;
  for (const { name, network: changed } of settingsSteps(network)) {
    const { state, text } = lowered(changed, "bcos");
    if (text === before) continue;
    before = text;
    const recipes = recipesOf(changed, state, conventional);
    found.push({ name, title: titleOf(name, changed), network: changed, form: "bcos", recipes });
  }
  return found;
}

/** The state of a form, and a text that is the same for the same computation. */
function lowered(network: Network, form: Form): { readonly state: readonly StateSpec[]; readonly text: string } {
  const result = lower(network, { name: "predict", form, batch: 1, training: false });
  const { nodes, outputs } = predictGraph(result, false);
  const computed = nodes.map(({ op, attributes, inputs, shape }) => ({ op, attributes, inputs, shape }));
  return { state: result.state, text: JSON.stringify({ computed, outputs }) };
}

function titleOf(name: CosificationStepName, network: Network): string {
  const { settings } = network;
  const simple: Partial<Record<CosificationStepName, string>> = {
    head: "the classifier before the pooling",
    norm: "norms without their mean, which their bias takes over",
    relu: "without `relu`",
    gelu: "without `gelu` and `silu`",
    max_pool: "averages in place of maxima",
    weights: "rows of weights of length 1",
    scale: "a constant divisor in every layer",
    b: `B = ${settings.b}`,
    bias: biasTitle(network),
  };
  return simple[name] ?? (name === "encode" ? encodeTitle(network) : logitTitle(network));
}

function encodeTitle(network: Network): string {
  if (network.settings.encode.variant === "none") return "B-cos layers with B = 1";
  const first = [...firstLayers(inForm(network, "bcos").network).runs.keys()];
  const names = first.length > 2 ? `${first[0]} and ${first.length - 1} more` : first.join(" and ");
  return `input [x, 1 - x], normalised inside; [W, -W] / 2 in ${names}`;
}

function biasTitle({ settings }: Network): string {
  if (settings.bias) return "without the biases of norms";
  return settings.normBias ? "without the biases of products" : "without biases";
}

function logitTitle({ settings, outputs }: Network): string {
  const { logitBias, logitTemperature } = settings;
  const bias = logitBias === "auto" ? automaticLogitBias(outputs[0]?.shape.at(-1) ?? 0) : logitBias;
  const temperature = logitTemperature === 1 ? "" : `logits / ${logitTemperature}, `;
  return `${temperature}logit bias ${Number(bias.toFixed(6))}`;
}
