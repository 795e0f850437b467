/** Owns the formatting of one text: used by `bcosc fmt` and by the language server, in Node and in browser workers. */
import { printer } from "prettier/doc";
import { parseFile } from "../compiler/syntax/parse.ts";
import { hasErrors, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { printFile } from "./print-file.ts";
import { style, type Style } from "./style.ts";

export type Formatted = { readonly text: string } | { readonly diagnostics: readonly Diagnostic[] };

const byteOrderMark = "\ufeff";

/**
 * The text in the one layout of the language (docs/formatting.md). Line breaks stay of the kind that the first one has,
 * and so does a byte order mark.
 *
 * @param path for the diagnostics
 * @returns diagnostics instead where the text has syntax errors
 */
export async function formatText(path: string, text: string, options: Partial<Style> = {}): Promise<Formatted> {
  const { file, diagnostics } = parseFile(path, text);
  if (hasErrors(diagnostics)) return { diagnostics };
  const chosen = { ...style, ...options };
  const { formatted } = printer.printDocToString(printFile(file, text), chosen);
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
  const lineBreak = /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";
  return { text: mark + (lineBreak === "\n" ? formatted : formatted.replaceAll("\n", lineBreak)) };
}
