/**
 * `bcosc/prettier`: a plugin of prettier 3 for `.bcos` files, and for `bcos` blocks in Markdown.
 *
 *     { "plugins": ["bcosc/prettier"] }
 */
import type { Parser, Printer, RequiredOptions, SupportLanguage } from "prettier";
import type { SourceFile } from "../compiler/syntax/ast.ts";
import { parseFile } from "../compiler/syntax/parse.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { createLineMap } from "../diagnostics/lines.ts";
import { printFile } from "./print-file.ts";
import { style } from "./style.ts";

interface Root {
  readonly file: SourceFile;
  readonly text: string;
}

export const languages: SupportLanguage[] = [
  { name: "bcos", parsers: ["bcos"], extensions: [".bcos"], vscodeLanguageIds: ["bcos"] },
];

export const parsers: Readonly<Record<"bcos", Parser<Root>>> = {
  bcos: {
    astFormat: "bcos",
    parse(text, options) {
      const { file, diagnostics } = parseFile(options.filepath ?? "", text);
      const error = diagnostics.find(({ severity }) => severity === "error");
      if (error !== undefined) throw syntaxError(text, error);
      return { file, text };
    },
    locStart: ({ file }) => file.span.start,
    locEnd: ({ file }) => file.span.end,
  },
};

export const printers: Readonly<Record<"bcos", Printer<Root>>> = {
  bcos: { print: ({ node: { file, text } }) => printFile(file, text) },
};

/** Rows of a `.bcos` file are longer than lines of other languages, unless the options say otherwise. */
export const defaultOptions: Partial<RequiredOptions> = { ...style };

/** The first error, with its place in the form from which prettier draws the lines around it. */
function syntaxError(text: string, { code, message, span }: Diagnostic): SyntaxError {
  const lines = createLineMap(text);
  const place = { start: lines.positionAt(span!.start), end: lines.positionAt(span!.end) };
  return Object.assign(new SyntaxError(`${message} (${code}, ${place.start.line}:${place.start.column})`), {
    loc: place,
  });
}
