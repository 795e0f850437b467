/** Owns small helpers about single tokens: where they are and how messages name them. */
import { EOF, type IToken } from "chevrotain";
import type { Span } from "../src/diagnostics/diagnostic.ts";
import * as t from "./tokens.ts";

/** The offset after the token. The lexer gives only starts; tokens made later have an end, and may be empty. */
export function endOf(token: IToken): number {
  return token.endOffset === undefined ? token.startOffset + token.image.length : token.endOffset + 1;
}

export function spanOf(path: string, token: IToken): Span {
  return { file: path, start: token.startOffset, end: endOf(token) };
}

/** How a message names the token: `` `->` ``, `` the name `foo` ``, `the end of the line`. */
export function describeToken(token: IToken | undefined): string {
  if (token === undefined || token.tokenType === EOF || token.tokenType === t.StatementEnd)
    return "the end of the line";
  const text = token.image.length > 40 ? `${token.image.slice(0, 37)}...` : token.image;
  switch (token.tokenType) {
    case t.Identifier:
      return `the name \`${text}\``;
    case t.Int:
    case t.Float:
      return `the number \`${text}\``;
    case t.StringLiteral:
      return `the text \`${text}\``;
    default:
      return `\`${text}\``;
  }
}

/** The same without the article: `unexpected name …`. */
export function bare(token: IToken | undefined): string {
  return describeToken(token).replace(/^the /, "");
}
