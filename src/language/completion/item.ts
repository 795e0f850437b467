/** What completion gives: plain data, with snippets in the syntax that editors share. */
import type { Span, TextEdit } from "../../diagnostics/diagnostic.ts";

export type CompletionKind =
  | "layer"
  | "block"
  | "function"
  | "argument"
  | "value"
  | "parameter"
  | "dimension"
  | "binding"
  | "input"
  | "output"
  | "setting"
  | "type"
  | "keyword"
  | "file";

export interface CompletionItem {
  readonly label: string;
  readonly kind: CompletionKind;
  /** One line beside the label: a signature, a type with its default, a path. */
  readonly detail: string;
  /** Markdown. */
  readonly documentation: string;
  /** The text that replaces the completed range. */
  readonly insert: string;
  /** The same with places to fill in: `conv(${1:width}, kernel: ${2:kernel})`. Absent where it has none. */
  readonly snippet?: string;
  /** Items are in order of these. */
  readonly sort: string;
  /** Changes elsewhere in the file: an import of what is inserted. */
  readonly edits: readonly TextEdit[];
  /** Whether completing goes on behind it: values of an argument after its name. */
  readonly retrigger: boolean;
}

export interface Completions {
  /** What every item replaces. */
  readonly span: Span;
  /** The likely first; those that do not fit what is typed are still among them. */
  readonly items: readonly CompletionItem[];
}

/** An item before its place in the order is known. */
export type Draft = Pick<CompletionItem, "label" | "kind"> & Partial<Omit<CompletionItem, "sort">>;

/** The likely group first, and in each the likely first. */
export type DraftGroups = readonly (readonly Draft[])[];

/** Groups of drafts as items, in their order. Of two with one label from one place, the first stays. */
export function ranked(groups: DraftGroups): CompletionItem[] {
  const seen = new Set<string>();
  return groups.flat().flatMap((draft): CompletionItem[] => {
    const { label, kind, detail = "", edits = [] } = draft;
    const key = edits.length === 0 ? label : `${label} ${detail}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const { documentation = "", insert = label, snippet, retrigger = false } = draft;
    const sort = String(seen.size).padStart(4, "0");
    return [
      {
        label,
        kind,
        detail,
        documentation,
        insert,
        sort,
        edits,
        retrigger,
        ...(snippet === undefined ? {} : { snippet }),
      },
    ];
  });
}

/** `name`, `name(first, second: second)` with places to fill in, for what takes these arguments. */
export function callSnippet(name: string, required: readonly string[]): Pick<CompletionItem, "insert" | "snippet"> {
  if (required.length === 0) return { insert: name };
  // The first argument is written by position, as everybody does: `conv(64, kernel: 3)`.
  const places = required.map((argument, i) => {
    const place = `\${${i + 1}:${argument}}`;
    return i === 0 ? place : `${argument}: ${place}`;
  });
  return { insert: name, snippet: `${name}(${places.join(", ")})` };
}
