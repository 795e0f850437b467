/** Owns the view of tokens as lines, and what the layout rules must know about single types of tokens. */
import type { IToken, TokenType } from "chevrotain";
import type { StatementRule } from "./parser.ts";
import * as t from "./tokens.ts";

/** Operators of expressions and of flows. */
export const operators = new Set<TokenType>([
  t.Plus,
  t.Minus,
  t.Star,
  t.Slash,
  t.Percent,
  t.EqualEqual,
  t.NotEqual,
  t.Less,
  t.LessEqual,
  t.Greater,
  t.GreaterEqual,
  t.And,
  t.Or,
  t.Not,
]);
/** A line break behind one of these does not end the statement. */
export const joinsBefore = new Set<TokenType>([...operators, t.Arrow, t.Equals, t.Colon, t.Comma, t.Else]);
/** A line break before one of these does not end the statement. */
export const joinsAfter = new Set<TokenType>([
  ...[...operators].filter((type) => type !== t.Not),
  t.Arrow,
  t.Colon,
  t.Comma,
  t.RParen,
  t.RSquare,
  t.LCurly,
  t.Else,
  t.From,
]);
/** The words that start statements. */
export const starters = new Map<TokenType, StatementRule>([
  [t.Import, "importStatement"],
  [t.Bcos, "settingsHead"],
  [t.Model, "declarationHead"],
  [t.Block, "declarationHead"],
  [t.Input, "port"],
  [t.Output, "port"],
]);

/** Words after which a value must follow. */
export const awaitsValue = new Set<TokenType>([t.If, t.Repeat, t.Not]);
export const portWords = new Set<TokenType>([t.Input, t.Output]);

export interface Entry {
  readonly token: IToken;
  readonly lineStart: boolean;
  /** Distance of the token from the start of its line. */
  readonly column: number;
  readonly lineOffset: number;
}

export interface Lines {
  readonly entries: readonly Entry[];
  readonly typeAt: (i: number) => TokenType | undefined;
  /** The type of the token `ahead` places behind `i`, if it is on the same line. */
  readonly after: (i: number, ahead: number) => TokenType | undefined;
}

export function readLines(tokens: readonly IToken[]): Lines {
  const entries = entriesOf(tokens);
  const typeAt = (i: number): TokenType | undefined => entries[i]?.token.tokenType;
  function after(i: number, ahead: number): TokenType | undefined {
    for (let j = i + 1; j <= i + ahead; j++) if (entries[j]?.lineStart !== false) return undefined;
    return typeAt(i + ahead);
  }
  return { entries, typeAt, after };
}

function entriesOf(tokens: readonly IToken[]): Entry[] {
  const entries: Entry[] = [];
  let lineStart = true;
  let lineOffset = 0;
  for (const token of tokens) {
    if (token.tokenType === t.LineBreak) {
      lineStart = true;
      lineOffset = token.startOffset + token.image.length;
    } else {
      entries.push({ token, lineStart, column: token.startOffset - lineOffset, lineOffset });
      lineStart = false;
    }
  }
  return entries;
}
