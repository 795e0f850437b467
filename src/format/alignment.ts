/**
 * Owns what is aligned in the bodies of blocks and models: in a run of neighbouring rows the `=` are below each other,
 * and the first `->` of rows that start with a name, unless their names differ much in length; the names of neighbouring
 * inputs and outputs too. An empty line, or a statement of another kind, ends a run.
 */
import type { Binding, Flow, Port, SettingsBlock } from "../compiler/syntax/ast.ts";
import type { Span } from "../diagnostics/diagnostic.ts";
import type { SourceTokens } from "./source-tokens.ts";

export interface Alignment {
  /** Spaces behind the first word, beside the one that always stands there. */
  readonly padding: number;
  /** The same behind the name with which a row starts. */
  readonly sourcePadding: number;
}

/** By how much the names in front of aligned arrows differ in length at most. */
const largestDifference = 6;

type Statement = Port | SettingsBlock | Binding;

export function alignRows(source: SourceTokens, statements: readonly Statement[]): Alignment[] {
  const runs: Statement[][] = [];
  for (const statement of statements) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const isAlike = last !== undefined && kindOf(last) === kindOf(statement) && !isIgnored(source, statement);
    if (isAlike && !isIgnored(source, last) && !isBlankBefore(source, statement)) {
      run!.push(statement);
    } else runs.push([statement]);
  }
  return runs.flatMap((run) => {
    const padding = paddingOf(run.map(firstWord));
    const sourcePadding = paddingOfSources(run.map((statement) => sourceOf(source, statement)));
    return run.map((_, i) => ({ padding: padding[i]!, sourcePadding: sourcePadding[i]! }));
  });
}

/** Whether `// prettier-ignore` stands on the line above: then the statement stays as it is written. */
export function isIgnored(source: SourceTokens, { span }: { readonly span: Span }): boolean {
  const token = source.startingAt(span.start);
  const last = source.comments[source.firstComment(token + 1) - 1];
  return last?.before === token && !last.sameLine && /^\/\/+ *prettier-ignore$/.test(last.text);
}

function kindOf(statement: Statement): "port" | "binding" | "settings" {
  return "direction" in statement ? "port" : statement.kind;
}

function firstWord(statement: Statement): string {
  if ("direction" in statement) return statement.direction;
  return statement.kind === "binding" ? statement.name.text : "";
}

function paddingOf(words: readonly string[]): number[] {
  const longest = Math.max(...words.map((word) => word.length));
  return words.map((word) => longest - word.length);
}

/** A row of steps behind a single name. */
export type NamedRow = Flow & { readonly kind: "pipe"; readonly source: Flow & { readonly kind: "reference" } };

/**
 * Whether the flow is printed as a name with an arrow behind it: also where parentheses stand around them that are left
 * out.
 *
 * @param start the index of the token with which it starts
 */
export function startsWithName(source: SourceTokens, start: number, flow: Flow): flow is NamedRow {
  if (flow.kind !== "pipe" || flow.source.kind !== "reference" || flow.steps[0]!.kind === "ascription") return false;
  const around = source.parentheses(start, flow.span.end);
  const inner = source.parentheses(start + around, flow.source.span.end);
  const stays = (pairs: number, from: number, to: number): boolean =>
    pairs > 0 && source.hasComments(from, source.endingAt(to));
  return !stays(around, start, flow.span.end) && !stays(inner, start + around, flow.source.span.end);
}

/** The name in front of the first arrow, if nothing else is. */
function sourceOf(source: SourceTokens, statement: Statement): string | undefined {
  if (!("flow" in statement)) return undefined;
  const { name, flow } = statement;
  const start = source.endingAt(name.span.end) + 2;
  return startsWithName(source, start, flow) ? flow.source.name.text : undefined;
}

/** Neighbours in groups, each with names of similar lengths. */
function paddingOfSources(sources: readonly (string | undefined)[]): number[] {
  const padding = sources.map(() => 0);
  let start = 0;
  while (start < sources.length) {
    let end = start;
    let [shortest, longest] = [Infinity, 0];
    while (sources[end] !== undefined) {
      const { length } = sources[end]!;
      if (end > start && Math.max(longest, length) - Math.min(shortest, length) > largestDifference) break;
      [shortest, longest] = [Math.min(shortest, length), Math.max(longest, length)];
      end++;
    }
    for (let i = start; i < end; i++) padding[i] = longest - sources[i]!.length;
    start = Math.max(end, start + 1);
  }
  return padding;
}

/** Whether an empty line stands in front of the statement, or between its comments. */
function isBlankBefore(source: SourceTokens, { span }: Statement): boolean {
  const token = source.startingAt(span.start);
  const first = source.firstComment(token);
  const comments = source.comments.slice(first, source.firstComment(token + 1));
  if (comments.length === 0) return source.breaksBefore(token) > 1;
  return comments.some((comment) => comment.blankBefore || comment.blankAfter);
}
