/** Owns the way from the text of one file to its syntax tree and its syntax errors. */
import type { IToken } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import { layOut, type Part, type Statement } from "../../../grammar/layout.ts";
import { lex } from "../../../grammar/lexer.ts";
import { parseRule } from "../../../grammar/parser.ts";
import { mend, virtualToken } from "../../../grammar/repair.ts";
import { StatementEnd } from "../../../grammar/tokens.ts";
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Comment, SourceFile } from "./ast.ts";
import { attachDocs, commentsOf } from "./comments.ts";
import { createFaultLog } from "./fault-log.ts";
import { toSourceFile } from "./to-ast.ts";

/** The largest file that is read, in UTF-16 units. */
export const fileSizeLimit = 4 * 1024 * 1024;

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
  if (text.length > fileSizeLimit) {
    const params = { size: text.length, limit: fileSizeLimit };
    return unreadable(path, text, diagnose("limit/file-size", params, { span: { file: path, start: 0, end: 0 } }));
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    return unreadable(path, text, diagnose("syntax/not-text", {}, { span: { file: path, start: nul, end: nul + 1 } }));
  }
  const lexed = lex(path, text);
  const { parts, diagnostics: structural } = layOut(path, lexed.tokens);
  const log = createFaultLog(path, text);
  for (const diagnostic of [...lexed.diagnostics, ...structural]) log.add(diagnostic, undefined);

  const tokens: IToken[] = [];
  const guessed = new Set<number>();
  for (const part of parts) {
    if (part.kind !== "statement") {
      tokens.push(part.token);
      continue;
    }
    const mended = mend(path, part);
    if (mended.diagnostic !== undefined) log.add(mended.diagnostic, rangeOf(part));
    if (mended.tokens === undefined) continue;
    if (mended.guessed) guessed.add(mended.tokens[0]!.startOffset);
    tokens.push(...mended.tokens);
    if (endsWithToken(part)) tokens.push(virtualToken(StatementEnd, endOf(tokens.at(-1)!)));
  }
  const { cst } = parseRule("file", tokens);
  const comments = commentsOf(path, lexed.comments);
  const docs = attachDocs(text, comments, documented(parts));
  const file = toSourceFile(cst, {
    path,
    textLength: text.length,
    comments,
    docAt: (offset) => docs.get(offset) ?? "",
    isGuessed: (offset) => guessed.has(offset),
  });
  return { file, diagnostics: log.finish() };
}

function unreadable(path: string, text: string, diagnostic: Diagnostic): ParsedFile {
  const comments: Comment[] = [];
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
