/** What the parts of hover work with, and how they put their Markdown together. */
import type { Form } from "../../compiler/graph/program.ts";
import type { Declaration } from "../../compiler/syntax/ast.ts";
import type { Totals } from "../known/costs.ts";
import type { Known } from "../known/knowledge.ts";
import { exactCount } from "../known/text.ts";
import { passageText, type Variant } from "../known/variants.ts";
import type { Workspace } from "../workspace.ts";

export interface HoverContext {
  readonly workspace: Workspace;
  /** The file of the cursor, and its text. */
  readonly path: string;
  readonly text: string;
  readonly form: Form;
  /** The model or block around the cursor. */
  readonly declaration: Declaration | undefined;
  /** What is known of it. */
  readonly known: Known | undefined;
  /** What is known of any model or block of the workspace. */
  readonly knownOf: (declaration: Declaration) => Known | undefined;
}

/** A block of source text. */
export function source(text: string): string {
  return `\`\`\`bcos\n${text}\n\`\`\``;
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** Paragraphs; those that are empty or absent are left out. */
export function paragraphs(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join("\n\n");
}

/** Lines of one paragraph. */
export function lines(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join("  \n");
}

/** `18,816 parameters · 236,027,904 MACs`; nothing for what is not known or has none. */
export function costText({ parameters, macs }: Pick<Totals, "parameters" | "macs">): string | undefined {
  const parts = [
    ...(parameters === undefined || parameters === 0 ? [] : [exactCount(parameters, "parameter")]),
    ...(macs === undefined || macs === 0 ? [] : [exactCount(macs, "MAC")]),
  ];
  return parts.length === 0 ? undefined : parts.join(" · ");
}

/** Values of the instances, equal ones once: `64` in the first instance; in others `128`, `256`. */
export function severalText(values: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = [...new Set(values.filter((value) => value !== undefined))].map(code);
  if (first === undefined) return undefined;
  return others.length === 0 ? first : `${first} in the first instance; in others ${others.join(", ")}`;
}

const shownVariants = 12;
const shownPaths = 4;

/** What a place is in its instances: a few lines where all are equal, else a table. */
export function variantsText(variants: readonly Variant[], pathWord: string): string | undefined {
  const [first, ...others] = variants;
  if (first === undefined) return undefined;
  if (others.length === 0) {
    return lines([
      passageText(first),
      costText(first),
      first.became === undefined ? undefined : `in the B-cos form: ${first.became}`,
      first.paths.length === 0 ? undefined : `${pathWord} ${pathsText(first.paths)}`,
    ]);
  }
  const became = variants.some((variant) => variant.became !== first.became);
  const number = (value: number | undefined): string => (value === undefined ? "" : value.toLocaleString("en-US"));
  const rows = variants
    .slice(0, shownVariants)
    .map((variant) => [
      passageText(variant),
      number(variant.parameters),
      number(variant.macs),
      ...(became ? [variant.became ?? ""] : []),
      pathsText(variant.paths),
    ]);
  const head = ["shapes", "parameters", "MACs", ...(became ? ["B-cos form"] : []), pathWord];
  const rule = head.map((title) => (title === "parameters" || title === "MACs" ? "--:" : "---"));
  const table = [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
  const rest = variants.length - shownVariants;
  return paragraphs([
    became || first.became === undefined ? undefined : `In the B-cos form: ${first.became}`,
    table,
    rest > 0 ? `… and ${rest} more` : undefined,
  ]);
}

/** `layer1.0.conv1`, `layer1.1.conv1` and 14 more */
export function pathsText(paths: readonly string[]): string {
  const shown = paths.slice(0, paths.length === shownPaths + 1 ? shownPaths + 1 : shownPaths).map(code);
  const rest = paths.length - shown.length;
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(", ");
}
