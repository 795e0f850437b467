/** Folding and selection ranges. */
import { describe, expect, test } from "vitest";
import { foldingRanges } from "../../src/language/folding.ts";
import { selectionRange } from "../../src/language/selection-ranges.ts";
import { residual, resnet34 } from "../check/helper.ts";
import { fixture } from "./fixture.ts";

/** `region 3-5` with lines from 1. */
function folded(text: string): string[] {
  const { workspace } = fixture(text);
  const lines = workspace.lines("main.bcos")!;
  return foldingRanges(workspace, "main.bcos").map(
    ({ span, kind }) => `${kind} ${lines.positionAt(span.start).line}-${lines.positionAt(span.end).line}`,
  );
}

describe("folding", () => {
  test("of a body leaves the closing brace in view", () => {
    expect(folded("model M {\n  input x: [1]\n  output y: [1]\n  y = x\n}\n")).toEqual(["region 1-4"]);
    expect(folded("model M {\n  input x: [1]\n  output y: [1]\n  y = x }\n")).toEqual(["region 1-4"]);
  });

  test("of rows over several lines", () => {
    expect(folded(residual.trimStart())).toEqual(["region 2-9", "region 6-7"]);
  });

  test("of settings, comments and imports", () => {
    const text = [
      "// one",
      "// two",
      "",
      "// alone",
      'import { A } from "./a.bcos"',
      'import { B } from "./b.bcos" // behind',
      "// three",
      "  // four",
      "bcos {",
      "  preset: v2",
      "  b: 2",
      "}",
    ].join("\n");
    expect(folded(text)).toEqual(["comment 1-2", "imports 5-6", "comment 7-8", "region 9-11"]);
  });

  test("of one line there is none", () => {
    expect(folded("bcos { preset: v2 }\nblock B { }\n// one\n")).toEqual([]);
    expect(folded("")).toEqual([]);
  });

  test("with other line breaks is the same", () => {
    expect(folded(residual.replaceAll("\n", "\r\n"))).toEqual(folded(residual));
  });

  test("of a body that is not closed", () => {
    expect(folded("model M {\n  input x: [1]\n  output y: [1]\n  y = x -> norm\n           -> relu\n")).toEqual([
      "region 1-5",
      "region 4-5",
    ]);
  });
});

/** The texts around the cursor, the innermost first, on one line each. */
function selected(marked: string): string[] {
  const { workspace, offset, texts } = fixture(marked);
  return selectionRange(workspace, "main.bcos", offset).map(({ start, end }) =>
    texts["main.bcos"]!.slice(start, end).replace(/\s+/g, " "),
  );
}

describe("selection", () => {
  test("grows from a number to the file", () => {
    const row = "stem = image -> conv1: conv(64, kernel: 7, stride: 2) -> bn1: norm";
    const text = `model M {\n  input image: [8, 8, 3]\n  ${row.replace("7", "┆7")}\n}\n`;
    expect(selected(text)).toEqual([
      "7",
      "kernel: 7",
      "conv1: conv(64, kernel: 7, stride: 2)",
      row.replace("stem = ", ""),
      row,
      `model M { input image: [8, 8, 3] ${row} }`,
      `model M { input image: [8, 8, 3] ${row} } `,
    ]);
  });

  test("begins with a comment", () => {
    expect(selected("// on┆e\nblock B {\n}")).toEqual(["// one", "// one block B { }"]);
  });

  test("each is larger than the one before and around it", () => {
    const { workspace, texts } = fixture(resnet34);
    for (let offset = 0; offset <= texts["main.bcos"]!.length; offset++) {
      const spans = selectionRange(workspace, "main.bcos", offset);
      expect(spans.at(-1)).toEqual({ file: "main.bcos", start: 0, end: resnet34.length });
      for (const [i, span] of spans.slice(1).entries()) {
        expect(span.start).toBeLessThanOrEqual(spans[i]!.start);
        expect(span.end).toBeGreaterThanOrEqual(spans[i]!.end);
        expect(span.end - span.start).toBeGreaterThan(spans[i]!.end - spans[i]!.start);
      }
    }
  });
});
