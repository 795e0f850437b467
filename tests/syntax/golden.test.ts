/** The whole trees of the example files, with their spans; and the words of the diagnostics. */
import { describe, expect, it } from "vitest";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import type { Span } from "../../src/diagnostics/diagnostic.ts";
import { residual, resnet34 } from "./examples.ts";
import { faultyFiles, faultyStatements } from "./faulty.ts";
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

describe("diagnostics", () => {
  it.each([
    ["statements", faultyStatements],
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
