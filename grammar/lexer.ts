/**
 * Owns the way from text to tokens: runs the lexer, reports what is no token (a stray character, an open string, a
 * malformed number) and puts a usable token in its place.
 */
import type { IToken, TokenType } from "chevrotain";
import { diagnose } from "../src/diagnostics/catalogue.ts";
import type { Diagnostic, Fix, Span } from "../src/diagnostics/diagnostic.ts";
import { retype } from "./tokens-made.ts";
import * as t from "./tokens.ts";
import { faultTokens, Float, Int, lexer, StringLiteral } from "./tokens.ts";

export interface Lexed {
  /** Tokens of the language and line breaks, in order. */
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  /** One error a fault, in order. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Characters that are written for another token, with that token and its text. */
const lookalikes: Readonly<Record<string, readonly [TokenType, string]>> = {
  "→": [t.Arrow, "->"],
  "⟶": [t.Arrow, "->"],
  "−": [t.Minus, "-"],
  "–": [t.Minus, "-"],
  "×": [t.Star, "*"],
  "·": [t.Star, "*"],
  "÷": [t.Slash, "/"],
  "≤": [t.LessEqual, "<="],
  "≥": [t.GreaterEqual, ">="],
  "≠": [t.NotEqual, "!="],
  "&&": [t.And, "and"],
  "||": [t.Or, "or"],
  "!": [t.Not, "not"],
};

const reportLimit = 200;

export function lex(path: string, text: string): Lexed {
  const result = lexer.tokenize(text);
  const diagnostics: Diagnostic[] = [];
  const tokens: IToken[] = [];
  const report = (diagnostic: Diagnostic): void => {
    if (diagnostics.length < reportLimit) diagnostics.push(diagnostic);
  };
  for (const token of result.tokens) {
    const replaced = replaceFault(path, text, token, report);
    if (replaced !== undefined) tokens.push(replaced);
  }
  return { tokens, comments: result.groups["comments"] ?? [], diagnostics };
}

/** The token to parse in place of `token`: itself, a repaired one, or none. */
function replaceFault(
  path: string,
  text: string,
  token: IToken,
  report: (diagnostic: Diagnostic) => void,
): IToken | undefined {
  const span: Span = { file: path, start: token.startOffset, end: token.startOffset + token.image.length };
  const fix = (title: string, text: string): Fix => ({ title, edits: [{ span, text }] });
  switch (token.tokenType) {
    case Int:
    case Float: {
      const value = Number(token.image);
      if (!Number.isFinite(value) || (token.tokenType === Int && !Number.isSafeInteger(value))) {
        report(diagnose("syntax/bad-number", { text: shorten(token.image), reason: "it is too large" }, { span }));
        return retype(token, token.tokenType, "1");
      }
      return token;
    }
    case StringLiteral: {
      if (token.image.includes("\\")) {
        const text = token.image.replaceAll("\\", "/");
        const fixes = /\\["'nrtux0\\]/.test(token.image) ? [] : [fix("write the path with `/`", text)];
        report(diagnose("syntax/escape", {}, { span, fixes }));
        return retype(token, StringLiteral, text);
      }
      return token;
    }
    case faultTokens.BadNumber: {
      const repaired = repairNumber(token.image);
      const fixes = repaired === undefined ? [] : [fix(`write \`${repaired}\``, repaired)];
      report(diagnose("syntax/bad-number", { text: shorten(token.image), reason: undefined }, { span, fixes }));
      const image = repaired ?? "1";
      return retype(token, /^\d+$/.test(image) ? Int : Float, image);
    }
    case faultTokens.OpenString: {
      const closed = `${token.image.trimEnd()}"`;
      report(diagnose("syntax/unterminated-string", {}, { span, fixes: [fix('add the closing `"`', closed)] }));
      return retype(token, StringLiteral, closed);
    }
    case faultTokens.SingleQuoted: {
      const quoted = `"${token.image.slice(1, -1).replaceAll('"', "")}"`;
      report(
        diagnose(
          "syntax/bad-character",
          { character: "'" },
          { span, hints: ["text stands in double quotes"], fixes: [fix("use double quotes", quoted)] },
        ),
      );
      return retype(token, StringLiteral, quoted);
    }
    case faultTokens.BlockComment: {
      report(diagnose("syntax/comment", { start: "/*" }, { span }));
      return undefined;
    }
    case faultTokens.HashComment: {
      const text = `//${token.image.slice(1)}`;
      report(diagnose("syntax/comment", { start: "#" }, { span, fixes: [fix("start the comment with `//`", text)] }));
      return undefined;
    }
    case faultTokens.BadCharacter:
      return replaceCharacter(text, token, span, report);
    default:
      return token;
  }
}

function replaceCharacter(
  text: string,
  token: IToken,
  span: Span,
  report: (diagnostic: Diagnostic) => void,
): IToken | undefined {
  const meant = lookalikes[token.image];
  const character = describeCharacter(token.image);
  const fix = (title: string, put: string): Fix => ({ title, edits: [{ span, text: put }] });
  if (meant !== undefined) {
    const [type, image] = meant;
    const put = /^\w/.test(image) ? ` ${image} ` : image;
    report(diagnose("syntax/bad-character", { character }, { span, fixes: [fix(`write \`${image}\``, put)] }));
    return retype(token, type, image);
  }
  if (token.image === ";") {
    const atEnd = /^[ \t]*(?:\/\/|[\r\n]|$)/.test(text.slice(span.end, span.end + 200));
    const fixes = [atEnd ? fix("remove `;`", "") : fix("start a new line", "\n")];
    const hints = ["a line break ends a statement"];
    report(diagnose("syntax/bad-character", { character }, { span, hints, fixes }));
    return retype(token, t.LineBreak);
  }
  const fixes = /\p{Cf}/u.test(token.image) ? [fix(`remove ${character}`, "")] : [];
  report(diagnose("syntax/bad-character", { character }, { span, fixes }));
  return undefined;
}

/** What was certainly meant: `.5` → `0.5`, `1.` → `1.0`, `1_000` → `1000`. */
function repairNumber(text: string): string | undefined {
  let repaired = text.replaceAll("_", "");
  if (repaired.startsWith(".")) repaired = `0${repaired}`;
  if (repaired.endsWith(".")) repaired = `${repaired}0`;
  if (!/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(repaired) || repaired === text) return undefined;
  const value = Number(repaired);
  return Number.isFinite(value) && (!/^\d+$/.test(repaired) || Number.isSafeInteger(value)) ? repaired : undefined;
}

function describeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  const visible = code > 0x20 && !(code >= 0x7f && code < 0xa0) && !(code >= 0xd800 && code < 0xe000);
  return visible && !/[\p{Z}\p{C}\p{M}]/u.test(character) ? character : `U+${hex}`;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
