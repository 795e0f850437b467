/** Owns the edits that are tried at a token that does not fit, in the order of how likely they are what was meant. */
import type { IToken, TokenType } from "chevrotain";
import { endOf } from "./describe.ts";
import { operators } from "./lines.ts";
import { retype, virtualToken } from "./tokens-made.ts";
import * as t from "./tokens.ts";

export type EditKind =
  /** A hole after `=`, `->`, an operator, …: something is missing there. */
  | "missing"
  | "comma"
  /** A closing bracket is missing. */
  | "close"
  /** A closing bracket of another kind. */
  | "other-close"
  | "remove"
  /** The token before is one too many. */
  | "remove-before"
  | "insert"
  | "replace"
  /** A word of the language where a name belongs. */
  | "reserved"
  /** No name where one belongs. */
  | "unnamed"
  /** `if` without `else` where a value is needed. */
  | "else";

/** Put `put` in place of the tokens from `from` up to `to`. */
export interface Edit {
  readonly kind: EditKind;
  readonly from: number;
  readonly to: number;
  readonly put: readonly IToken[];
  /** Whether something else may have been meant. */
  readonly guess: boolean;
  /** The bracket that is open, for "close" and "other-close". */
  readonly bracket?: IToken;
}

/** Closing brackets and their texts. */
const closers = new Map<TokenType, { readonly type: TokenType; readonly text: string }>([
  [t.LParen, { type: t.RParen, text: ")" }],
  [t.LSquare, { type: t.RSquare, text: "]" }],
  [t.LCurly, { type: t.RCurly, text: "}" }],
]);
const closing = new Set<TokenType>([t.RParen, t.RSquare, t.RCurly]);
/** After these a value, a step, a shape or a name must follow. */
const demanding = new Set<TokenType>([...operators, t.Equals, t.Arrow, t.Colon, t.If, t.Repeat, t.LCurly]);
const insertable: readonly (readonly [TokenType, string])[] = [
  [t.Equals, "="],
  [t.Colon, ":"],
  [t.Arrow, "->"],
  [t.LCurly, "{"],
  [t.LParen, "("],
  [t.LSquare, "["],
  [t.From, "from"],
  [t.Else, "else"],
  [t.Import, "import"],
  [t.Model, "model"],
  [t.Input, "input"],
];
const replacements: readonly (readonly [TokenType, TokenType, string])[] = [
  [t.Equals, t.Colon, ":"],
  [t.Equals, t.EqualEqual, "=="],
  [t.Colon, t.Equals, "="],
  [t.EqualEqual, t.Equals, "="],
  [t.Greater, t.Arrow, "->"],
  [t.Minus, t.Arrow, "->"],
];

export function* editsAt(tokens: readonly IToken[], at: number): Generator<Edit> {
  const found = tokens[at];
  const before = tokens[at - 1];
  const bracket = openBracket(tokens, at);
  const place = before === undefined ? (found?.startOffset ?? 0) : endOf(before);
  const insert = (kind: EditKind, guess: boolean, ...put: IToken[]): Edit => ({ kind, from: at, to: at, put, guess });
  const make = (type: TokenType, text: string): IToken => retype(virtualToken(type, place), type, text);
  const startsItem = found !== undefined && !closing.has(found.tokenType) && !demandsNothing(found);

  if (before !== undefined && demanding.has(before.tokenType)) yield insert("missing", true, make(t.Missing, ""));
  const inList = bracket !== undefined && before !== bracket && before?.tokenType !== t.Comma;
  if (inList && startsItem) yield insert("comma", false, make(t.Comma, ","));
  if (bracket !== undefined) {
    const { type, text } = closers.get(bracket.tokenType)!;
    yield { ...insert("close", false, make(type, text)), bracket };
    if (found !== undefined && closing.has(found.tokenType)) {
      yield { kind: "other-close", from: at, to: at + 1, put: [retype(found, type, text)], guess: false, bracket };
    }
  }
  if (isNameOf(tokens, at)) yield { kind: "remove-before", from: at - 1, to: at, put: [], guess: true };
  if (before?.tokenType === t.Comma) yield { kind: "remove-before", from: at - 1, to: at, put: [], guess: false };
  if (found !== undefined) {
    yield { kind: "remove", from: at, to: at + 1, put: [], guess: at > 0 && !closing.has(found.tokenType) };
  }
  if (found !== undefined && isKeyword(found)) {
    yield { kind: "reserved", from: at, to: at + 1, put: [retype(found, t.Identifier)], guess: true };
  }
  for (const [from, to, text] of replacements) {
    if (found?.tokenType !== from) continue;
    yield { kind: "replace", from: at, to: at + 1, put: [retype(found, to, text)], guess: true };
  }
  if (found?.tokenType === t.LabelName) {
    yield { kind: "replace", from: at, to: at + 1, put: [retype(found, t.Identifier, "")], guess: true };
  }
  if (before?.tokenType === t.From) {
    const path = make(t.StringLiteral, '""');
    yield insert("missing", true, path);
    yield { kind: "replace", from: at, to: at + 1, put: [path], guess: true };
  }
  for (const [type, text] of insertable) yield insert("insert", true, make(type, text));
  yield insert("unnamed", true, make(t.Identifier, ""));
  yield insert("else", true, make(t.Else, ""), make(t.LCurly, ""), make(t.Missing, ""), make(t.RCurly, ""));
  if (before !== undefined && at > 1 && before.tokenType !== t.Comma) {
    yield { kind: "remove-before", from: at - 1, to: at, put: [], guess: true };
  }
  if (found !== undefined)
    yield { kind: "replace", from: at, to: at + 1, put: [retype(found, t.Missing)], guess: true };
  yield insert("missing", true, make(t.Missing, ""));
}

/**
 * Whether the token is the name of something and a stray word stands before it, `foo stem = …`, `input foo x: …`, or
 * the word of a port behind another one.
 */
function isNameOf(tokens: readonly IToken[], at: number): boolean {
  const next = tokens[at + 1]?.tokenType;
  const isPortWord = tokens[at]?.tokenType === t.Input || tokens[at]?.tokenType === t.Output;
  if (at === 1 && isPortWord) return true;
  const isNamed = (next === t.Equals && at === 1) || next === t.Colon || next === t.LParen;
  return isNamed && tokens[at]!.tokenType === t.Identifier && at > 0 && /^\w/.test(tokens[at - 1]!.image);
}

/** The innermost bracket before `at` that is still open. */
function openBracket(tokens: readonly IToken[], at: number): IToken | undefined {
  const open: IToken[] = [];
  for (const token of tokens.slice(0, at)) {
    if (closers.has(token.tokenType)) open.push(token);
    else if (closing.has(token.tokenType)) {
      const top = open.at(-1);
      if (top !== undefined && closers.get(top.tokenType)!.type === token.tokenType) open.pop();
    }
  }
  return open.at(-1);
}

/** Whether the token can not start an item of a list. */
function demandsNothing(token: IToken): boolean {
  const type = token.tokenType;
  return (
    type === t.Comma || type === t.Else || (demanding.has(type) && type !== t.Minus && type !== t.Not && type !== t.If)
  );
}

function isKeyword(token: IToken): boolean {
  return /^[a-z]/.test(token.image) && token.tokenType !== t.Identifier && token.tokenType !== t.LabelName;
}
