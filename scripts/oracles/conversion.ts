/** The conversion of a conventional network to a B-cos one: logits before, between and after, and converted tensors. */
import { buildProgram } from "../../src/compiler/compile.ts";
import { cosificationSteps } from "../../src/compiler/cosify/cosification.ts";
import type { CosificationStepName } from "../../src/compiler/cosify/settings-steps.ts";
import { targetsFor } from "../../src/compiler/targets/code-target.ts";
import { argmax } from "../../src/runtime/argmax.ts";
import { convertWeights, type BuiltStep } from "../../src/runtime/cosify/convert.ts";
import { openSession } from "../../src/runtime/session.ts";
import type { Weights } from "../../src/runtime/weights/weights.ts";
import { compareArray, relative, relativeDifference, summarise, type Deviation, type Expected } from "./compare.ts";
import { fillTensor, formulaImage, type Fill } from "./generators.ts";
import { describedNetwork, weightPath } from "./models.ts";
import { filledWeights, type StateKey } from "./networks.ts";
import { attempt, type Outcome, type Target } from "./outcome.ts";

interface ExpectedLogits {
  readonly first10: readonly number[];
  readonly argmax: number;
  readonly sumabs: number;
  readonly dot: number;
}

export interface ConversionOracle {
  readonly name: string;
  readonly config: { readonly constructor: string };
  readonly input: { readonly seed: number; readonly H: number; readonly W: number };
  readonly conversion: Fill & {
    readonly tag: string;
    readonly standard_state_dict: readonly StateKey[];
    readonly expected: {
      readonly standard_logits_on_normalised_3ch: ExpectedLogits;
      readonly B1_with_folded_bias_logits_on_6ch: ExpectedLogits;
      readonly B2_no_bias_avgpool_logits_before_logit_bias: ExpectedLogits;
      readonly converted_tensors: Readonly<Record<string, Expected>>;
      readonly folded_biases_before_removal: Readonly<Record<string, Expected>>;
    };
  };
}

export function runConversion(oracle: ConversionOracle, target: Target): Promise<Outcome> {
  return attempt(`net/${oracle.name}/conversion`, async () => {
    const { conversion } = oracle;
    const { expected } = conversion;
    const exact = target.precision === "float64";
    const { network, rename = (name: string) => name } = describedNetwork(oracle.config.constructor, { bias: 0 });
    const steps = new Map<CosificationStepName, BuiltStep>(
      cosificationSteps(network).map(({ name, network, form, recipes }) => {
        const targets = targetsFor(target.device.name);
        return [
          name,
          { recipes, program: buildProgram(network, { form, batch: 1, graphs: ["predict"], targets }).program },
        ];
      }),
    );
    const [conventional, folded, last] = [steps.get("conventional"), steps.get("norm"), [...steps.values()].at(-1)];
    if (conventional === undefined || folded === undefined || last === undefined) throw new Error("a step is missing");
    const fill = (key: string, shape: readonly number[]) => fillTensor(conversion.tag, key, shape, conversion);
    const weights = filledWeights(conventional.program, conversion.standard_state_dict, fill, rename);
    const { seed, H, W } = oracle.input;
    const image = formulaImage(seed, H, W);
    const bound = exact ? 1e-9 : 2e-4;
    const logits = async (what: string, step: BuiltStep, wanted: ExpectedLogits): Promise<Deviation[]> =>
      compareLogits(what, await logitsOf(step, weights, image, target), wanted, bound);
    const tensors = (step: BuiltStep, wanted: Readonly<Record<string, Expected>>): Deviation[] =>
      compareTensors(convertWeights(step, weights), wanted, rename, exact ? 1e-9 : 1e-6);
    return [
      ...(await logits("conventional", conventional, expected.standard_logits_on_normalised_3ch)),
      ...(await logits("B 1", folded, expected.B1_with_folded_bias_logits_on_6ch)),
      ...(await logits("B 2", last, expected.B2_no_bias_avgpool_logits_before_logit_bias)),
      ...tensors(last, expected.converted_tensors),
      ...tensors(folded, expected.folded_biases_before_removal),
    ];
  });
}

async function logitsOf(step: BuiltStep, weights: Weights, image: Float64Array, target: Target) {
  const session = await openSession(step.program, {
    device: target.device,
    precision: target.precision,
    weights: convertWeights(step, weights),
  });
  try {
    return await session.predict(image);
  } finally {
    await session.dispose();
  }
}

function compareLogits(what: string, logits: ArrayLike<number>, wanted: ExpectedLogits, bound: number): Deviation[] {
  const { sumabs, dot } = summarise(logits);
  return [
    { what: `${what} argmax`, value: argmax(logits) === wanted.argmax ? 0 : 1, bound: 0 },
    { what: `${what} logits`, value: relativeDifference(Array.from(logits).slice(0, 10), wanted.first10), bound },
    { what: `${what} Σ |logits|`, value: relative(sumabs, wanted.sumabs), bound },
    { what: `${what} dot of logits`, value: relative(dot, wanted.dot, wanted.sumabs), bound },
  ];
}

function compareTensors(
  found: Weights,
  wanted: Readonly<Record<string, Expected>>,
  rename: (name: string) => string,
  bound: number,
): Deviation[] {
  const known = new Set(found.keys());
  return Object.entries(wanted).map(([key, expected]) => {
    const path = weightPath(rename(key), known) ?? key;
    const tensor = found.get(path);
    if (tensor === undefined) throw new Error(`nothing is converted to ${key}`);
    return { what: path, value: compareArray(tensor.data, expected), bound };
  });
}
