import { describe, expect, test } from "vitest";
import { documentSymbols, type DocumentSymbol } from "../../src/language/document-symbols.ts";
import { fuzzyScore } from "../../src/language/fuzzy.ts";
import { workspaceSymbols } from "../../src/language/workspace-symbols.ts";
import { workspaceOf } from "./fixture.ts";

/** One line a symbol, indented. */
function lines(symbols: readonly DocumentSymbol[], indent = ""): string[] {
  return symbols.flatMap(({ kind, name, detail, children }) => [
    `${indent}${kind} ${name} ${detail}`.trimEnd(),
    ...lines(children, `${indent}  `),
  ]);
}

function outlineOf(text: string): string[] {
  const symbols = documentSymbols(workspaceOf({ "main.bcos": text }), "main.bcos");
  const check = ({ span, selection, name, children }: DocumentSymbol): void => {
    expect(text.slice(selection.start, selection.end)).toBe(name);
    expect(span.start).toBeLessThanOrEqual(selection.start);
    expect(span.end).toBeGreaterThanOrEqual(selection.end);
    for (const child of children) {
      expect(child.span.start).toBeGreaterThanOrEqual(span.start);
      expect(child.span.end).toBeLessThanOrEqual(span.end);
      check(child);
    }
  };
  symbols.forEach(check);
  return lines(symbols);
}

describe("document symbols", () => {
  test("nest ports, bindings with their shapes and labelled steps in models and blocks", () => {
    const text = `
/// A net.
model Net(classes: int = 10, kind: enum(a, b) = a) {
  bcos { relu: keep }
  input  image: [8, 8, 3]
  output logits: [classes]

  stem   = image -> conv1: conv(4, kernel: 3,
    stride: 2) -> norm -> if classes > 3 { extra: relu } else { relu }
  body   = stem -> rows: repeat 2 { inner.0: conv(4, kernel: 1) } -> repeat 2 { l{index}: norm }
  logits = stem + body -> global_avg_pool -> fc: linear(classes)
}
block Twice {
  input x: [C]
  output y: [C]
  y = concat(x -> a: relu, (x -> b: relu) * x)
}
`;
    expect(outlineOf(text)).toEqual([
      "model Net (classes: int = 10, kind: enum(a, b) = a)",
      "  parameter classes int = 10",
      "  parameter kind enum(a, b) = a",
      "  input image [8, 8, 3]",
      "  output logits [classes]",
      "  binding stem [4, 4, 4]",
      "    step conv1 conv(4, kernel: 3, stride: 2)",
      "    step extra relu",
      "  binding body [4, 4, 4]",
      "    step rows repeat 2 { inner.0: conv(4, kernel: 1) }",
      "      step inner.0 conv(4, kernel: 1)",
      "    step l{index} norm",
      "  binding logits [10]",
      "    step fc linear(classes)",
      "block Twice",
      "  input x [C]",
      "  output y [C]",
      "  binding y",
      "    step a relu",
      "    step b relu",
    ]);
  });

  test("stay in damaged files, and long details are cut", () => {
    expect(outlineOf("model M(a: int {\n y = = x\n z = y -> l: conv(3,")).toEqual([
      "model M (a: int)",
      "  parameter a int",
      "  binding y",
      "  binding z",
      "    step l conv(3",
    ]);
    const long = `model M {\n y = x -> l: linear(${"1 + ".repeat(50)}1)\n}`;
    expect(outlineOf(long)[2]).toBe(`    step l linear(${"1 + ".repeat(13)}…`);
    expect(outlineOf("")).toEqual([]);
    expect(outlineOf("model {\n y = x\n}")).toEqual([]);
  });
});

describe("workspace symbols", () => {
  const workspace = workspaceOf({
    "a.bcos": "block BasicBlock(width: int) {\n main = x -> conv1: conv(3, kernel: 1)\n}\nblock Bottleneck {\n}",
    "b/m.bcos":
      'import { BasicBlock } from "../a.bcos"\nmodel MainNet {\n bb = x -> rows: repeat 2 { in: BasicBlock(3) }\n}',
    "broken.bcos": "model Broken {\n y = = -> (\n",
  });
  const found = (query: string): string[] =>
    workspaceSymbols(workspace, query).map(({ kind, name, container }) => `${kind} ${name} ${container}`.trimEnd());

  test("by an empty query all models and blocks", () => {
    expect(found("")).toEqual(["block BasicBlock", "block Bottleneck", "model MainNet", "model Broken"]);
  });

  test("by letters in order, the likely first", () => {
    expect(found("bb")).toEqual(["binding bb MainNet", "block BasicBlock"]);
    expect(found("main")).toEqual(["binding main BasicBlock", "model MainNet"]);
    expect(found("mai")).toEqual(["model MainNet", "binding main BasicBlock"]);
    expect(found("conv")).toEqual(["step conv1 BasicBlock.main"]);
    expect(found("in")[0]).toBe("step in MainNet.bb.rows");
    expect(found("xyz")).toEqual([]);
  });

  test("point at the names", () => {
    const [first] = workspaceSymbols(workspace, "MainNet");
    expect(first?.span).toEqual({ file: "b/m.bcos", start: 45, end: 52 });
  });
});

describe("fuzzy scores", () => {
  const order = (query: string, names: string[]): string[] =>
    names
      .flatMap((name) => {
        const score = fuzzyScore(query, name);
        return score === undefined ? [] : [{ name, score }];
      })
      .sort((a, b) => b.score - a.score)
      .map(({ name }) => name);

  test("prefer whole names, starts, starts of words and letters side by side", () => {
    expect(order("conv", ["depthwise_conv", "conv", "conv1", "c_o_n_v", "cnov"])).toEqual([
      "conv",
      "conv1",
      "depthwise_conv",
      "c_o_n_v",
    ]);
    expect(order("mp", ["sample", "max_pool", "map"])).toEqual(["max_pool", "map", "sample"]);
    expect(order("BB", ["bubble", "BasicBlock"])).toEqual(["BasicBlock", "bubble"]);
  });

  test("take any text", () => {
    expect(fuzzyScore("", "a")).toBe(0);
    expect(fuzzyScore("a", "")).toBeUndefined();
    expect(fuzzyScore("a".repeat(5000), "a".repeat(5000))).toBeGreaterThan(0);
  });
});
