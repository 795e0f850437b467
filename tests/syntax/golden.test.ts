/** The whole trees of the example files, with their spans; and the words of the diagnostics. */
import { describe, expect, it } from "vitest";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import type { Span } from "../../src/diagnostics/diagnostic.ts";
import { residual, resnet34 } from "./examples.ts";
import { lineAt } from "./helpers.ts";

/** The tree as indented text; a span is shown as the text that it covers. */
function printTree(text: string, node: unknown, indent = ""): string {
  if (Array.isArray(node))
    return node.length === 0
      ? " []"
      : node.map((item) => `\n${indent}-${printTree(text, item, `${indent}  `)}`).join("");
  if (typeof node !== "object" || node === null) return ` ${String(node)}`;
  const fields = Object.entries(node).filter(([key]) => key !== "path");
  return fields
    .map(
      ([key, value]) =>
        `\n${indent}${key}:${isSpan(value) ? ` ${covered(text, value)}` : printTree(text, value, `${indent}  `)}`,
    )
    .join("");
}

function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && "start" in value;
}

function covered(text: string, { start, end }: Span): string {
  const part = JSON.stringify(text.slice(start, end));
  return part.length > 60 ? `${part.slice(0, 30)} … ${part.slice(-28)}` : part;
}

describe("trees", () => {
  it.each([
    ["resnet34", resnet34],
    ["residual", residual],
  ])("%s", async (name, text) => {
    const { file, diagnostics } = parseFile("example.bcos", text);
    expect(diagnostics).toEqual([]);
    await expect(`${printTree(text, file).trimStart()}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
  });
});

/** One statement of a model with each fault that has words of its own. */
const faulty = [
  "a = x -> conv(64",
  "a = x -> conv(64]",
  "a = x -> conv(64))",
  "a = x -> conv(64 kernel: 3)",
  "a = x -> conv(64, )",
  "a = x -> conv(, 64)",
  "a = x -> conv(kernel: )",
  "a = x -> conv(kernel = 3)",
  "a = x -> conv(3 + )",
  "a = x -> repeat 3 BasicBlock(64) }",
  "a = x -> repeat 3 { }",
  "a = x -> repeat { relu }",
  "a = if c { x }",
  "a = if c = 1 { x } else { y }",
  "a = if c { x else { y }",
  "a = x -> ",
  "a = x -> -> relu",
  "a = x -> : [3]",
  "a = x relu",
  "a = x > relu",
  "a = x -> relu + y",
  "a = x + ",
  "a = ",
  "a = = x",
  "a : x",
  "a x",
  "= x",
  "a.b = x",
  "a = x -> conv.1(3)",
  'a = x -> conv("same")',
  "a = x -> input(3)",
  "a = x -> norm : 3",
  "input : [3]",
  "input x [3]",
  "input x: 3, 4",
  "input x = [3]",
  "input input: [3]",
  "foo",
  "a = x; b = y",
  "a = x b = y",
  "a = x → relu",
  "a = x && y",
  "a = x -> conv(1.)",
  "a = x -> conv(.5)",
  "a = x -> conv(1_000)",
  "a = x -> conv(0x10)",
  "a = x -> conv(99999999999999999999)",
  "a = x -> conv('same')",
  "a = x # comment",
  "a = x /* comment */",
  "bcos { preset v2 }",
  "bcos { preset: v2 b: 2 }",
  "bcos { preset: }",
  "bcos { b: 2, }",
];

const faultyFiles = [
  "modle M {\n}",
  "model {\n}",
  "model M(a int) {\n}",
  "model M(a: text) {\n}",
  "model M(a: int = ) {\n}",
  "model M(a: enum()) {\n}",
  "model M\n  input x: [3]\n}",
  "model M {\n  input x: [3]",
  "model M {\n}\n}",
  "input x: [3]\na = x\n",
  'import B from "b.bcos"',
  'import { A B } from "b.bcos"',
  'import { A } "b.bcos"',
  "import { A } from b",
  'import { A } from "b.bcos',
  'import { A } from ".\\b.bcos"',
  "import { A } from",
  "a\0b",
];

describe("diagnostics", () => {
  it.each([
    ["statements", faulty.map((line) => `model M {\n  ${line}\n  z = y\n}\n`)],
    ["files", faultyFiles],
  ])("%s", async (name, texts) => {
    const shown = texts.map((text) => {
      const { diagnostics } = parseFile("example.bcos", text);
      return [text.replace("\0", "\\0").trimEnd(), ...diagnostics.flatMap((d) => describeAll(text, d))].join("\n");
    });
    await expect(`${shown.join("\n\n")}\n`).toMatchFileSnapshot(`golden/diagnostics-${name}.txt`);
  });
});

function describeAll(text: string, d: ReturnType<typeof parseFile>["diagnostics"][number]): string[] {
  const place = (span: Span): string =>
    `${lineAt(text, span.start)} ${JSON.stringify(text.slice(span.start, span.end))}`;
  return [
    `  ${d.severity}[${d.code}] ${d.message}`,
    `    at ${place(d.span!)}${d.label === undefined ? "" : `: ${d.label}`}`,
    ...d.related.map((related) => `    and ${place(related.span)}: ${related.label}`),
    ...d.hints.map((hint) => `    hint: ${hint}`),
    ...d.fixes.map((fix) => `    fix: ${fix.title}`),
  ];
}
