import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/diagnostics/catalogue.ts";
import type { Diagnostic, Span } from "../../src/diagnostics/diagnostic.ts";
import { renderDiagnostic, renderDiagnostics, renderSummary } from "../../src/diagnostics/frame.ts";

const base: Diagnostic = {
  code: "shape/ascription",
  severity: "error",
  message: "a message",
  related: [],
  expansion: [],
  hints: [],
  fixes: [],
};

/** The span of the `n`-th occurrence of `part` in `text`. */
function spanOf(text: string, part: string, file = "a.bcos", n = 1): Span {
  let start = -1;
  for (let i = 0; i < n; i++) start = text.indexOf(part, start + 1);
  expect(start).toBeGreaterThanOrEqual(0);
  return { file, start, end: start + part.length };
}

function draw(text: string, details: Partial<Diagnostic>, width?: number): string {
  return renderDiagnostic({ ...base, ...details }, (file) => (file === "a.bcos" ? text : undefined), {
    color: false,
    ...(width === undefined ? {} : { width }),
  });
}

describe("renderDiagnostic", () => {
  it("draws related places, the expansion chain, hints and the pointer to the page", () => {
    const block = [
      ...Array.from({ length: 7 }, (_, i) => `/// ${i}`),
      "  main = x -> conv1: conv(width, kernel: 3)",
      "  skip = x",
      "  y    = main + skip",
    ].join("\n");
    const model = "model M {\n  y = x -> BasicBlock(128, stride: 2)\n}\n";
    const files: Record<string, string> = { "blocks/residual.bcos": block, "model.bcos": model };
    const text = renderDiagnostic(
      {
        ...base,
        message: "the two sides of `+` have different shapes",
        span: spanOf(block, "main + skip", "blocks/residual.bcos"),
        label: "channels 128 ≠ 64",
        related: [
          { span: spanOf(block, "main", "blocks/residual.bcos"), label: "[28, 28, 128]" },
          { span: spanOf(block, "skip", "blocks/residual.bcos"), label: "[56, 56, 64]" },
        ],
        expansion: [
          {
            call: "BasicBlock(128, stride: 2)",
            span: spanOf(model, "BasicBlock(128, stride: 2)", "model.bcos"),
          },
        ],
        hints: ["project the skip"],
      },
      (file) => files[file],
      { color: false },
    );
    expect(text).toMatchInlineSnapshot(`
      "error[shape/ascription]: the two sides of \`+\` have different shapes
         ┌─ blocks/residual.bcos:10:10
         │
       8 │   main = x -> conv1: conv(width, kernel: 3)
         │   ---- [28, 28, 128]
       9 │   skip = x
         │   ---- [56, 56, 64]
      10 │   y    = main + skip
         │          ^^^^^^^^^^^ channels 128 ≠ 64
         │
         = while expanding \`BasicBlock(128, stride: 2)\` at model.bcos:2:12
         = hint: project the skip
         = see: bcosc explain-error shape/ascription"
    `);
  });

  it("draws places in other files in their own sections", () => {
    const files: Record<string, string> = { "a.bcos": "one\ntwo\n", "b.bcos": "three\n" };
    const text = renderDiagnostic(
      {
        ...base,
        span: spanOf(files["a.bcos"]!, "two"),
        related: [
          { span: spanOf(files["b.bcos"]!, "three", "b.bcos"), label: "first named here" },
          { span: { file: "c.bcos", start: 3, end: 4 }, label: "and in a file that is not at hand" },
        ],
      },
      (file) => files[file],
      { color: false },
    );
    expect(text).toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        ┌─ a.bcos:2:1
        │
      2 │ two
        │ ^^^
        │
        ┌─ b.bcos:1:1
        │
      1 │ three
        │ ----- first named here
        │
        ┌─ c.bcos
        = and in a file that is not at hand
        = see: bcosc explain-error shape/ascription"
    `);
  });

  it("elides lines between places, but not a single one", () => {
    const text = "a1\na2\na3\na4\na5\na6\n";
    const frame = draw(text, {
      span: spanOf(text, "a6"),
      related: [
        { span: spanOf(text, "a1"), label: "one" },
        { span: spanOf(text, "a3"), label: "three" },
      ],
    });
    expect(frame).toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        ┌─ a.bcos:6:1
        │
      1 │ a1
        │ -- one
      2 │ a2
      3 │ a3
        │ -- three
      … │
      6 │ a6
        │ ^^
        │
        = see: bcosc explain-error shape/ascription"
    `);
  });

  it("marks short spans of several lines whole and long ones at their ends", () => {
    const text = "y = x\n  -> conv(8)  \n  -> relu\nz = 1\n";
    expect(draw(text, { span: { file: "a.bcos", start: 4, end: text.indexOf("\nz") }, label: "all this" }))
      .toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        ┌─ a.bcos:1:5
        │
      1 │ y = x
        │     ^
      2 │   -> conv(8)
        │   ^^^^^^^^^^
      3 │   -> relu
        │   ^^^^^^^ all this
        │
        = see: bcosc explain-error shape/ascription"
    `);
    expect(draw(text, { span: { file: "a.bcos", start: 4, end: text.length }, label: "all this" }))
      .toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        ┌─ a.bcos:1:5
        │
      1 │ y = x
        │     ^
      … │
      4 │ z = 1
        │ ^^^^^ all this
        │
        = see: bcosc explain-error shape/ascription"
    `);
  });

  it("keeps carets under tabs, wide and combining characters", () => {
    const text = "\ty = 日本 -> e\u0301\u0301x -> 👩‍👩‍👧 -> bad\n";
    expect(draw(text, { span: spanOf(text, "bad") })).toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        ┌─ a.bcos:1:32
        │
      1 │     y = 日本 -> é́x -> 👩‍👩‍👧 -> bad
        │                             ^^^
        │
        = see: bcosc explain-error shape/ascription"
    `);
  });

  it("cuts long lines so that the place stays in view", () => {
    const text = `y = x${" -> relu".repeat(40)} -> bad${" -> relu".repeat(40)}`;
    expect(draw(text, { span: spanOf(text, "bad"), label: "here" }, 60)).toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        ┌─ a.bcos:1:330
        │
      1 │ …lu -> relu -> bad -> relu -> relu -> relu -> relu -> r…
        │                ^^^ here
        │
        = see: bcosc explain-error shape/ascription"
    `);
    expect(draw(text, { span: spanOf(text, "x") }, 60)).toContain("1 │ y = x -> relu -> relu");
  });

  it("shows the end of a file, with and without a last line break", () => {
    expect(draw("y = x ->", { span: { file: "a.bcos", start: 8, end: 8 } })).toContain("1 │ y = x ->\n  │         ^\n");
    expect(draw("y = x ->\n", { span: { file: "a.bcos", start: 9, end: 9 } })).toContain("2 │\n  │ ^\n");
    expect(draw("", { span: { file: "a.bcos", start: 0, end: 0 } })).toContain("1 │\n  │ ^\n");
    expect(draw("ab", { span: { file: "a.bcos", start: 70, end: 90 } })).toContain("a.bcos:1:3\n");
  });

  it("shows a place in words where there is no source", () => {
    const text = renderDiagnostic({ ...base, place: "model.safetensors, header", hints: ["try"] }, () => undefined, {
      color: false,
    });
    expect(text).toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        ┌─ model.safetensors, header
        = hint: try
        = see: bcosc explain-error shape/ascription"
    `);
  });

  it("shows fixes that no hint says already", () => {
    const fix = (title: string) => ({ title, edits: [] });
    const text = draw("x", { hints: ["write `y`"], fixes: [fix("write `y`"), fix("delete the line")] });
    expect(text).toMatchInlineSnapshot(`
      "error[shape/ascription]: a message
        = hint: write \`y\`
        = fix: delete the line
        = see: bcosc explain-error shape/ascription"
    `);
  });

  it("shortens long expansion chains", () => {
    const text = "x";
    const link = (i: number) => ({ call: `B(${i})`, span: { file: "a.bcos", start: 0, end: 1 } });
    const frame = draw(text, { expansion: Array.from({ length: 30 }, (_, i) => link(i)) });
    expect(frame.match(/while expanding/g)).toHaveLength(8);
    expect(frame).toContain("… 22 more expansions …");
    expect(frame).toContain("B(0)");
    expect(frame).toContain("B(29)");
  });

  it("lets no text steer the terminal", () => {
    const text = "y = \u001b[2J\u0007bad \u202e\u0000\n";
    const frame = draw(text, { message: "no `\u001b[2J`", place: "\r\n", span: spanOf(text, "bad"), label: "\u009b" });
    // eslint-disable-next-line no-control-regex
    expect(frame).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const diagnostic = diagnose("usage/unknown-option", { option: "--\u001b]0;x\u0007" });
    // eslint-disable-next-line no-control-regex
    expect(renderDiagnostic(diagnostic, () => undefined, { color: false })).not.toMatch(/[\u0007\u001b]/);
  });

  it("uses colour only when told", () => {
    const details = { ...base, span: { file: "a.bcos", start: 0, end: 1 } };
    const plain = renderDiagnostic(details, () => "x", { color: false });
    const colored = renderDiagnostic(details, () => "x", { color: true });
    expect(plain).not.toContain("\u001b");
    expect(colored).toContain("\u001b[1;31m");
    // eslint-disable-next-line no-control-regex
    expect(colored.replace(/\u001b\[[0-9;]*m/g, "")).toBe(plain);
  });

  it("draws any text and any span, within the width, with as many carets as the span is wide", () => {
    const texts = fc.string({ unit: fc.constantFrom("a", " ", "\t", "\n", "\r", "日", "e\u0301", "👩", "\u0000") });
    fc.assert(
      fc.property(texts, fc.nat(60), fc.nat(60), (text, start, length) => {
        const frame = draw(text, { span: { file: "a.bcos", start, end: start + length } }, 50);
        expect(frame.split("\n").length).toBeLessThan(20);
        expect(frame).toContain("^");
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 100 }),
        fc.nat(),
        fc.nat(),
        (text, a, b) => {
          const [start, end] = [a % text.length, b % text.length].sort((x, y) => x - y) as [number, number];
          const frame = draw(text, { span: { file: "a.bcos", start, end } }, 150);
          const [line, carets] = frame.split("\n").slice(3, 5) as [string, string];
          const from = carets.indexOf("^");
          expect(carets.trimEnd().length - from).toBe(Math.max(1, end - start));
          expect(line.slice(from, from + end - start)).toBe(text.slice(start, end).slice(0, line.length - from));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("answers quickly on a line of a million characters", () => {
    const text = "x".repeat(1_000_000);
    const before = performance.now();
    const frame = draw(text, { span: { file: "a.bcos", start: 500_000, end: 500_004 } });
    expect(performance.now() - before).toBeLessThan(5000);
    expect(frame).toContain("^^^^\n");
    expect(Math.max(...frame.split("\n").map((l) => l.length))).toBeLessThanOrEqual(120);
  });
});

it("puts an empty line between diagnostics", () => {
  expect(renderDiagnostics([base, base], () => undefined, { color: false })).toContain("\n\nerror[");
});

it("counts errors and warnings", () => {
  const warning = { ...base, severity: "warning" as const };
  expect(renderSummary([base, base, warning, { ...base, severity: "info" }], { color: false })).toBe(
    "2 errors, 1 warning",
  );
  expect(renderSummary([], { color: false })).toBe("");
});
