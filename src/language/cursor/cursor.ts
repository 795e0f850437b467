/**
 * Where a cursor stands in text that is being written, from the tokens before it alone: what comes behind may be unfinished
 * or missing. Completion and signature help rest on this. `flow-cursor.ts` follows the rows.
 */
import { createTokenInstance, type IToken } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import { layOut, type Statement } from "../../../grammar/layout.ts";
import { lex } from "../../../grammar/lexer.ts";
import * as t from "../../../grammar/tokens.ts";
import { lexer } from "../../../grammar/tokens.ts";
import { fileSizeLimit } from "../../compiler/syntax/parse.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";
import { followFlow, followExpression, type Frame } from "./flow-cursor.ts";

/** The declaration or the settings in whose body the cursor stands. */
export interface Body {
  readonly kind: "model" | "block" | "settings";
  /** Where the name of the declaration starts. */
  readonly nameStart: number | undefined;
}

export type CursorPlace =
  /** Where a statement starts: in the bodies of the cursor, or outside of all. */
  | { readonly kind: "statement" }
  /** In a row or a shape of the statement: the frames that are open, the innermost last. */
  | { readonly kind: "flow"; readonly frames: readonly Frame[] }
  | { readonly kind: "setting-name" }
  | { readonly kind: "setting-value"; readonly name: string; readonly frames: readonly Frame[] }
  /** In the braces of an import. */
  | { readonly kind: "import-name" }
  /** Behind the braces of an import. */
  | { readonly kind: "from" }
  /** The path of an import; `names` are those in its braces. `quoted` is inside of quotes. */
  | { readonly kind: "path"; readonly names: readonly string[]; readonly quoted: boolean }
  /** The name of an output, which a binding has too. */
  | { readonly kind: "output-name" }
  /** The shape of a port, before its bracket. */
  | { readonly kind: "port-shape" }
  | { readonly kind: "parameter-type" }
  | { readonly kind: "parameter-default"; readonly name: string; readonly frames: readonly Frame[] }
  /** Where a new name is given, or only punctuation can stand. */
  | { readonly kind: "nothing" };

export interface Cursor {
  readonly offset: number;
  /** The word or the quoted text that the cursor is in or at the end of; empty where there is none. */
  readonly span: Span;
  /** The word is a number. */
  readonly isNumber: boolean;
  readonly place: CursorPlace;
  /** The bodies around it, the innermost last. */
  readonly bodies: readonly Body[];
  /** Where the statement starts that the cursor is in. */
  readonly statementStart: number;
}

/** `undefined` inside comments and labels with dots, and in texts that are too large to be read. */
export function cursorAt(path: string, text: string, offset: number): Cursor | undefined {
  if (text.length > fileSizeLimit || !(offset >= 0 && offset <= text.length)) return undefined;
  const written = text.slice(0, offset);
  const { tokens, comments } = lex(path, written);
  const comment = comments.at(-1);
  if (comment !== undefined && endOf(comment) === offset) return undefined;
  if (isInForeignComment(written)) return undefined;

  const last = tokens.at(-1);
  const touches = last !== undefined && last.tokenType !== t.LineBreak && endOf(last) >= offset;
  if (touches && last.tokenType === t.StringLiteral) return inQuotes(path, text, offset, tokens, last);
  const isWord = touches && /^\w/.test(last.image);
  if (touches && last.tokenType === t.LabelName) return undefined;
  const isNumber = touches && (last.tokenType === t.Int || last.tokenType === t.Float);
  const start = isWord ? last.startOffset : offset;
  const end = offset + /^[A-Za-z0-9_]*/.exec(text.slice(offset, offset + 1000))![0].length;
  const before = isWord ? tokens.slice(0, -1) : tokens;
  const marker = createTokenInstance(t.Identifier, text.slice(start, end) || "x", start, end - 1, NaN, NaN, NaN, NaN);
  return { offset, span: { file: path, start, end }, isNumber, ...locate(path, [...before, marker], marker) };
}

/** Comments as other languages have them, which are faults: `#` to the end of the line, and block comments. */
function isInForeignComment(before: string): boolean {
  if (!before.includes("#") && !before.includes("/*")) return false;
  const last = lexer.tokenize(before).tokens.at(-1);
  if (last === undefined || endOf(last) < before.length) return false;
  if (last.tokenType === t.faultTokens.HashComment) return true;
  return last.tokenType === t.faultTokens.BlockComment && !/^\/\*[^]*\*\/$/.test(last.image);
}

function inQuotes(
  path: string,
  text: string,
  offset: number,
  tokens: readonly IToken[],
  string: IToken,
): Cursor | undefined {
  // Behind a closing quote.
  if (text[offset - 1] === '"' && offset - 1 > string.startOffset && endOf(string) === offset) return undefined;
  const rest = /^[^"\r\n]*/.exec(text.slice(offset))![0];
  const isClosed = text[offset + rest.length] === '"';
  const start = string.startOffset + 1;
  // Without a closing quote, what stands behind is no part of the path.
  const end = isClosed ? offset + rest.length : offset;
  const marker = createTokenInstance(t.StringLiteral, '""', start - 1, end, NaN, NaN, NaN, NaN);
  const located = locate(path, [...tokens.slice(0, -1), marker], marker);
  const { place } = located;
  if (place.kind !== "path") return undefined;
  const span = { file: path, start, end };
  return { offset, span, isNumber: false, ...located, place: { ...place, quoted: true } };
}

function locate(
  path: string,
  tokens: readonly IToken[],
  marker: IToken,
): Pick<Cursor, "place" | "bodies" | "statementStart"> {
  const { parts } = layOut(path, tokens);
  const bodies: Body[] = [];
  let head: Statement | undefined;
  for (const part of parts) {
    if (part.kind === "statement") {
      if (part.tokens.at(-1) !== marker) {
        head = part;
        continue;
      }
      const place: CursorPlace = part.skipped ? { kind: "nothing" } : placeIn(part, part.tokens.slice(0, -1));
      return { place, bodies, statementStart: part.tokens[0]!.startOffset };
    }
    if (part.kind === "open" && head !== undefined) bodies.push(bodyOf(head));
    // Those without text close what is still open at the end.
    if (part.kind === "close" && part.token.image !== "") bodies.pop();
  }
  // Outside of all bodies, a single word is no statement yet.
  const before = tokens.at(-2);
  const isFirst = before === undefined || before.tokenType === t.LineBreak || before.image === "}";
  return { place: { kind: isFirst ? "statement" : "nothing" }, bodies: [], statementStart: marker.startOffset };
}

function bodyOf({ rule, tokens }: Statement): Body {
  if (rule === "settingsHead") return { kind: "settings", nameStart: undefined };
  const kind = tokens.some(({ tokenType }) => tokenType === t.Model) ? "model" : "block";
  return { kind, nameStart: tokens.find(({ tokenType }) => tokenType === t.Identifier)?.startOffset };
}

function placeIn({ rule }: Statement, before: readonly IToken[]): CursorPlace {
  const first = before[0];
  switch (rule) {
    case "binding": {
      if (first === undefined) return { kind: "statement" };
      const equals = before.findIndex(({ tokenType }) => tokenType === t.Equals);
      // `image -> conv`: a row whose name is not there yet.
      const isRow = equals >= 0 || before.some(({ tokenType }) => tokenType === t.Arrow);
      return isRow ? { kind: "flow", frames: followFlow(before.slice(equals + 1)) } : { kind: "nothing" };
    }
    case "port": {
      if (first === undefined) return { kind: "statement" };
      const colon = before.findIndex(({ tokenType }) => tokenType === t.Colon);
      if (colon < 0) {
        const isName = before.length === 1 && first.tokenType === t.Output;
        return { kind: isName ? "output-name" : "nothing" };
      }
      if (colon === before.length - 1) return { kind: "port-shape" };
      return { kind: "flow", frames: followExpression(before.slice(colon + 1), "shape") };
    }
    case "setting": {
      if (first === undefined) return { kind: "setting-name" };
      if (before[1]?.tokenType !== t.Colon) return { kind: "nothing" };
      return { kind: "setting-value", name: first.image, frames: followExpression(before.slice(2), "value") };
    }
    case "importStatement":
      return placeInImport(before);
    case "declarationHead":
      return first === undefined ? { kind: "statement" } : placeInHead(before);
    case "settingsHead":
      return { kind: first === undefined ? "statement" : "nothing" };
    default:
      return rule satisfies never;
  }
}

function placeInImport(before: readonly IToken[]): CursorPlace {
  const last = before.at(-1)?.tokenType;
  if (last === undefined) return { kind: "statement" };
  const names = before.filter(({ tokenType }) => tokenType === t.Identifier).map(({ image }) => image);
  if (last === t.From) return { kind: "path", names, quoted: false };
  if (last === t.RCurly) return { kind: "from" };
  return { kind: last === t.LCurly || last === t.Comma ? "import-name" : "nothing" };
}

/** In `model M(classes: int = 10`, behind the word that starts it. */
function placeInHead(before: readonly IToken[]): CursorPlace {
  let name = "";
  let depth = 0;
  let valueFrom: number | undefined;
  for (const [i, { tokenType, image }] of before.entries()) {
    if (tokenType === t.LParen || tokenType === t.LSquare) depth++;
    else if (tokenType === t.RParen || tokenType === t.RSquare) depth--;
    if (depth === 1 && (tokenType === t.Comma || tokenType === t.LParen)) valueFrom = undefined;
    if (depth === 1 && tokenType === t.Identifier && valueFrom === undefined) name = image;
    if (depth === 1 && tokenType === t.Equals) valueFrom = i + 1;
  }
  if (depth < 1) return { kind: "nothing" };
  if (valueFrom !== undefined) {
    return { kind: "parameter-default", name, frames: followExpression(before.slice(valueFrom), "value") };
  }
  return { kind: depth === 1 && before.at(-1)!.tokenType === t.Colon ? "parameter-type" : "nothing" };
}
