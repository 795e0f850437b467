/**
 * Owns recovery: mends the tokens of a damaged statement so that it parses, and says what the fault was.
 *
 * At the first token that does not fit, a few small edits are tried (put in a comma, close a bracket, drop the token, …)
 * and the one after which the parser gets furthest is kept; of equal ones the first. The edit that was needed first is
 * the fault that is reported, later ones in the same statement are follow-ups.
 */
import type { IToken } from "chevrotain";
import type { Diagnostic } from "../src/diagnostics/diagnostic.ts";
import { diagnose } from "../src/diagnostics/catalogue.ts";
import { bare, describeToken, endOf, spanOf } from "./describe.ts";
import { editsAt, type Edit } from "./edits.ts";
import { describeFault } from "./faults.ts";
import type { Statement } from "./layout.ts";
import { parseRule, type ParseResult, type StatementRule } from "./parser.ts";
import { retype, virtualToken } from "./tokens-made.ts";
import * as t from "./tokens.ts";

export interface Mended {
  /** Tokens that parse as the rule of the statement; undefined if nothing of it is left. */
  readonly tokens: readonly IToken[] | undefined;
  /** Whether the tokens may mean something else than what was intended. */
  readonly guessed: boolean;
  readonly diagnostic: Diagnostic | undefined;
}

/** How many tokens may still be parsed to find edits; shared by the statements of a file, so that time is bounded. */
export interface Budget {
  tokens: number;
}

const editLimit = 12;

export function mend(path: string, statement: Statement, budget: Budget): Mended {
  const { rule, tokens } = statement;
  if (statement.skipped) return { tokens: skeleton(statement), guessed: true, diagnostic: undefined };
  const first = parseRule(rule, tokens);
  if (first.faultIndex === undefined) return { tokens, guessed: false, diagnostic: undefined };

  if (rule === "binding" && tokens.length === 1) {
    const span = spanOf(path, tokens[0]!);
    const params = { found: bare(tokens[0]), expected: "a statement, such as `name = source -> step`" };
    return { tokens: undefined, guessed: false, diagnostic: diagnose("syntax/unexpected", params, { span }) };
  }

  if (rule === "binding" && first.faultIndex === 3 && isCall(tokens, 2)) {
    return { tokens: skeleton(statement), guessed: true, diagnostic: describeCallAsSource(path, tokens) };
  }

  let current: readonly IToken[] = tokens;
  let result = first;
  let firstEdit: Edit | undefined;
  let guessed = false;
  let edits = 0;
  for (let round = 0; round < editLimit && result.faultIndex !== undefined; round++) {
    const best = bestEdit(rule, current, result, budget);
    if (best === undefined) break;
    firstEdit ??= best.edit;
    edits++;
    guessed ||= best.edit.guess || round > 0;
    current = best.tokens;
    result = best.result;
  }
  const whole = result.faultIndex === undefined;
  const described = describeFault(path, rule, tokens, first, firstEdit);
  const diagnostic = whole && edits === 1 ? described : { ...described, fixes: [] };
  return { tokens: whole ? current : skeleton(statement), guessed: guessed || !whole, diagnostic };
}

/** Whether `name(` stands at the index. */
function isCall(tokens: readonly IToken[], at: number): boolean {
  return tokens[at]?.tokenType === t.Identifier && tokens[at + 1]?.tokenType === t.LParen;
}

/** `y = conv(x, 8)`, as in other languages: a layer where the value that flows into it belongs. */
function describeCallAsSource(path: string, tokens: readonly IToken[]): Diagnostic {
  const [name, , callee, bracket] = tokens;
  const hints = [`a row starts with a value: \`${name!.image} = source -> ${callee!.image}(…)\``];
  const params = { found: describeToken(bracket), expected: "`->`" };
  return diagnose("syntax/unexpected", params, { span: spanOf(path, bracket!), hints });
}

interface Outcome {
  readonly edit: Edit;
  readonly tokens: readonly IToken[];
  readonly result: ParseResult;
}

/** The edit at the fault that leaves the fewest tokens unread; undefined if none gets past the fault. */
function bestEdit(
  rule: StatementRule,
  tokens: readonly IToken[],
  fault: ParseResult,
  budget: Budget,
): Outcome | undefined {
  const at = fault.faultIndex!;
  let best: Outcome | undefined;
  let fewest = tokens.length - at;
  for (const edit of editsAt(tokens, at)) {
    if (budget.tokens < tokens.length) return best;
    budget.tokens -= tokens.length;
    const edited = [...tokens.slice(0, edit.from), ...edit.put, ...tokens.slice(edit.to)];
    const result = parseRule(rule, edited);
    const unread = result.faultIndex === undefined ? -1 : edited.length - result.faultIndex;
    // At the end of the statement nothing is unread: there it counts that the token put in was read.
    const further = unread < fewest || (best === undefined && unread === 0 && at === tokens.length);
    if (!further) continue;
    best = { edit, tokens: edited, result };
    fewest = unread;
    if (unread < 0) return best;
  }
  return best;
}

/** What is left of a statement that can not be mended: its name. */
function skeleton({ rule, tokens }: Statement): IToken[] | undefined {
  const first = tokens[0]!;
  const named = (type: IToken["tokenType"]): IToken => {
    const index = tokens.findIndex((token) => token.tokenType === type) - 1;
    const found = tokens[index]?.tokenType === t.Identifier ? tokens[index] : undefined;
    return (
      found ?? tokens.find((token) => token.tokenType === t.Identifier) ?? virtualToken(t.Identifier, endOf(first))
    );
  };
  switch (rule) {
    case "binding": {
      const name = named(t.Equals);
      return [name, virtualToken(t.Equals, endOf(name)), virtualToken(t.Missing, endOf(name))];
    }
    case "port": {
      const name = named(t.Colon);
      const word = tokens.some((token) => token.tokenType === t.Output) ? t.Output : t.Input;
      const start = virtualToken(word, name.startOffset);
      return [start, name, virtualToken(t.Colon, endOf(name)), virtualToken(t.Missing, endOf(name))];
    }
    case "declarationHead": {
      const name = named(t.LParen);
      const word = tokens.some((token) => token.tokenType === t.Model) ? t.Model : t.Block;
      return [virtualToken(word, name.startOffset), name];
    }
    case "settingsHead":
      return [retype(first, t.Bcos)];
    case "setting":
    case "importStatement":
      return undefined;
    default:
      return rule satisfies never;
  }
}
