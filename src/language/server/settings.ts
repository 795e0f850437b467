/** What users may set in their editors, in the section `bcosc`. */
import type { Form } from "../../compiler/graph/program.ts";
import type { InlayHintOptions } from "../inlay-hints.ts";
import { isRecord } from "./guard.ts";

export interface Settings {
  /** Whose parameters and MACs hovers, hints and lenses count. */
  readonly form: Form;
  readonly inlayHints: Required<Omit<InlayHintOptions, "form">>;
  readonly codeLenses: {
    readonly enabled: boolean;
    /** Kernels and peak memory, for which a model has to be planned. */
    readonly plans: boolean;
  };
}

export const defaultSettings: Settings = {
  form: "bcos",
  inlayHints: { shapes: "every", argumentNames: true, totals: true, values: true },
  codeLenses: { enabled: true, plans: true },
};

/** Defaults for what is missing or makes no sense: an editor's settings are no reason to fail. */
export function readSettings(given: unknown): Settings {
  const { form, inlayHints, codeLenses } = defaultSettings;
  const hints = sectionOf(given, "inlayHints");
  const lenses = sectionOf(given, "codeLenses");
  return {
    form: choice(isRecord(given) ? given["form"] : undefined, ["bcos", "standard"], form),
    inlayHints: {
      shapes: choice(hints["shapes"], ["every", "changed", "off"], inlayHints.shapes),
      argumentNames: flag(hints["argumentNames"], inlayHints.argumentNames),
      totals: flag(hints["totals"], inlayHints.totals),
      values: flag(hints["values"], inlayHints.values),
    },
    codeLenses: {
      enabled: flag(lenses["enabled"], codeLenses.enabled),
      plans: flag(lenses["plans"], codeLenses.plans),
    },
  };
}

function sectionOf(given: unknown, name: string): Readonly<Record<string, unknown>> {
  const section = isRecord(given) ? given[name] : undefined;
  return isRecord(section) ? section : {};
}

function choice<T extends string>(value: unknown, known: readonly T[], preset: T): T {
  return known.find((one) => one === value) ?? preset;
}

function flag(value: unknown, preset: boolean): boolean {
  return typeof value === "boolean" ? value : preset;
}
