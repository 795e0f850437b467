/** Owns the words for a fault: which diagnostic an edit of `edits.ts` stands for, with its place, hints and fixes. */
import type { IToken } from "chevrotain";
import { diagnose, type Details } from "../src/diagnostics/catalogue.ts";
import type { Diagnostic, Fix, RelatedPlace, Span } from "../src/diagnostics/diagnostic.ts";
import { closest } from "../src/diagnostics/suggest.ts";
import { bare, describeToken, endOf, spanOf } from "./describe.ts";
import type { Edit } from "./edits.ts";
import type { ParseResult, StatementRule } from "./parser.ts";
import * as t from "./tokens.ts";

/**
 * @param tokens the statement as written
 * @param fault where it stopped to fit
 * @param edit what mends it; undefined if nothing does
 */
export function describeFault(
  path: string,
  rule: StatementRule,
  tokens: readonly IToken[],
  fault: ParseResult,
  edit: Edit | undefined,
): Diagnostic {
  const at = fault.faultIndex!;
  const found = tokens[at];
  const before = tokens[at - 1];
  const whole = tokens[0]!;
  const foundSpan = found === undefined ? afterToken(path, before ?? whole) : spanOf(path, found);
  const beforeSpan = before === undefined ? foundSpan : spanOf(path, before);
  const gap = before === undefined ? foundSpan : afterToken(path, before);
  const put = edit?.put[0]?.image ?? "";
  const expected = listExpected(rule, fault.expected);
  const insertFix = (text: string): Fix => fixAt(`add \`${text.trim()}\``, { ...gap, start: gap.end }, text);
  const removeFix = (token: IToken): Fix => fixAt(`remove ${describeToken(token)}`, spanOf(path, token), "");
  const unexpected = (details: Details): Diagnostic =>
    diagnose(
      "syntax/unexpected",
      { found: bare(found), expected },
      { span: foundSpan, hints: hintsFor(rule, tokens, at), ...details },
    );

  // `skip =` with nothing behind it, before a line that goes on: what is missing is on the first line.
  const isCutOff = before?.tokenType === t.Equals && (found?.startLine ?? 0) > (before.startLine ?? 0);
  const cutOff = isCutOff ? missingWhat(rule, fault.expected) : undefined;
  if (cutOff !== undefined) {
    return diagnose("syntax/missing-value", { what: cutOff, after: describeToken(before) }, { span: beforeSpan });
  }
  if (edit === undefined) return unexpected({});
  switch (edit.kind) {
    case "missing": {
      const after = describeToken(before);
      if (before?.tokenType === t.Arrow) {
        const isOneTooMany = found === undefined || found.tokenType === t.Arrow;
        const fixes = isOneTooMany ? [removeWithGap(path, before, tokens[at - 2])] : [];
        return diagnose("syntax/missing-step", { after }, { span: beforeSpan, fixes });
      }
      const what = before === undefined ? undefined : missingWhat(rule, fault.expected);
      if (what === undefined) return unexpected({});
      return diagnose("syntax/missing-value", { what, after }, { span: beforeSpan });
    }
    case "comma":
      return diagnose(
        "syntax/missing-comma",
        { before: describeToken(found) },
        { span: gap, label: "`,` expected after this", fixes: [insertFix(",")] },
      );
    case "close": {
      const bracket = edit.bracket!;
      const params = { open: bracket.image, close: put };
      const fixes = [insertFix(put === "}" ? " }" : put)];
      // Where the statement ends, the bracket may have been meant to close anywhere: only where it opens is certain.
      if (found === undefined && isFar(tokens, bracket)) {
        return diagnose("syntax/unclosed", params, { span: spanOf(path, bracket), label: "opened here", fixes });
      }
      const related: RelatedPlace[] = [{ span: spanOf(path, bracket), label: "opened here" }];
      const label = `\`${put}\` expected after this`;
      return diagnose("syntax/unclosed", params, { span: gap, label, related, fixes });
    }
    case "other-close": {
      const related: RelatedPlace[] = [{ span: spanOf(path, edit.bracket!), label: "opened here" }];
      const fixes = [fixAt(`write \`${put}\``, foundSpan, put)];
      const params = { found: bare(found), expected: `\`${put}\`` };
      return diagnose("syntax/unexpected", params, { span: foundSpan, related, fixes });
    }
    case "remove": {
      const isClosing = found !== undefined && [t.RParen, t.RSquare, t.RCurly].includes(found.tokenType);
      const fixes = [removeFix(found!)];
      if (isClosing) return diagnose("syntax/unopened", { close: found.image }, { span: foundSpan, fixes });
      return unexpected({ fixes: edit.guess ? [] : fixes });
    }
    case "remove-before": {
      const params = { found: bare(before), expected: describeToken(found) };
      if (before?.tokenType !== t.Comma) return diagnose("syntax/unexpected", params, { span: beforeSpan });
      const hints = ["there is no comma after the last item"];
      return diagnose("syntax/unexpected", params, { span: beforeSpan, hints, fixes: [removeFix(before)] });
    }
    case "insert": {
      const params = { missing: put, before: describeToken(found) };
      const space = /^[[(:]/.test(put) ? put : ` ${put}`;
      return diagnose("syntax/missing-token", params, { span: gap, fixes: [insertFix(space)] });
    }
    case "replace": {
      const type = edit.put[0]!.tokenType;
      if (put === "" || type === t.Missing || type === t.StringLiteral) return unexpected({});
      const params = { found: bare(found), expected: `\`${put}\`` };
      return diagnose("syntax/unexpected", params, {
        span: foundSpan,
        fixes: [fixAt(`write \`${put}\``, foundSpan, put)],
      });
    }
    case "reserved":
      return diagnose("syntax/reserved", { word: found!.image }, { span: foundSpan });
    case "unnamed":
      if (before === undefined) return unexpected({});
      return diagnose("syntax/missing-value", { what: "a name", after: describeToken(before) }, { span: beforeSpan });
    case "else":
      return diagnose(
        "syntax/missing-token",
        { missing: "else", before: describeToken(found) },
        {
          span: gap,
          hints: ["`if` needs an `else { … }` where its result is a value"],
        },
      );
    default:
      return edit.kind satisfies never;
  }
}

/** To remove the token with the blanks in front of it, where it is on the line of the token before. */
function removeWithGap(path: string, token: IToken, previous: IToken | undefined): Fix {
  const span = spanOf(path, token);
  const isOneLine = previous !== undefined && previous.startLine === token.startLine;
  return fixAt(`remove ${describeToken(token)}`, isOneLine ? { ...span, start: endOf(previous) } : span, "");
}

/** The last character of the token: the place after which something is missing. */
function afterToken(path: string, token: IToken): Span {
  const end = endOf(token);
  return { file: path, start: Math.max(token.startOffset, end - 1), end };
}

function fixAt(title: string, span: Span, text: string): Fix {
  return { title, edits: [{ span, text }] };
}

/** Whether the bracket stands on an earlier line than the end of the statement. */
function isFar(tokens: readonly IToken[], bracket: IToken): boolean {
  return (bracket.startLine ?? 0) < (tokens.at(-1)!.startLine ?? 0);
}

function missingWhat(rule: StatementRule, expected: string): string | undefined {
  if (expected === t.StringLiteral.LABEL) return "a path in quotes";
  if (expected.includes("`int`")) return "a type";
  if (expected === "`[`") return "a shape";
  if (expected.includes("`repeat`")) return "a step";
  return rule === "setting" ? "a value" : expected.includes("`concat`") ? "a source" : "a value";
}

/** `a, b, c` → `a, b or c`, without alternatives that would only confuse. */
function listExpected(rule: StatementRule, expected: string): string {
  const known = new Set(expected.split(", "));
  if (known.has("`not`") || known.has("`-`")) return "a value";
  if (known.has("`concat`")) return "a source";
  if (known.has("`repeat`")) return "a step";
  if (known.has("the end of the line") && rule === "binding") known.add("`->`");
  const words = [...known];
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** What the statement should look like, where no more is known about the fault. */
const patterns: Readonly<Record<StatementRule, string>> = {
  importStatement: 'an import looks like `import { A, B } from "./file.bcos"`',
  settingsHead: "settings look like `bcos { preset: v2, b: 2 }`",
  setting: "settings look like `bcos { preset: v2, b: 2 }`",
  declarationHead: "a declaration looks like `block Name(width: int, stride: int = 1) {`",
  port: "an input looks like `input name: [H, W, 3]`",
  binding: "a row looks like `name = source -> step -> step`",
};

function hintsFor(rule: StatementRule, tokens: readonly IToken[], at: number): string[] {
  const [found, before] = [tokens[at], tokens[at - 1]];
  const type = found?.tokenType;
  if (rule === "binding" && (type === t.Plus || type === t.Star)) {
    const sign = found!.image;
    return [`\`${sign}\` joins sources: put brackets around a row of steps, \`(x -> conv(8)) ${sign} y\``];
  }
  if (type === t.LabelName || before?.tokenType === t.LabelName) {
    return ["a name with dots can only be a label: `downsample.0: conv(8)`"];
  }
  if (type === t.StringLiteral && rule !== "importStatement") return ["only `import` has a text in quotes"];
  const meant = at === 0 && found !== undefined ? closest(found.image, startersOf(rule)) : undefined;
  if (meant !== undefined) return [`did you mean \`${meant}\`?`];
  const isStep = type === t.Identifier && before !== undefined && [t.Identifier, t.RParen].includes(before.tokenType);
  if (rule === "binding" && isStep && at > 1) return ["put `->` before a step, or remove the name"];
  if (tokens[0]?.tokenType === t.Output) return ["an output looks like `output name: [classes]`"];
  return [patterns[rule]];
}

function startersOf(rule: StatementRule): string[] {
  if (rule === "declarationHead") return ["model", "block"];
  if (rule === "importStatement") return ["import"];
  return rule === "port" ? ["input", "output"] : [];
}
