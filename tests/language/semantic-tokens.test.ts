/** Semantic tokens: every name by what it is, written behind it in brackets. */
import { describe, expect, test } from "vitest";
import {
  semanticTokenModifiers,
  semanticTokens,
  semanticTokenTypes,
  type SemanticToken,
} from "../../src/language/semantic-tokens.ts";
import { resnet34Files, withHead } from "../check/helper.ts";
import { fixture, type Files } from "./fixture.ts";

function tokensOf(files: string | Files, path = "main.bcos"): { text: string; tokens: readonly SemanticToken[] } {
  const { workspace, texts } = fixture(files);
  return { text: texts[path]!, tokens: semanticTokens(workspace, path) };
}

/** `conv1:label conv:function.defaultLibrary` of the line that has the word. */
function line(files: string | Files, word: string, path?: string): string {
  const { text, tokens } = tokensOf(files, path);
  const start = text.indexOf(word);
  const end = text.indexOf("\n", start);
  return tokens
    .filter(({ span }) => span.start >= start && span.end <= end)
    .map(({ span, type, modifiers }) => [`${text.slice(span.start, span.end)}:${type}`, ...modifiers].join("."))
    .join(" ");
}

describe("names", () => {
  test("of layers, blocks, labels, bindings and arguments", () => {
    expect(line(resnet34Files, "stem   =")).toBe(
      "stem:variable.declaration.readonly =:operator image:variable.readonly ->:operator conv1:label " +
        "conv:function.defaultLibrary 64:number kernel:parameter 7:number stride:parameter 2:number ->:operator " +
        "bn1:label norm:function.defaultLibrary ->:operator relu:function.defaultLibrary ->:operator " +
        "max_pool:function.defaultLibrary 3:number stride:parameter 2:number 56:number 56:number 64:number",
    );
    expect(line(resnet34Files, "layer1 =")).toBe(
      "layer1:variable.declaration.readonly =:operator stem:variable.readonly ->:operator repeat:keyword 3:number " +
        "BasicBlock:struct 64:number",
    );
  });

  test("of models, blocks, parameters and dimensions where they are declared", () => {
    expect(line(resnet34Files, "model")).toBe(
      "model:keyword ResNet34:class.declaration classes:parameter.declaration int:type.defaultLibrary =:operator 1000:number",
    );
    expect(line(resnet34Files, "block", "blocks/residual.bcos")).toMatch(
      /^block:keyword BasicBlock:struct\.declaration /,
    );
    expect(line(resnet34Files, "input ", "blocks/residual.bcos")).toBe(
      "input:keyword x:variable.declaration.readonly H:typeParameter.declaration W:typeParameter.declaration C:typeParameter.declaration",
    );
    expect(line(resnet34Files, "output", "blocks/residual.bcos")).toBe(
      "output:keyword y:variable.readonly H:typeParameter /:operator stride:parameter W:typeParameter /:operator stride:parameter width:parameter",
    );
  });

  test("of imports, settings and their values", () => {
    expect(line(resnet34Files, "import")).toBe(
      'import:keyword BasicBlock:struct from:keyword "./blocks/residual.bcos":string',
    );
    expect(line(withHead("", "bcos { preset: v1, scale: constant(2), encode: none }"), "bcos")).toBe(
      "bcos:keyword preset:property.defaultLibrary v1:enumMember.defaultLibrary scale:property.defaultLibrary " +
        "constant:enumMember.defaultLibrary 2:number encode:property.defaultLibrary none:enumMember.defaultLibrary",
    );
  });

  test("of values of an enum, and of a parameter that hides one", () => {
    const block =
      "block B(kind: enum(batch, layer) = batch, same: int = 1) {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> if kind == layer { norm(layer) } else { max_pool(3, stride: 1, padding: same) }\n}\n";
    expect(line(block, "block")).toContain(
      "kind:parameter.declaration enum:type.defaultLibrary batch:enumMember.declaration layer:enumMember.declaration =:operator batch:enumMember ",
    );
    expect(line(block, "y = x")).toContain(
      "if:keyword kind:parameter ==:operator layer:enumMember norm:function.defaultLibrary layer:enumMember.defaultLibrary",
    );
    expect(line(block, "y = x")).toMatch(/padding:parameter same:parameter$/);
  });

  test("of functions and of the number of an instance", () => {
    expect(
      line(withHead("  a = image -> repeat 2 { l{index + 1}.conv: conv(max(index, 3), kernel: 3) }"), "a = "),
    ).toContain(
      "l{index + 1}.conv:label conv:function.defaultLibrary max:macro.defaultLibrary index:variable.readonly.defaultLibrary 3:number",
    );
  });

  test("that mean nothing have no token", () => {
    expect(line(withHead("  a = image -> covn(nothing, kernel: 3) -> norm"), "a = ")).toBe(
      "a:variable.declaration.readonly =:operator image:variable.readonly ->:operator 3:number ->:operator norm:function.defaultLibrary",
    );
  });
});

test("comments, those that document apart", () => {
  const { tokens } = tokensOf("// one\n/// two\nblock B {\n  // three\n}\n//// four\n");
  const comments = tokens.filter(({ type }) => type === "comment").map(({ modifiers }) => modifiers.join());
  expect(comments).toEqual(["", "documentation", "", ""]);
});

test("lines with a typing fault keep the meaning of their names", () => {
  const text = withHead("  b = image -> conv(8, kernel: 3)\n  a = b -> -> conv(8, kernel 3) norm");
  expect(line(text, "a = ")).toContain("b:variable.readonly");
  expect(line(text, "a = ")).toContain("conv:function.defaultLibrary");
});

test("tokens are in order, in one line each, do not overlap, and use the legend alone", () => {
  const text = `${withHead("  a = image -> conv(8, kernel: 3) /* open")} "text without end\n/* two\nlines */ § 1.2.3 → !`;
  const { tokens } = tokensOf(text);
  let last = 0;
  for (const { span, type, modifiers } of tokens) {
    expect(span.start).toBeGreaterThanOrEqual(last);
    expect(span.end).toBeGreaterThan(span.start);
    expect(text.slice(span.start, span.end)).not.toMatch(/[\r\n]/);
    expect(semanticTokenTypes).toContain(type);
    for (const modifier of modifiers) expect(semanticTokenModifiers).toContain(modifier);
    last = span.end;
  }
  expect(last).toBeLessThanOrEqual(text.length);
});

test("a range has the tokens in it, also those that begin before it", () => {
  const { workspace, texts } = fixture(resnet34Files);
  const all = semanticTokens(workspace, "main.bcos");
  const { length } = texts["main.bcos"]!;
  for (let start = 0; start < length; start += 53) {
    for (const end of [start, start + 1, start + 120]) {
      const inside = all.filter(({ span }) => span.end > start && span.start < end);
      expect(semanticTokens(workspace, "main.bcos", { start, end })).toEqual(inside);
    }
  }
});

test("a file that is not there, or is too large to have a tree, has none", () => {
  const { workspace } = fixture({ "main.bcos": `// ${"x".repeat(300_000)}` });
  expect(semanticTokens(workspace, "none.bcos")).toEqual([]);
  expect(semanticTokens(workspace, "main.bcos")).toEqual([]);
});
