/** Owns the way from the text of one file to its syntax tree and its syntax errors. */
import type { IToken } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import { layOut, type Part, type Statement } from "../../../grammar/layout.ts";
import { lex } from "../../../grammar/lexer.ts";
import { parseRule } from "../../../grammar/parser.ts";
import { mend, type Budget } from "../../../grammar/repair.ts";
import { virtualToken } from "../../../grammar/tokens-made.ts";
import { StatementEnd } from "../../../grammar/tokens.ts";
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Comment, SourceFile } from "./ast.ts";
import { attachDocs, commentsOf } from "./comments.ts";
import { createFaultLog, type FaultLog } from "./fault-log.ts";
import { toSourceFile, type Context } from "./to-ast.ts";

/** The largest file that is read, in UTF-16 units. */
export const fileSizeLimit = 256 * 1024;
/** The most tokens in a file that is read. */
export const tokenLimit = 50_000;

/** How many tokens are parsed again, at most, to mend the faults of a file; beyond, faulty statements lose their value. */
const mendingBudget = 100_000;

export interface ParsedFile {
  readonly file: SourceFile;
  /** Syntax errors in source order, at most one a line and a statement. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Parses the text of a `.bcos` file. Never throws: any text gives a tree, in which `missing` nodes stand for what could
 * not be read, and a diagnostic for every fault.
 */
export function parseFile(path: string, text: string): ParsedFile {
  const top = { file: path, start: 0, end: 0 };
  if (text.length > fileSizeLimit) {
    const params = { size: text.length, unit: "characters", limit: fileSizeLimit } as const;
    return unreadable(path, text, [], diagnose("limit/file-size", params, { span: top }));
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const span = { file: path, start: nul, end: nul + 1 };
    return unreadable(path, text, [], diagnose("syntax/not-text", {}, { span }));
  }
  const lexed = lex(path, text);
  const comments = commentsOf(path, lexed.comments);
  if (lexed.tokens.length > tokenLimit) {
    const params = { size: lexed.tokens.length, unit: "tokens", limit: tokenLimit } as const;
    return unreadable(path, text, comments, diagnose("limit/file-size", params, { span: top }));
  }
  const { parts, diagnostics: structural } = layOut(path, lexed.tokens);
  const docs = attachDocs(text, comments, documented(parts));
  const context: Context = {
    path,
    textLength: text.length,
    comments,
    docAt: (offset) => docs.get(offset) ?? "",
    isGuessed: () => false,
  };
  if (lexed.diagnostics.length + structural.length === 0) {
    const { cst, faultIndex } = parseRule("file", assemble(parts, tokensOf));
    if (faultIndex === undefined) return { file: toSourceFile(cst, context), diagnostics: [] };
  }
  const log = createFaultLog(path, text);
  for (const diagnostic of [...lexed.diagnostics, ...structural]) log.add(diagnostic, undefined);
  const guessed = new Set<number>();
  const tokens = assemble(parts, createMender(path, log, guessed));
  const { cst, faultIndex } = parseRule("file", tokens);
  if (faultIndex !== undefined) throw new Error(`mended statements do not make a file: token ${faultIndex} of ${path}`);
  const file = toSourceFile(cst, { ...context, isGuessed: (offset) => guessed.has(offset) });
  return { file, diagnostics: log.finish() };
}

const tokensOf = (statement: Statement): readonly IToken[] => statement.tokens;

/** The tokens of the file, with the ends of statements between them. */
function assemble(
  parts: readonly Part[],
  choose: (statement: Statement) => readonly IToken[] | undefined,
): readonly IToken[] {
  const tokens: IToken[] = [];
  for (const part of parts) {
    if (part.kind !== "statement") {
      tokens.push(part.token);
      continue;
    }
    const chosen = choose(part);
    if (chosen === undefined) continue;
    for (const token of chosen) tokens.push(token);
    if (endsWithToken(part)) tokens.push(part.comma ?? virtualToken(StatementEnd, endOf(tokens.at(-1)!)));
  }
  return tokens;
}

/** Mends statements one after the other; notes the offsets of those whose meaning was guessed. */
function createMender(
  path: string,
  log: FaultLog,
  guessed: Set<number>,
): (statement: Statement) => readonly IToken[] | undefined {
  const budget: Budget = { tokens: mendingBudget };
  return (statement) => {
    const mended = mend(path, log.isFull() ? { ...statement, skipped: true } : statement, budget);
    if (mended.diagnostic !== undefined) log.add(mended.diagnostic, rangeOf(statement));
    if (mended.guessed && mended.tokens !== undefined) guessed.add(mended.tokens[0]!.startOffset);
    return mended.tokens;
  };
}

function unreadable(path: string, text: string, comments: readonly Comment[], diagnostic: Diagnostic): ParsedFile {
  const span = { file: path, start: 0, end: text.length };
  const file: SourceFile = { kind: "file", path, imports: [], settings: [], declarations: [], comments, span };
  return { file, diagnostics: [diagnostic] };
}

function rangeOf(statement: Statement): { readonly start: number; readonly end: number } {
  return { start: statement.tokens[0]!.startOffset, end: endOf(statement.tokens.at(-1)!) };
}

function endsWithToken({ rule }: Statement): boolean {
  return rule !== "declarationHead" && rule !== "settingsHead";
}

/** The statements that can have documentation, see `attachDocs`. */
function documented(parts: readonly Part[]): { from: number; offset: number }[] {
  const found: { from: number; offset: number }[] = [];
  let from = 0;
  let inSettings = false;
  for (const part of parts) {
    if (part.kind === "statement") {
      inSettings = part.rule === "settingsHead" || part.rule === "setting";
      if (part.rule === "declarationHead" || part.rule === "port" || part.rule === "binding") {
        const range = rangeOf(part);
        found.push({ from, offset: range.start });
        from = range.end;
      }
    } else if (!inSettings) {
      from = endOf(part.token);
    } else if (part.kind === "close") {
      inSettings = false;
    }
  }
  return found;
}
