/**
 * Owns the layout rules: which line breaks end a statement, and which braces hold bodies. It stands between lexer and
 * parser and hands over a list of statements, each of which can be parsed, and mended, on its own.
 *
 * - A line break ends a statement, except inside `(` `[` or the braces of a flow, after an operator, `->` or `else`, and before
 *   a line that starts with an operator, `->`, `:`, `,`, a closing bracket, `{`, `else` or `from`.
 * - A line that starts a statement (`name =`, `input`, `output`, `block`, `model`, `import`, `bcos`, `}`) always ends
 *   the one before, whatever is still open. One token written before it by mistake does not hide it.
 *
 * For files with balanced braces nothing depends on indentation. Only when a brace is missing or one too many is
 * indentation used to find out which one.
 */
import type { IToken, TokenType } from "chevrotain";
import { diagnose } from "../src/diagnostics/catalogue.ts";
import type { Diagnostic, RelatedPlace, Span } from "../src/diagnostics/diagnostic.ts";
import { closest } from "../src/diagnostics/suggest.ts";
import { bare, describeToken, endOf, spanOf } from "./describe.ts";
import type { StatementRule } from "./parser.ts";
import { findStart, type Start } from "./starts.ts";
import { awaitsValue, joinsAfter, joinsBefore, operators, portWords, readLines, starters } from "./lines.ts";
import { retype, virtualToken } from "./tokens-made.ts";
import * as t from "./tokens.ts";

export interface Statement {
  readonly kind: "statement";
  readonly rule: StatementRule;
  readonly tokens: readonly IToken[];
  /** Given up: a limit was passed, and the tokens are not all there. */
  readonly skipped: boolean;
  /** The comma that ends it, for a setting; undefined where a line break or a brace does. */
  readonly comma: IToken | undefined;
}

/** A statement, or a brace around the body of a declaration or of settings. */
export type Part = Statement | { readonly kind: "open" | "close"; readonly token: IToken };

export interface Layout {
  readonly parts: readonly Part[];
  /** Faults of the structure: braces, statements at the wrong place, limits. In source order. */
  readonly diagnostics: readonly Diagnostic[];
}

export const nestingLimit = 64;
export const operatorLimit = 1000;
const reportLimit = 200;

interface Body {
  readonly kind: "declaration" | "settings";
  readonly open: IToken;
  readonly column: number;
}

interface Draft {
  rule: StatementRule | "unknown";
  tokens: IToken[];
  column: number;
  operators: number;
  skipped: boolean;
}

/** Splits the tokens of a file into statements. Never throws; takes time linear in the number of tokens. */
export function layOut(path: string, tokens: readonly IToken[]): Layout {
  const plain = arrange(path, tokens, false);
  if (plain.diagnostics.length === 0) return plain;
  const byIndentation = arrange(path, tokens, true);
  return byIndentation.diagnostics.length > 0 || hasOpenFlow(byIndentation) ? byIndentation : plain;
}

/** Whether a statement was cut although a brace of it is open: then parsing it will report that brace. */
function hasOpenFlow(layout: Layout): boolean {
  return layout.parts.some((part) => {
    if (part.kind !== "statement") return false;
    const count = (type: TokenType): number => part.tokens.filter((token) => token.tokenType === type).length;
    return count(t.LCurly) !== count(t.RCurly);
  });
}

function arrange(path: string, tokens: readonly IToken[], byIndentation: boolean): Layout {
  const lines = readLines(tokens);
  const { entries, typeAt, after } = lines;
  const parts: Part[] = [];
  const diagnostics: Diagnostic[] = [];
  const bodies: Body[] = [];
  const brackets: TokenType[] = [];
  let draft: Draft | undefined;
  /** Whether the statement before stood outside of every declaration: only the first of a run is reported. */
  let inOrphans = false;

  const body = (): Body | undefined => bodies.at(-1);

  function startAt(i: number): Start | undefined {
    const where = {
      inBody: bodies.length > 0,
      inSettings: body()?.kind === "settings",
      inBrackets: brackets.length > 0,
    };
    return findStart(lines, i, where);
  }

  /** The rule of a statement whose first token is `i`, by where it stands. */
  function ruleFor(i: number): StatementRule | "unknown" {
    if (body()?.kind === "settings") return "setting";
    const start = startAt(i);
    const rule = start === undefined || start === "close" || start === "setting" ? starters.get(typeAt(i)!) : start;
    if (body() === undefined) return rule ?? "unknown";
    return rule === "port" || rule === "settingsHead" ? rule : "binding";
  }

  function report(diagnostic: Diagnostic): void {
    if (diagnostics.length < reportLimit) diagnostics.push(diagnostic);
  }

  function lastToken(): IToken | undefined {
    const last = parts.at(-1);
    return draft?.tokens.at(-1) ?? (last?.kind === "statement" ? last.tokens.at(-1) : last?.token);
  }

  function insertionPoint(): Span {
    const last = lastToken();
    const offset = last === undefined ? 0 : endOf(last);
    return { file: path, start: offset, end: offset };
  }

  function virtual(type: TokenType): IToken {
    return virtualToken(type, insertionPoint().start);
  }

  function openBody(token: IToken, kind: Body["kind"], column: number): void {
    parts.push({ kind: "open", token });
    bodies.push({ kind, open: token, column });
  }

  function closeBody(token: IToken): void {
    bodies.pop();
    parts.push({ kind: "close", token });
  }

  function reportOpenBody(): void {
    const open = body()!;
    const related: RelatedPlace[] = [{ span: spanOf(path, open.open), label: "opened here" }];
    const at = insertionPoint();
    const edit = { span: at, text: `\n${" ".repeat(Math.min(open.column, 200))}}` };
    const span = { ...at, start: Math.max(0, at.start - 1) };
    const fixes = [{ title: "add the closing `}`", edits: [edit] }];
    report(
      diagnose(
        "syntax/unclosed",
        { open: "{", close: "}" },
        { span, label: "`}` expected after this", related, fixes },
      ),
    );
  }

  /** Closes every body, because a statement starts that stands in none, or the file ends. */
  function closeAllBodies(): void {
    if (bodies.length === 0) return;
    reportOpenBody();
    while (bodies.length > 0) closeBody(virtual(t.BodyClose));
  }

  function endStatement(next: Start | "end" | undefined, comma?: IToken): void {
    brackets.length = 0;
    if (draft === undefined) return;
    const { rule, tokens: own, skipped, column } = draft;
    if (rule === "unknown" && own.some((token) => token.tokenType === t.From)) {
      parts.push({ kind: "statement", rule: "importStatement", tokens: own, skipped, comma });
    } else if (bodies.length === 0 && (rule === "unknown" || rule === "port" || rule === "binding")) {
      if (!inOrphans && !skipped) reportOrphan(own, rule);
      inOrphans = true;
    } else {
      parts.push({ kind: "statement", rule: rule === "unknown" ? "binding" : rule, tokens: own, skipped, comma });
    }
    draft = undefined;
    if (rule === "declarationHead" || rule === "settingsHead") openMissingBody(rule, own, column, next);
  }

  /** A head without its `{`. What follows tells whether its body does. */
  function openMissingBody(
    rule: StatementRule,
    own: readonly IToken[],
    column: number,
    next: Start | "end" | undefined,
  ): void {
    const at = insertionPoint();
    const fixes = [{ title: "add `{`", edits: [{ span: at, text: " {" }] }];
    const span = spanOf(path, own.at(-1)!);
    const what = rule === "settingsHead" ? "the settings" : "the body";
    report(diagnose("syntax/missing-token", { missing: "{", before: what }, { span, fixes }));
    const kind = rule === "settingsHead" ? "settings" : "declaration";
    openBody(virtual(t.BodyOpen), kind, column);
    const follows = kind === "settings" ? ["setting", "close"] : ["port", "binding", "settingsHead", "close"];
    if (next === undefined || !follows.includes(next)) closeBody(virtual(t.BodyClose));
  }

  function reportOrphan(own: readonly IToken[], rule: "unknown" | "port" | "binding"): void {
    const first = own[0]!;
    const span = spanOf(path, first);
    if (rule === "unknown") {
      const expected = "`import`, `bcos`, `model` or `block`";
      const meant = closest(first.image, ["import", "bcos", "model", "block"]);
      const hints = meant === undefined ? [] : [`did you mean \`${meant}\`?`];
      report(diagnose("syntax/unexpected", { found: bare(first), expected }, { span, hints }));
    } else {
      report(diagnose("syntax/outside", { what: rule === "port" ? `\`${first.image}\`` : "a binding" }, { span }));
    }
  }

  /** Whether the `}` at `i` can not be the end of the body, because the body goes on behind it. */
  function bodyGoesOn(i: number): boolean {
    const next = entries[i + 1];
    if (bodies.length !== 1 || body()!.kind !== "declaration" || next === undefined) return false;
    if (!next.lineStart && !entries[i]!.lineStart) {
      const opened = body()!.open.startOffset;
      const onOneLine = entries[i]!.lineOffset <= opened;
      return !onOneLine && !starters.has(next.token.tokenType) && next.token.tokenType !== t.RCurly;
    }
    if (entries[i]!.column !== body()!.column && joinsAfter.has(next.token.tokenType)) return true;
    const start = startAt(i + 1);
    if (start === "close") return entries[i]!.column !== body()!.column;
    return (start === "binding" && next.token.tokenType !== t.Equals) || start === "port";
  }

  function reportUnopened(token: IToken): void {
    const span = spanOf(path, token);
    const fixes = [{ title: `remove \`${token.image}\``, edits: [{ span, text: "" }] }];
    report(diagnose("syntax/unopened", { close: token.image }, { span, fixes }));
  }

  /** Handles a `}`; returns whether it belongs to the current statement. */
  function closeBrace(i: number): boolean {
    const { token, lineStart, column } = entries[i]!;
    const outdented = byIndentation && lineStart && bodies.length > 0 && column <= body()!.column;
    const flow = brackets.lastIndexOf(t.LCurly);
    if (flow >= 0 && !(outdented && column < (draft?.column ?? 0))) {
      brackets.length = flow;
      return true;
    }
    if (bodies.length === 0) {
      if (draft !== undefined && !lineStart) return true;
      endStatement("close");
      if (!inOrphans) reportUnopened(token);
      inOrphans = false;
      return false;
    }
    if (bodyGoesOn(i)) {
      const following = after(i, 1);
      if (draft !== undefined && (!lineStart || (following !== undefined && joinsAfter.has(following)))) return true;
      endStatement("close");
      reportUnopened(token);
      return false;
    }
    endStatement("close");
    if (outdented && bodies.length === 2 && column <= bodies[0]!.column && column < body()!.column) {
      reportOpenBody();
      closeBody(virtual(t.BodyClose));
    }
    closeBody(retype(token, t.BodyClose));
    return false;
  }

  function startLine(i: number): void {
    const start = startAt(i);
    const previous = entries[i - 1]?.token;
    if (start === "close") {
      if (draft?.skipped === true) endStatement(start);
      return;
    }
    if (start !== undefined) {
      endStatement(start);
      const top = start === "importStatement" || start === "declarationHead";
      if (top) closeAllBodies();
      else if (start !== "setting" && body()?.kind === "settings") {
        reportOpenBody();
        closeBody(virtual(t.BodyClose));
      }
      if (start !== "binding" && start !== "port") inOrphans = false;
      return;
    }
    if (draft === undefined || draft.skipped || brackets.length > 0 || previous === undefined) return;
    if (joinsBefore.has(previous.tokenType) || joinsAfter.has(typeAt(i)!)) return;
    // `foo -> conv(…)` after a binding: a stray word before a line that goes on, not a statement of its own.
    const next = after(i, 1);
    const goesOn = next === t.Arrow || next === t.Plus || next === t.Star || next === t.Else;
    if (goesOn && draft.rule === "binding") return;
    endStatement(undefined);
  }

  function add(i: number): void {
    const { token, column } = entries[i]!;
    draft ??= { rule: ruleFor(i), tokens: [], column, operators: 0, skipped: false };
    if (draft.skipped) return;
    draft.tokens.push(token);
    const type = token.tokenType;
    // `else if` goes on without brackets, so that only this bounds its depth.
    if ((operators.has(type) || type === t.If) && ++draft.operators > operatorLimit) {
      skip(diagnose("limit/operators", { limit: operatorLimit }, { span: spanOf(path, token) }));
    } else if (type === t.LParen || type === t.LSquare || type === t.LCurly) {
      brackets.push(type);
      if (brackets.length > nestingLimit) {
        skip(diagnose("limit/nesting", { limit: nestingLimit }, { span: spanOf(path, token) }));
      }
    } else if (type === t.RParen || type === t.RSquare) {
      if (brackets.at(-1) === (type === t.RParen ? t.LParen : t.LSquare)) brackets.pop();
    }
  }

  /** Whether the line ends with another `{`: then the one at `i` is a stray one in the head of a declaration. */
  function opensLater(i: number): boolean {
    for (let j = i + 1; j < i + 100 && entries[j]?.lineStart === false; j++) {
      if (typeAt(j) === t.RCurly) return false;
      if (typeAt(j) === t.LCurly && after(j, 1) === undefined) return true;
    }
    return false;
  }

  /** Whether `i` starts the next statement without a line break, or the next setting without a comma; reports it. */
  function startsOnSameLine(i: number): boolean {
    const { token, lineStart } = entries[i]!;
    const last = draft?.tokens.at(-1);
    if (lineStart || last === undefined || draft!.tokens.length < 3 || draft!.skipped) return false;
    if (brackets.length > 0 || joinsBefore.has(last.tokenType) || awaitsValue.has(last.tokenType)) return false;
    const inSettings = draft!.rule === "setting";
    const isName = token.tokenType === t.Identifier && after(i, 1) === (inSettings ? t.Colon : t.Equals);
    const isPort = portWords.has(token.tokenType) && after(i, 1) === t.Identifier && after(i, 2) === t.Colon;
    const inBody = draft!.rule === "port" || draft!.rule === "binding";
    if (!(inSettings && isName) && !(inBody && (isName || isPort))) return false;
    const at = insertionPoint();
    const params = { before: describeToken(token) };
    const span = { ...at, start: at.start - 1 };
    if (inSettings) {
      const fixes = [{ title: "add `,`", edits: [{ span: at, text: "," }] }];
      report(diagnose("syntax/missing-comma", params, { span, label: "`,` expected after this", fixes }));
    } else {
      const text = `\n${" ".repeat(Math.min(draft!.column, 200))}`;
      const edit = { span: { ...at, end: token.startOffset }, text };
      const fixes = [{ title: "start a new line", edits: [edit] }];
      report(diagnose("syntax/missing-line-break", params, { span: spanOf(path, token), fixes }));
    }
    return true;
  }

  function skip(diagnostic: Diagnostic): void {
    draft!.skipped = true;
    brackets.length = 0;
    report(diagnostic);
  }

  for (let i = 0; i < entries.length; i++) {
    const { token, lineStart } = entries[i]!;
    const type = token.tokenType;
    if (lineStart) startLine(i);
    const head = draft?.rule === "declarationHead" || draft?.rule === "settingsHead";
    const unknownHead = draft?.rule === "unknown" && brackets.length === 0 && after(i, 1) === undefined;
    if (type === t.LCurly && draft !== undefined && !draft.skipped && (head || unknownHead) && !opensLater(i)) {
      const kind = draft.rule === "settingsHead" ? "settings" : "declaration";
      const rule = kind === "settings" ? "settingsHead" : "declarationHead";
      parts.push({ kind: "statement", rule, tokens: draft.tokens, skipped: false, comma: undefined });
      openBody(retype(token, t.BodyOpen), kind, draft.column);
      draft = undefined;
      brackets.length = 0;
      inOrphans = false;
    } else if (type === t.RCurly) {
      if (draft?.skipped === true && !lineStart) continue;
      if (closeBrace(i)) add(i);
    } else if (type === t.Comma && body()?.kind === "settings" && brackets.length === 0) {
      const next = entries[i + 1]?.token.tokenType;
      if (draft === undefined || next === t.RCurly || next === undefined) {
        const found = { found: "`,`", expected: next === t.RCurly ? "`}`" : "a setting" };
        const span = spanOf(path, token);
        const fixes = [{ title: "remove `,`", edits: [{ span, text: "" }] }];
        report(diagnose("syntax/unexpected", found, { span, fixes }));
      }
      endStatement(undefined, token);
    } else {
      if (startsOnSameLine(i)) endStatement(undefined);
      add(i);
    }
  }
  endStatement("end");
  closeAllBodies();
  return { parts, diagnostics };
}
