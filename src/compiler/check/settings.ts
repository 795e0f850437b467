/**
 * B-cos settings: names and types of `bcos { … }`, and their values. A model has the settings of its own file and its
 * own; where both give one, the model's counts. The preset is what all settings start from, wherever it is written.
 */
import type { ExpansionLink, Span } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../graph/graph.ts";
import type { ArgumentValue } from "../layers/layer.ts";
import { defaultSettings } from "../network/presets.ts";
import { applySettings, settingTable } from "../network/setting-table.ts";
import type { BcosSettings } from "../network/settings.ts";
import type { Setting, SettingsBlock } from "../syntax/ast.ts";
import { describeConstant, toArgument } from "./constants.ts";
import { evaluate, type Environment, type EvaluationContext } from "./evaluate-expression.ts";
import { checkArgument, type ExpressionScope, type InferenceContext } from "./infer-types.ts";
import { didYouMean, type Report } from "./report.ts";
import { describeArgument } from "./types.ts";

/** Of settings that see no parameters. */
export const withoutNames: ExpressionScope = {
  typeOf: () => undefined,
  names: () => [],
  otherMeaning: () => undefined,
  isDamaged: false,
};

/** Names and types. Settings with an error count as not given. */
export function checkSettings(
  context: InferenceContext,
  scope: ExpressionScope,
  blocks: readonly SettingsBlock[],
): void {
  const places = new Map<string, Span>();
  for (const setting of blocks.flatMap((block) => block.settings)) {
    if (context.faulty.has(setting)) continue;
    const { text, span } = setting.name;
    const entry = settingTable.find((s) => s.name === text);
    const first = places.get(text);
    if (entry === undefined) {
      context.faulty.add(setting);
      const details = didYouMean(
        context.report,
        span,
        text,
        settingTable.map((s) => s.name),
      );
      context.report.at(span, "name/unknown", { what: "B-cos setting", name: text }, details);
      continue;
    }
    if (first !== undefined) {
      context.faulty.add(setting);
      const related = [{ span: first, label: "the first" }];
      context.report.at(span, "name/duplicate", { what: "a setting", name: text }, { related });
    }
    places.set(text, span);
    checkArgument(context, scope, setting.value, text, entry.type);
  }
}

export interface GivenSettings {
  readonly settings: BcosSettings;
  /** Where the source gives a setting, if it does. */
  readonly places: ReadonlyMap<string, Span>;
}

/** Each overrides those before it. */
export interface SettingsBlocks {
  readonly file: readonly SettingsBlock[];
  readonly model: readonly SettingsBlock[];
  /** From outside. */
  readonly given: readonly SettingsBlock[];
}

/** The values. A `preset` from outside stands in place of the one that the blocks name; the other settings count as written. */
export function evaluateSettings(
  context: EvaluationContext,
  environment: Environment,
  blocks: SettingsBlocks,
  preset?: BcosSettings["preset"],
): GivenSettings {
  const values: Record<string, ArgumentValue> = {};
  const places = new Map<string, Span>();
  const give = (names: Environment, setting: Setting): void => {
    const entry = settingTable.find((s) => s.name === setting.name.text);
    if (entry === undefined || context.faulty.has(setting)) return;
    const constant = evaluate(context, names, setting.value);
    if (constant === undefined) return;
    const value = toArgument(entry.type, constant);
    const found = describeConstant(constant);
    if (value === undefined) {
      context.report(setting.value.span, "type/range", {
        name: entry.name,
        expected: describeArgument(entry.type),
        found,
      });
    } else if (!isDivisor(entry.name, value)) {
      const params = { name: entry.name, expected: "a number greater than 0", found };
      context.report(setting.value.span, "type/range", params);
    } else {
      values[entry.name] = value;
      places.set(entry.name, setting.value.span);
    }
  };
  // The settings of a file don't see the parameters of its models, nor do those from outside.
  for (const setting of blocks.file.flatMap((block) => block.settings)) give(new Map(), setting);
  for (const setting of blocks.model.flatMap((block) => block.settings)) give(environment, setting);
  for (const setting of blocks.given.flatMap((block) => block.settings)) give(new Map(), setting);
  return { settings: applySettings(defaultSettings, preset === undefined ? values : { ...values, preset }), places };
}

/** False for a temperature or a scale that is not greater than 0: something is divided by it. */
function isDivisor(name: string, value: ArgumentValue): boolean {
  if (name === "logit_temperature") return typeof value === "number" && value > 0;
  if (name !== "scale" || typeof value !== "object" || !("variant" in value)) return true;
  return value.args.every((factor) => typeof factor === "number" && factor > 0);
}

/** Settings that do not fit the model's input or logits. `fallback` is the place for settings from a preset. */
export function checkSettingsFit(
  report: Report,
  given: GivenSettings,
  fallback: Span,
  input: Shape | undefined,
  logits: Shape | undefined,
  expansion: readonly ExpansionLink[] = [],
): void {
  const { settings, places } = given;
  const placeOf = (name: string): Span => places.get(name) ?? places.get("preset") ?? fallback;
  const channels = input?.at(-1);
  if (settings.encode.variant === "add_inverse_normalized" && channels !== undefined) {
    for (const [i, list] of ["mean", "std"].entries()) {
      const numbers = settings.encode.args[i];
      const found = Array.isArray(numbers) ? numbers.length : 0;
      if (found === channels) continue;
      report.at(placeOf("encode"), "bcos/encode-channels", { list, found, channels }, { expansion });
      break;
    }
    const deviations = settings.encode.args[1];
    if (Array.isArray(deviations) && deviations.some((d: number) => !(d > 0))) {
      report.at(placeOf("encode"), "bcos/encode-deviation", {}, { expansion });
    }
  }
  if (settings.logitBias === "auto" && logits?.length === 1 && logits[0] === 1) {
    report.at(placeOf("logit_bias"), "bcos/logit-bias", {}, { expansion });
  }
}
