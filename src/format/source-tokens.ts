/**
 * Owns what the printer reads from the text itself, because the syntax tree does not keep it: the tokens in order, which
 * bracket closes which, and where the comments and line breaks between the tokens are.
 */
import type { IToken } from "chevrotain";
import { endOf } from "../../grammar/describe.ts";
import { lex } from "../../grammar/lexer.ts";
import { LineBreak } from "../../grammar/tokens.ts";
import type { SourceFile } from "../compiler/syntax/ast.ts";

/** A comment and its place between two tokens. */
export interface PlacedComment {
  readonly text: string;
  /** The index of the token behind it; the number of tokens at the end of the file. */
  readonly before: number;
  /** Whether it stands on the line of what is in front of it. */
  readonly sameLine: boolean;
  /** Whether an empty line is in front of it. */
  readonly blankBefore: boolean;
  /** Whether an empty line is between it and the token behind it. Only for the last comment before a token. */
  readonly blankAfter: boolean;
}

export interface SourceTokens {
  readonly text: string;
  readonly tokens: readonly IToken[];
  readonly comments: readonly PlacedComment[];
  /** The index of the first comment before the token, or before any token behind it. */
  readonly firstComment: (token: number) => number;
  /** The index of the token that starts at the offset; -1 if none does. */
  readonly startingAt: (offset: number) => number;
  /** The index of the token that ends at the offset; -1 if none does. */
  readonly endingAt: (offset: number) => number;
  /** The index of the bracket that closes the one at the index; -1 for other tokens. */
  readonly closing: (token: number) => number;
  /** Whether there are comments between the tokens from `from` up to and including `to`. */
  readonly hasComments: (from: number, to: number) => boolean;
  /** How many pairs of parentheses stand around what starts with the token and ends at the offset. */
  readonly parentheses: (start: number, end: number) => number;
  /** How many line breaks stand between the token and the one before it, comments not counted. */
  readonly breaksBefore: (token: number) => number;
}

const closers: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

/** Reads the tokens of a text without faults. */
export function readTokens(file: SourceFile, text: string): SourceTokens {
  const tokens = lex(file.path, text).tokens.filter((token) => token.tokenType !== LineBreak);
  const comments = placeComments(file, tokens, text);
  const firstComments = indexComments(comments, tokens.length);
  const [starts, ends] = [new Int32Array(text.length + 1).fill(-1), new Int32Array(text.length + 1).fill(-1)];
  tokens.forEach((token, i) => {
    starts[token.startOffset] = i;
    ends[endOf(token)] = i;
  });
  const closings = matchBrackets(tokens);
  function parentheses(start: number, offset: number): number {
    const end = ends[offset]!;
    let pairs = 0;
    while (tokens[start + pairs]?.image === "(" && closings[start + pairs] === end - pairs) pairs++;
    return pairs;
  }

  return {
    text,
    tokens,
    comments,
    parentheses,
    hasComments: (from, to) => firstComments[from + 1]! < firstComments[to + 1]!,
    firstComment: (token) => firstComments[token]!,
    startingAt: (offset) => starts[offset]!,
    endingAt: (offset) => ends[offset]!,
    closing: (token) => closings[token]!,
    breaksBefore: (token) =>
      token === 0 ? 0 : countBreaks(text, endOf(tokens[token - 1]!), tokens[token]!.startOffset),
  };
}

function placeComments(file: SourceFile, tokens: readonly IToken[], text: string): PlacedComment[] {
  let before = 0;
  return file.comments.map(({ text: written, span }, i) => {
    while (before < tokens.length && tokens[before]!.startOffset < span.start) before++;
    const lastComment = file.comments[i - 1]?.span.end ?? 0;
    const lastToken = before === 0 ? 0 : endOf(tokens[before - 1]!);
    const next = tokens[before]?.startOffset ?? text.length;
    const breaks = countBreaks(text, Math.max(lastComment, lastToken), span.start);
    return {
      text: written.trimEnd(),
      before,
      sameLine: breaks === 0 && lastToken > lastComment,
      blankBefore: breaks > 1,
      blankAfter: (file.comments[i + 1]?.span.start ?? text.length) > next && countBreaks(text, span.end, next) > 1,
    };
  });
}

function indexComments(comments: readonly PlacedComment[], tokens: number): number[] {
  let comment = 0;
  return Array.from({ length: tokens + 1 }, (_, token) => {
    while (comment < comments.length && comments[comment]!.before < token) comment++;
    return comment;
  });
}

function matchBrackets(tokens: readonly IToken[]): Int32Array {
  const open: number[] = [];
  const closings = new Int32Array(tokens.length).fill(-1);
  tokens.forEach(({ image }, i) => {
    if (closers.has(image)) open.push(i);
    else if (open.length > 0 && image === closers.get(tokens[open.at(-1)!]!.image)) closings[open.pop()!] = i;
  });
  return closings;
}

function countBreaks(text: string, start: number, end: number): number {
  let breaks = 0;
  for (let i = start; i < end; i++) {
    if (text[i] === "\n" || (text[i] === "\r" && text[i + 1] !== "\n")) breaks++;
  }
  return breaks;
}
