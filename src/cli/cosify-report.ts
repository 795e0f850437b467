/** What a B-cosification changed, step by step, as text and as JSON. */
import type { CosificationStep } from "../compiler/cosify/cosification.ts";
import type { Network } from "../compiler/network/network.ts";
import type { MeasuredStep, StepMeasurement } from "../runtime/cosify/measure.ts";
import { countOf, formatTable } from "./table.ts";

export interface CosifyFacts {
  readonly file: string;
  readonly weightsFile: string;
  /** The B-cos network. */
  readonly network: Network;
  /** Of the images; `undefined` for one that was made up. */
  readonly names: readonly (string | undefined)[];
  readonly steps: readonly CosificationStep[];
  readonly measured: StepMeasurement;
  /** B-cos settings that were given over those of the file. */
  readonly settings: string | undefined;
  /** Where the weights were written; `undefined` where nothing was. */
  readonly out: string | undefined;
}

export function cosifyJson({ file, weightsFile, network, names, steps, measured, settings, out }: CosifyFacts): object {
  const { images, largestLogit } = measured;
  return {
    file,
    model: network.name,
    preset: network.settings.preset,
    settings: settings ?? null,
    weights: weightsFile,
    images,
    synthetic: names.every((name) => name === undefined),
    largestLogit,
    steps: measured.steps.map((step, i) => {
      const { name, title } = steps[i + 1]!;
      // JSON has no infinity.
      const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
      const { effect, sameClass } = step;
      const fromConventional = finite(step.fromConventional);
      return { name, title, effect, change: finite(step.change), fromConventional, sameClass };
    }),
    out: out ?? null,
  };
}

export function cosifyText({ file, weightsFile, network, names, steps, measured, settings, out }: CosifyFacts): string {
  const { preset } = network.settings;
  const made = names.every((name) => name === undefined);
  const images = made ? `${countOf(names.length, "image")} made of waves` : countOf(names.length, "image");
  const over = settings === undefined ? "" : ` --settings "${settings}"`;
  const head = ["step", "what changes", "logits", "largest change", "in all", "same class"];
  const rows = measured.steps.map((step, i) => stepRow(steps[i + 1]!, step, measured.images));
  const table = formatTable([head, ...rows], ["left", "left", "left", "right", "right", "right"]);
  return [
    `${file}: ${network.name} with ${weightsFile}, from conventional to B-cos (${preset})`,
    `on ${images}; the largest |logit| of the conventional network is ${measured.largestLogit.toPrecision(4)}`,
    "",
    ...table.map((line) => `  ${line}`),
    "",
    ...(out === undefined ? [] : [`wrote ${out}; the commands take it with \`--preset ${preset}${over}\``, ""]),
  ].join("\n");
}

const effects = { preserves: "preserved", shifts: "shifted alike", changes: "changed" } as const;

function stepRow({ name, title }: CosificationStep, step: MeasuredStep, images: number): readonly string[] {
  const amount = (value: number): string => (Number.isFinite(value) ? value.toExponential(1) : "not finite");
  const same = `${step.sameClass} of ${images}`;
  return [name, title, effects[step.effect], amount(step.change), amount(step.fromConventional), same];
}
