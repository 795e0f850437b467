/** What each fix changes, that it removes the finding, and that every code with a fix has a case. */
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../scripts/gen/examples.ts";
import { catalogue, type Code } from "../../src/diagnostics/catalogue.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import { pages } from "../../src/diagnostics/pages.ts";
import type { Example } from "../../src/diagnostics/pages/page.ts";
import { model, residual, withHead } from "../check/helper.ts";
import { faultyFiles, faultyStatements } from "../syntax/faulty.ts";

const block = (rows: string): string => `block B(width: int) {
  input  x: [H, W, C]
  output y: [H, W, C]
${rows}
}
`;

/** Files in which the code is found, each with fixes for it. */
const cases: Partial<Record<Code, readonly Example[]>> = {
  "syntax/bad-character": [
    model("  a = image → relu"),
    model("  a = image -> relu;\n  logits = a"),
    model("  a = image -> relu; b = a"),
    model("  a = image\u200b -> relu"),
    "import { B } from './b.bcos'\n",
    model("  a = image -> if 1 ≤ 2 { relu }"),
  ],
  "syntax/bad-number": [model("  a = image -> leaky_relu(.5)"), model("  a = image -> conv(1_000, kernel: 3)")],
  "syntax/comment": [model("  a = image # the image")],
  "syntax/escape": ['import { B } from ".\\blocks\\b.bcos"\n'],
  "syntax/unterminated-string": ['import { B } from "./b.bcos\n'],
  "syntax/missing-comma": [
    model("  a = image -> conv(64 kernel: 3)"),
    "bcos { preset: v2 b: 2 }\nmodel M {}\n",
    'import { A B } from "./b.bcos"\n',
  ],
  "syntax/missing-line-break": [model("  a = image b = a")],
  "syntax/missing-step": [model("  a = image -> "), model("  a = image -> -> relu")],
  "syntax/missing-token": [
    model("  a image -> relu"),
    "model M\n  input x: [3]\n}\n",
    model("  a = image -> repeat 3 relu }"),
    'import { A } "./b.bcos"\n',
  ],
  "syntax/unclosed": [
    model("  a = image -> conv(64, kernel: 3"),
    model("  a = image : [1, 2\n"),
    model("  a = image -> repeat 3 { relu"),
    "model M {\n  input x: [3]\n",
  ],
  "syntax/unopened": [model("  a = image -> relu)"), "model M {\n}\n}\n"],
  "syntax/unexpected": [
    model("  a = image -> conv(64]"),
    model("  a = image -> conv(64, )"),
    "bcos { b: 2, }\nmodel M {}\n",
    model("  a = image > relu"),
    model("  a = image -> conv(64, kernel = 3)"),
  ],
  "name/unknown": [
    model("  logits = imag -> global_avg_pool -> linear(10)"),
    model("  logits = image -> global_avg_poool -> linear(10)"),
    model("  logits = image -> global_avg_pool -> linear(10, bais: true)"),
    model("  logits = image -> global_avg_pool -> linear(10)").replace(/^/, "bcos { prest: v2 }\n"),
    block("  y = x -> relu : [h, W, C] -> repeat width { relu }"),
    { "main.bcos": withHead("  a = image -> Block(8)", 'import { BasicBlok } from "./b.bcos"\n'), "b.bcos": residual },
  ],
  "name/unused": [
    withHead("  unused = image -> relu\n  a = image"),
    {
      "main.bcos": withHead("  a = image", 'import { BasicBlock } from "./b.bcos"\n'),
      "b.bcos": residual,
    },
    {
      "main.bcos": withHead("  a = image -> C(1)", 'import { B, C } from "./b.bcos"\n'),
      "b.bcos": `${block("  y = x -> repeat width { relu }")}${block("  y = x -> repeat width { relu }").replace("B(", "C(")}`,
    },
  ],
  "name/unassigned-output": [model("  logit = image -> global_avg_pool -> linear(10)")],
  "name/file-missing": [
    { "main.bcos": withHead("  a = image -> B(1)", 'import { B } from "./b"\n'), "b.bcos": block("  y = x") },
  ],
  "type/argument": [withHead("  a = image -> conv(4.0, kernel: 3)")],
  "type/argument-order": [withHead("  a = image -> conv(kernel: 3, 4)")],
  "type/dimension": [withHead("  a = image -> relu : [32, 32, 3.0]")],
  "type/repeat-count": [withHead("  a = image -> repeat 2.0 { relu }")],
  "type/inexact-division": [
    withHead("  a = image -> conv(9 / 2, kernel: 3)"),
    withHead("  a = image -> conv((9 / 2) * 2, kernel: 3)"),
  ],
  "shape/ascription": [withHead("  a = image -> conv(4, kernel: 3, stride: 2) : [32, 16, 4]")],
  "bcos/settings-place": [block("  bcos { b: 2 }\n  y = x -> repeat width { relu }")],
  "bcos/settings-unused": [`bcos { b: 2 }\n${block("  y = x -> repeat width { relu }")}`],
};

const filesOf = (example: Example): Readonly<Record<string, string>> =>
  typeof example === "string" ? { "main.bcos": example } : example;

function apply(files: Readonly<Record<string, string>>, { edits }: Fix): Record<string, string> {
  const changed = { ...files };
  for (const { span, text } of [...edits].sort((a, b) => b.span.start - a.span.start)) {
    const before = changed[span.file]!;
    changed[span.file] = before.slice(0, span.start) + text + before.slice(span.end);
  }
  return changed;
}

/** The lines that differ, as in a patch. */
function difference(before: string, after: string): string {
  const [old, made] = [before.split("\n"), after.split("\n")];
  while (old.length > 0 && made.length > 0 && old[0] === made[0]) [old, made].forEach((lines) => lines.shift());
  while (old.length > 0 && made.length > 0 && old.at(-1) === made.at(-1)) [old, made].forEach((lines) => lines.pop());
  return [...old.map((line) => `- ${line}`), ...made.map((line) => `+ ${line}`)].join("\n");
}

const key = ({ code, message }: Diagnostic): string => `${code}: ${message}`;
const syntaxErrors = (found: readonly Diagnostic[]): number =>
  found.filter(({ code, severity }) => severity === "error" && code.startsWith("syntax/")).length;

describe.each(Object.entries(cases))("the fixes of %s", (code, examples) => {
  it("change what they say, and remove the finding", () => {
    const shown = examples.flatMap((example) => {
      const files = filesOf(example);
      const found = findingsOf(files);
      const own = found.filter((finding) => finding.code === code);
      const fixes = own.flatMap((finding) => finding.fixes.map((fix) => ({ finding, fix })));
      expect(fixes, `${code} in\n${JSON.stringify(files, undefined, 2)}`).not.toEqual([]);
      return fixes.map(({ finding, fix }) => {
        const after = apply(files, fix);
        const left = findingsOf(after);
        const same = (list: readonly Diagnostic[]): number => list.filter((d) => key(d) === key(finding)).length;
        expect(same(left), `${fix.title} in\n${after["main.bcos"]}`).toBeLessThan(same(found));
        expect(syntaxErrors(left)).toBeLessThanOrEqual(syntaxErrors(found) - (code.startsWith("syntax/") ? 1 : 0));
        const head = `${finding.message}\n  ${fix.title}${fix.isChoice === true ? " (a choice)" : ""}`;
        return `${head}\n${difference(files["main.bcos"]!, after["main.bcos"]!)}`;
      });
    });
    expect(`\n${shown.join("\n\n")}\n`).toMatchSnapshot();
  });
});

it("every code that comes with a fix has a case", () => {
  const examples: Example[] = [...faultyStatements, ...faultyFiles];
  for (const page of Object.values(pages)) if (page.kind === "source") examples.push(page.wrong);
  const found = examples.flatMap(findingsOf).filter(({ fixes }) => fixes.length > 0);
  const codes = new Set(found.map(({ code }) => code));
  expect([...codes].filter((code) => !(code in cases)).sort()).toEqual([]);
  expect(codes.size).toBeGreaterThan(15);
  expect(Object.keys(cases).filter((code) => !(code in catalogue))).toEqual([]);
});
