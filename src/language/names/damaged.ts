/**
 * Names in text that a typing fault kept out of the syntax tree. What such a name means is guessed from the tokens around it
 * and from what the rest of the file declares, so that a cursor in a broken line still finds its way.
 */
import type { IToken, TokenType } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import { lex } from "../../../grammar/lexer.ts";
import * as t from "../../../grammar/tokens.ts";
import type { SourceFile } from "../../compiler/syntax/ast.ts";
import { fileSizeLimit } from "../../compiler/syntax/parse.ts";
import { calleeMeaning, type Files } from "./resolve.ts";
import type { Meaning, Occurrence } from "./symbols.ts";
import { scopeOf } from "./tables.ts";

export function damagedOccurrences(
  files: Files,
  file: SourceFile,
  text: string,
  known: readonly Occurrence[],
): Occurrence[] {
  if (text.length > fileSizeLimit) return [];
  const starts = new Set(known.map(({ span }) => span.start));
  const tokens = lex(file.path, text).tokens.filter((token) => token.tokenType !== t.LineBreak);
  return tokens.flatMap((token, i) => {
    if (token.tokenType !== t.Identifier || starts.has(token.startOffset)) return [];
    const meaning = guess(files, file, token, tokens[i - 1]?.tokenType, tokens[i + 1]?.tokenType);
    const span = { file: file.path, start: token.startOffset, end: endOf(token) };
    return meaning === undefined ? [] : [{ span, meaning, role: "read" as const }];
  });
}

function guess(
  files: Files,
  file: SourceFile,
  { image, startOffset }: IToken,
  before: TokenType | undefined,
  after: TokenType | undefined,
): Meaning | undefined {
  // Labels, names of arguments and settings, and what a binding or a parameter is to be called.
  if (after === t.Colon || after === t.Equals) return undefined;
  const inside = file.declarations.findLast(({ span }) => span.start <= startOffset);
  const scope = inside && scopeOf(inside);
  const isCallee = before === t.Arrow || (after === t.LParen && before !== t.Concat);
  const definition = isCallee ? undefined : (scope?.tensors.get(image) ?? scope?.values.get(image));
  return definition === undefined ? calleeMeaning(files, file, image) : { kind: "definition", definition };
}
