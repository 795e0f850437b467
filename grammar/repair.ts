/** Owns recovery: mends the tokens of a damaged statement so that the file parses as a whole. */
import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import { diagnose } from "../src/diagnostics/catalogue.ts";
import type { Diagnostic } from "../src/diagnostics/diagnostic.ts";
import { describeToken, endOf, spanOf } from "./describe.ts";
import type { Statement } from "./layout.ts";
import { parseRule } from "./parser.ts";
import * as t from "./tokens.ts";

export interface Mended {
  /** Tokens that parse as the rule of the statement; undefined if nothing of it is left. */
  readonly tokens: readonly IToken[] | undefined;
  /** Whether the tokens may mean something else than what was intended. */
  readonly guessed: boolean;
  readonly diagnostic: Diagnostic | undefined;
}

export function mend(path: string, statement: Statement): Mended {
  const { rule, tokens } = statement;
  if (statement.skipped) return { tokens: skeleton(statement), guessed: true, diagnostic: undefined };
  const result = parseRule(rule, tokens);
  if (result.faultIndex === undefined) return { tokens, guessed: false, diagnostic: undefined };
  const found = tokens[result.faultIndex];
  const span = spanOf(path, found ?? tokens.at(-1)!);
  const params = { found: describeToken(found), expected: result.expected };
  return { tokens: skeleton(statement), guessed: true, diagnostic: diagnose("syntax/unexpected", params, { span }) };
}

export function virtualToken(type: TokenType, offset: number): IToken {
  return createTokenInstance(type, "", offset, offset - 1, NaN, NaN, NaN, NaN);
}

/** What is left of a statement that can not be mended: its name. */
function skeleton({ rule, tokens }: Statement): IToken[] | undefined {
  const first = tokens[0]!;
  const end = endOf(first);
  const nameIndex = tokens.findIndex((token) => token.tokenType === t.Identifier);
  const name = tokens[nameIndex] ?? virtualToken(t.Identifier, end);
  const after = (type: TokenType): IToken => virtualToken(type, endOf(name));
  switch (rule) {
    case "binding": {
      const equals = tokens.findIndex((token) => token.tokenType === t.Equals);
      const bound = equals > 0 && tokens[equals - 1]!.tokenType === t.Identifier ? tokens[equals - 1]! : name;
      return [bound, virtualToken(t.Equals, endOf(bound)), virtualToken(t.Missing, endOf(bound))];
    }
    case "port":
      return [first.tokenType === t.Output ? first : retype(first, t.Input), name, after(t.Colon), after(t.Missing)];
    case "declarationHead":
      return [first.tokenType === t.Model ? first : retype(first, t.Block), name];
    case "settingsHead":
      return [retype(first, t.Bcos)];
    case "setting":
    case "importStatement":
      return undefined;
    default:
      return rule satisfies never;
  }
}

function retype(token: IToken, type: TokenType): IToken {
  return createTokenInstance(type, token.image, token.startOffset, endOf(token) - 1, NaN, NaN, NaN, NaN);
}
