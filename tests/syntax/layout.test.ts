/** Where statements end, and what the expressions and flows in them mean. */
import { describe, expect, it } from "vitest";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import { bindingsOf, brief } from "./helpers.ts";

describe("line breaks", () => {
  it.each([
    ["a line that starts with an arrow goes on", "a = x\n  -> relu\n  -> norm", { a: "(x -> relu[] -> norm[])" }],
    ["a line that starts with an operator goes on", "a = x\n  + y\n  * z", { a: "(+ x (* y z))" }],
    ["a line goes on after an arrow", "a = x ->\n  relu", { a: "(x -> relu[])" }],
    ["a line goes on after an operator", "a = x +\n  y", { a: "(+ x y)" }],
    ["a line goes on after `=`", "a =\n  x", { a: "x" }],
    ["a line goes on in round brackets", "a = x -> conv(\n 64,\n stride: 2\n)", { a: "(x -> conv[64 stride:2])" }],
    ["a line goes on in square brackets", "a = x : [\n 1,\n 2\n]", { a: "(x -> :[1 2])" }],
    ["a line goes on in the braces of a flow", "a = x -> repeat 2 {\n relu\n}", { a: "(x -> (repeat 2 [relu[]]))" }],
    ["`else` goes on", "a = if c {\n x\n}\nelse {\n y\n}", { a: "(if c x y)" }],
    [
      "a line goes on after `else`",
      "a = if c {\n x\n} else\nif d {\n y\n} else\n{\n z\n}",
      { a: "(if c x (if d y z))" },
    ],
    ["a shape may stand on its own line", "a = x\n : [1]", { a: "(x -> :[1])" }],
    ["an empty line changes nothing", "a = x\n\n  -> relu\n\n\nb = a", { a: "(x -> relu[])", b: "a" }],
    ["comments change nothing", "a = x // one\n  // two\n  -> relu // three", { a: "(x -> relu[])" }],
    ["a name and `=` start a statement", "a = x\nb = y", { a: "x", b: "y" }],
    ["`==` does not", "a = x -> c(\n1\n== 2\n)", { a: "(x -> c[(== 1 2)])" }],
  ])("%s", (_, body, expected) => {
    expect(bindingsOf(body)).toEqual(expected);
  });

  it.each([
    [
      "a = x\nrelu",
      ["3: syntax/unexpected: unexpected name `relu`, expected a statement, such as `name = source -> step`"],
    ],
    ["a = x b = y", ["2: syntax/missing-line-break: a line break is missing before the name `b`"]],
    ["a = x -> conv(64\nb = x", ["2: syntax/unclosed: `(` is not closed"]],
    ["a = x -> repeat 2 { conv(64)\nb = x", ["2: syntax/unclosed: `{` is not closed"]],
    ["a = x : [1, 2\nb = x", ["2: syntax/unclosed: `[` is not closed"]],
    ["  a = x -> repeat 2 { relu", ["2: syntax/unclosed: `{` is not closed"]],
    ["  a = x }\n  b = x", ["2: syntax/unopened: `}` closes nothing"]],
  ])("reports %j", (body, expected) => {
    expect(bindingsOf(body)).toEqual(expected);
  });

  it("takes any line break, a byte order mark and tabs", () => {
    for (const lineBreak of ["\n", "\r\n", "\r"]) {
      const text = `\uFEFFmodel M {\n\tinput x: [3] // é 💡\n\ty = x\n}`.replaceAll("\n", lineBreak);
      const { file, diagnostics } = parseFile("m.bcos", text);
      expect(diagnostics).toEqual([]);
      expect(file.declarations[0]!.bindings).toHaveLength(1);
    }
  });

  it("takes bodies and settings on one line, and settings on many", () => {
    for (const text of [
      "bcos { preset: v2, b: 2 }",
      "bcos {\n preset: v2\n b: 2\n}",
      "bcos {\n preset: v2,\n b: 2 }",
      "block B { bcos { b: 2 } }",
      "block B\n{\n}",
      "block B(\n a: int = 1,\n b: bool = not true\n) { y = x }",
    ]) {
      expect(brief(text, parseFile("m.bcos", text).diagnostics), text).toEqual([]);
    }
  });
});

describe("meaning", () => {
  it.each([
    ["a = x + y * z -> relu", { a: "((+ x (* y z)) -> relu[])" }],
    ["a = (x -> relu) + y", { a: "(+ (x -> relu[]) y)" }],
    ["a = x : [3] -> relu", { a: "(x -> :[3] -> relu[])" }],
    ["a = x -> norm : [3]", { a: "(x -> norm[] -> :[3])" }],
    ["a = x -> bn1: norm : [3]", { a: "(x -> bn1=norm[] -> :[3])" }],
    ["a = x -> downsample.0: conv(8, padding: [1, 2])", { a: "(x -> downsample.0=conv[8 padding:[1 2]])" }],
    [
      "a = x -> l: repeat n / 2 { conv(8 * index) -> relu : [1] }",
      { a: "(x -> l=(repeat (/ n 2) [conv[(* 8 index)] relu[] :[1]]))" },
    ],
    ["a = concat(x, y -> relu, z + w)", { a: "concat[x (y -> relu[]) (+ z w)]" }],
    ["a = if c { x } else { y -> relu } -> norm", { a: "((if c x (y -> relu[])) -> norm[])" }],
    ["a = if c { x } else if d { y } else { z } -> norm", { a: "((if c x (if d y z)) -> norm[])" }],
    ["a = x -> if c { relu } else if d { norm }", { a: "(x -> (if c [relu[]] [(if d [norm[]] [])]))" }],
    ["a = x -> if c { relu } else if d { norm } else { p }", { a: "(x -> (if c [relu[]] [(if d [norm[]] [p[]])]))" }],
    ["a = x -> if c { relu -> norm }", { a: "(x -> (if c [relu[] norm[]] []))" }],
    ["a = x -> if c { relu } else { norm }", { a: "(x -> (if c [relu[]] [norm[]]))" }],
    ["a = x -> f(a or b and not c == 1 + 2 * -3)", { a: "(x -> f[(or a (and b (not (== c (+ 1 (* 2 (- 3)))))))])" }],
    ["a = x -> f(1 - 2 - 3, 8 / 4 / 2, (1 - 2) % 3)", { a: "(x -> f[(- (- 1 2) 3) (/ (/ 8 4) 2) (% (- 1 2) 3)])" }],
    ["a = x -> f(1e-5, 0.1, 2.5E+3, 12, true, false)", { a: "(x -> f[0.00001 0.1 2500 12 true false])" }],
    ["a = x -> f(max(a, min(b, 2)), [], [[1], [2]])", { a: "(x -> f[max[a min[b 2]] [] [[1] [2]]])" }],
  ])("%s", (body, expected) => {
    expect(bindingsOf(body)).toEqual(expected);
  });

  it("reads parameters", () => {
    const text = "block B(width: int, rate: float = 0.1, on: bool = true, kind: enum(batch, layer) = batch) {\n}";
    const { file, diagnostics } = parseFile("b.bcos", text);
    expect(diagnostics).toEqual([]);
    const { parameters } = file.declarations[0]!;
    expect(parameters.map((p) => [p.name.text, p.type.kind, p.default?.kind])).toEqual([
      ["width", "int", undefined],
      ["rate", "float", "float"],
      ["on", "bool", "bool"],
      ["kind", "enum", "name"],
    ]);
    const kind = parameters[3]!.type;
    expect(kind.kind === "enum" && kind.values.map((value) => value.text)).toEqual(["batch", "layer"]);
  });
});

describe("comments", () => {
  it("attaches documentation to what follows, and keeps every comment", () => {
    const text = `/// the file
/// in two lines
import { A } from "./a.bcos"
// plain
bcos { b: 2 }

model M {
  /// the image
  input x: [3] /// not a documentation
  //// nor this
  output y: [3]

  /// an older one
  // between

  /// first line
  ///   second line
  y = x
}

/// of B
block B {
}
/// of nothing
`;
    const { file, diagnostics } = parseFile("m.bcos", text);
    expect(diagnostics).toEqual([]);
    const [m, b] = file.declarations;
    expect(m!.doc).toBe("the file\nin two lines");
    expect(m!.inputs[0]!.doc).toBe("the image");
    expect(m!.outputs[0]!.doc).toBe("");
    expect(m!.bindings[0]!.doc).toBe("first line\n  second line");
    expect(b!.doc).toBe("of B");
    expect(file.comments).toHaveLength(12);
    for (const { text: comment, span } of file.comments) expect(text.slice(span.start, span.end)).toBe(comment);
  });
});
