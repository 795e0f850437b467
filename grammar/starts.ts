/** Owns the recognition of the lines that start a statement for certain, also with one stray token in them. */
import type { IToken, TokenType } from "chevrotain";
import { portWords, starters, type Lines } from "./lines.ts";
import type { StatementRule } from "./parser.ts";
import * as t from "./tokens.ts";

/** What a line starts; `close` for a `}`. */
export type Start = StatementRule | "close";

/** Where the line stands. */
export interface Where {
  readonly inBody: boolean;
  readonly inSettings: boolean;
  readonly inBrackets: boolean;
}

/** What kind of statement the line that starts at `i` certainly starts, looking past one stray token. */
export function findStart(lines: Lines, i: number, where: Where): Start | undefined {
  const { entries, typeAt, after } = lines;
  const [t0, t1, t2, t3] = [typeAt(i), after(i, 1), after(i, 2), after(i, 3)];
  if (t0 === undefined) return undefined;
  if (t0 === t.RCurly) return "close";
  const topRule = !where.inBody && !where.inBrackets ? topRuleOf(t0, t1, t2) : undefined;
  if (topRule !== undefined) return topRule;
  const portAt = portWords.has(t0) ? 0 : t1 !== undefined && portWords.has(t1) ? 1 : -1;
  if (portAt >= 0 && isPort(lines, i + portAt)) return "port";
  if (t1 === t.Equals && isWord(entries[i]!.token) && t0 !== t.Else) return "binding";
  if (t0 === t.Equals && !where.inBrackets && t1 !== t.Arrow && t1 !== t.Else) return "binding";
  if (t2 === t.Equals && t3 !== t.Colon && (t1 === t.Identifier || t0 === t.Identifier)) return "binding";
  const own = blockRuleOf(t0, t1, t2);
  if (own !== undefined || t0 === t.Arrow || t1 === undefined) return own;
  if (where.inSettings && t0 === t.Identifier && t1 === t.Colon) return "setting";
  return blockRuleOf(t1, t2, t3);
}

/** Outside of every body the words themselves decide. */
function topRuleOf(t0: TokenType, t1: TokenType | undefined, t2: TokenType | undefined): StatementRule | undefined {
  const rules = [starters.get(t0), t1 === undefined ? undefined : starters.get(t1)];
  const order: StatementRule[] = ["declarationHead", "importStatement", "settingsHead"];
  // `model import { … }`: a declaration would have a name.
  if (rules[1] !== undefined && t2 === t.LCurly) order.reverse();
  return order.find((rule) => rules.includes(rule));
}

/** Inside of a body it takes more than a word to start a declaration, settings or an import. */
function blockRuleOf(t0: TokenType, t1: TokenType | undefined, t2: TokenType | undefined): StatementRule | undefined {
  const rule = starters.get(t0);
  if (rule === "importStatement" || rule === "settingsHead") return t1 === t.LCurly ? rule : undefined;
  const isHead = t1 === t.Identifier && (t2 === undefined || t2 === t.LParen || t2 === t.LCurly);
  return rule === "declarationHead" && isHead ? rule : undefined;
}

/** Whether the `input` or `output` at `i` starts a port: not so in `input stem = image -> …`. */
function isPort({ after }: Lines, i: number): boolean {
  const [t1, t2, t3] = [after(i, 1), after(i, 2), after(i, 3)];
  const assigns = t2 === t.Equals && t3 !== t.LSquare && t3 !== t.Colon;
  if (t1 === t.Equals) return t2 === t.LSquare || t2 === t.Colon || t3 === t.Colon;
  return (t1 === t.Identifier && !assigns) || t1 === t.Colon || t2 === t.Colon || (t1 !== undefined && t3 === t.Colon);
}

/** A name or a keyword. */
function isWord(token: IToken): boolean {
  return /^[A-Za-z_]/.test(token.image);
}
