import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { completion, type CompletionItem } from "../../src/language/completion/completion.ts";
import { settingTable } from "../../src/compiler/network/setting-table.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import { occurrencesIn } from "../../src/language/names/occurrences.ts";
import { edited, fixture, workspaceOf, type Files } from "./fixture.ts";

function itemsAt(marked: string | Files): readonly CompletionItem[] {
  const { workspace, path, offset } = fixture(marked);
  const found = completion(workspace, path, offset);
  if (found === undefined) return [];
  expect(found.span.start).toBeLessThanOrEqual(offset);
  expect(found.span.end).toBeGreaterThanOrEqual(offset);
  expect([...found.items].map(({ sort }) => sort).sort()).toEqual(found.items.map(({ sort }) => sort));
  return found.items;
}

const labels = (marked: string | Files): string[] => itemsAt(marked).map(({ label }) => label);

function item(marked: string | Files, label: string): CompletionItem {
  const found = itemsAt(marked).find((one) => one.label === label);
  if (found === undefined) throw new Error(`no ${label} among ${labels(marked).join(", ")}`);
  return found;
}

/** The file with the cursor after the item was taken, without its places to fill in. */
function accepted(marked: string | Files, label: string): string {
  const { workspace, texts, path, offset } = fixture(marked);
  const { insert, edits } = item(marked, label);
  const { span } = completion(workspace, path, offset)!;
  for (const edit of edits) {
    expect(edit.span.end < span.start || edit.span.start > span.end).toBe(true);
  }
  return edited(texts, [...edits, { span, text: insert }])[path]!;
}

const inModel = (rows: string, rest = ""): string =>
  `${rest}model M(classes: int = 10, deep: bool = true) {\n  input image: [8, 8, 3]\n  output logits: [classes]\n${rows}\n}\n`;

const residual = {
  "blocks/residual.bcos":
    "/// Two layers and a skip.\nblock BasicBlock(width: int, stride: int = 1) {\n input x: [C]\n}\nblock Bottleneck {\n}\nmodel Other {\n}\n",
};

describe("steps", () => {
  test("are layers, blocks of the file, repeat and if", () => {
    const found = labels(inModel("  y = image -> ┆", "block Mine {\n}\n"));
    expect(found).toEqual(expect.arrayContaining(["conv", "norm", "relu", "max_pool", "Mine", "repeat", "if"]));
    expect(found).not.toContain("add");
    expect(found).not.toContain("concat");
    expect(found).not.toContain("image");
    expect(found).not.toContain("M");
    const all = Object.values(layerTable).filter(({ inputs }) => inputs === "one");
    expect(found).toEqual(expect.arrayContaining(all.map(({ name }) => name)));
  });

  test("the likely come first", () => {
    const first = (row: string): string | undefined => labels(inModel(`  y = image -> ${row}`))[0];
    expect(first("┆")).toBe("conv");
    expect(first("conv(3, kernel: 3) -> ┆")).toBe("norm");
    expect(first("conv1: conv(3, kernel: 3) -> bn1: ┆")).toBe("norm");
    expect(first("conv(3, kernel: 3) -> norm -> ┆")).toBe("relu");
    expect(first("norm -> relu -> ┆")).toBe("conv");
  });

  test("those that do not take so many axes come last", () => {
    const order = (rows: string, rest?: string): string[] => labels(inModel(rows, rest));
    const isVector = (found: string[]): void => {
      expect(found[0]).toBe("linear");
      expect(found.indexOf("dropout")).toBeLessThan(found.indexOf("conv"));
      expect(found.indexOf("repeat")).toBeLessThan(found.indexOf("max_pool"));
    };
    isVector(order("  y = image -> relu -> global_avg_pool -> ┆"));
    isVector(order("  a = image -> conv(3, kernel: 1) -> repeat 2 { relu } -> flatten\n  b = a + a\n  y = b -> ┆"));
    isVector(order("  a = image -> global_avg_pool\n  y = if deep { a } else { a -> relu -> ┆"));
    isVector(order("  y = image -> global_avg_pool -> repeat 2 { ┆ }"));
    isVector(order("  a = image : [classes]\n  y = concat(a, a) -> dropout(0.1) -> ┆"));
    isVector(order("  y = image -> V -> ┆", "block V {\n input x: [H, W, C]\n output y: [C]\n}\n"));
    const tokens = order("  y = image -> tokens -> ┆");
    expect(tokens.indexOf("attention")).toBeLessThan(tokens.indexOf("conv"));
    const blocks = order("  y = image -> ┆", "block V {\n input x: [C]\n}\nblock I {\n input x: [H, W, C]\n}\n");
    expect(blocks.indexOf("I")).toBeLessThan(blocks.indexOf("V"));
    expect(order("  a = b -> relu\n  b = a -> relu\n  y = a -> ┆")[0]).toBe("conv");
  });

  test("insert required arguments as places to fill in", () => {
    const row = "  y = image -> ┆";
    expect(item(inModel(row), "conv")).toMatchObject({
      kind: "layer",
      insert: "conv",
      snippet: "conv(${1:width}, kernel: ${2:kernel})",
      detail: expect.stringMatching(/^conv\(width: int, kernel: int \| \[int, int\], stride: /),
      documentation: expect.stringContaining("Convolution"),
      edits: [],
    });
    expect(item(inModel(row), "norm").snippet).toBeUndefined();
    expect(item(inModel(row, "/// Mine.\nblock Mine(a: int, b: bool, c: int = 1) {\n}\n"), "Mine")).toMatchObject({
      kind: "block",
      snippet: "Mine(${1:a}, b: ${2:b})",
      detail: "Mine(a: int, b: bool, c: int = 1)",
      documentation: "Mine.",
    });
  });

  test("replace the word at the cursor, and keep arguments that are there", () => {
    expect(accepted(inModel("  y = image -> co┆nv1(3)"), "linear")).toContain("  y = image -> linear(3)\n");
    expect(item(inModel("  y = image -> co┆(3, kernel: 1)"), "conv").snippet).toBeUndefined();
    expect(accepted(inModel("  y = image -> conv1: co┆ -> relu"), "conv")).toContain("-> conv1: conv -> relu");
  });

  test("inside repeat, if and brackets, over lines, and in unfinished text", () => {
    for (const row of [
      "  y = image -> repeat 2 { ┆ }",
      "  y = image -> repeat 2 { relu -> ┆",
      "  y = image -> if deep { ┆ } else { relu }",
      "  y = image -> if deep { relu } else { ┆",
      "  y = if deep { image -> ┆ } else { image }",
      "  y = image + (image -> ┆",
      "  y = concat(image, image -> ┆)",
      "  y = image\n    -> relu\n    -> ┆",
      "  y = image -> conv(3, kernel: 1 -> ┆",
      "  y = image -> conv(3 -> n┆",
      "  y = image -> relu : [8, 8, 3] -> ┆",
      "  y = ( = image -> ┆\n  z = y",
      "  image -> ┆",
    ]) {
      expect(labels(inModel(row)), row).toContain("relu");
      expect(labels(inModel(row)), row).not.toContain("classes");
    }
    expect(labels("model M {\n input image: [8]\n y = image -> ┆")).toContain("relu");
  });

  test("none behind a step", () => {
    expect(labels(inModel("  y = image -> relu ┆"))).toEqual([]);
    expect(labels(inModel("  y = image -> conv(3)┆"))).toEqual([]);
  });
});

describe("blocks of other files", () => {
  const row = inModel("  y = image -> Basic┆");

  test("come with their import", () => {
    const files = { "main.bcos": row, ...residual };
    expect(item(files, "BasicBlock")).toMatchObject({
      kind: "block",
      detail: "from ./blocks/residual.bcos",
      documentation: "`BasicBlock(width: int, stride: int = 1)`\n\nTwo layers and a skip.",
      snippet: "BasicBlock(${1:width})",
    });
    expect(accepted(files, "BasicBlock")).toBe(
      `import { BasicBlock } from "./blocks/residual.bcos"\n\n${row.replace("Basic┆", "BasicBlock")}`,
    );
    expect(labels(files)).not.toContain("Other");
  });

  test("go into an import of their file, or behind the last import", () => {
    const same = `import { Bottleneck } from "./blocks/residual.bcos"\n${row}`;
    expect(accepted({ "main.bcos": same, ...residual }, "BasicBlock")).toContain(
      'import { Bottleneck, BasicBlock } from "./blocks/residual.bcos"\nmodel',
    );
    const other = `import { A } from "./a.bcos"\n${row}`;
    expect(accepted({ "main.bcos": other, "a.bcos": "block A {\n}", ...residual }, "BasicBlock")).toContain(
      'import { A } from "./a.bcos"\nimport { BasicBlock } from "./blocks/residual.bcos"\nmodel',
    );
  });

  test("go behind the documentation at the top of the file", () => {
    expect(accepted({ "main.bcos": `/// A net.\n\nbcos { preset: v2 }\n${row}`, ...residual }, "BasicBlock")).toContain(
      '/// A net.\n\nimport { BasicBlock } from "./blocks/residual.bcos"\n\nbcos { preset',
    );
  });

  test("end lines as the file does", () => {
    const crlf = row.replaceAll("\n", "\r\n");
    expect(accepted({ "main.bcos": crlf, ...residual }, "BasicBlock")).toContain('residual.bcos"\r\n\r\nmodel');
    const behind = `import { A } from "./a.bcos"\r\n${crlf}`;
    expect(accepted({ "main.bcos": behind, "a.bcos": "block A {\n}", ...residual }, "BasicBlock")).toContain(
      'a.bcos"\r\nimport { BasicBlock }',
    );
  });

  test("use paths upwards", () => {
    const files = { "nets/deep/main.bcos": row, "nets/x.bcos": "block BasicBlock {\n}", ...residual };
    const found = itemsAt(files).filter(({ label }) => label === "BasicBlock");
    expect(found.map(({ detail }) => detail)).toEqual(["from ../../blocks/residual.bcos", "from ../x.bcos"]);
  });

  test("are not offered where the name is taken, or where the import would be a cycle", () => {
    const imported = `import { BasicBlock } from "./blocks/residual.bcos"\n${row}`;
    expect(item({ "main.bcos": imported, ...residual }, "BasicBlock").edits).toEqual([]);
    const own = `${row}block BasicBlock {\n}\n`;
    expect(item({ "main.bcos": own, ...residual }, "BasicBlock").edits).toEqual([]);
    expect(
      labels({
        "main.bcos": "block A {\n y = x -> ┆\n}",
        "b.bcos": 'import { A } from "./main.bcos"\nblock B {\n y = x -> A\n}',
        "c.bcos": 'import { B } from "./b.bcos"\nblock C {\n}',
      }),
    ).not.toEqual(expect.arrayContaining(["C"]));
  });
});

describe("sources", () => {
  test("are what stands before, the latest first", () => {
    const rows = "  stem = image -> relu\n  body = stem -> relu\n  y = ┆\n  late = body";
    expect(labels(inModel(rows))).toEqual(["body", "stem", "image", "concat", "if"]);
    expect(item(inModel(rows), "stem")).toMatchObject({ kind: "binding", detail: "stem = image -> relu" });
    expect(item(inModel(rows), "image")).toMatchObject({ kind: "input", detail: "input image: [8, 8, 3]" });
  });

  test("behind operators, in brackets and in unfinished text", () => {
    for (const row of [
      "  y = image + ┆",
      "  y = image * im┆",
      "  y = concat(┆",
      "  y = concat(image, ┆)",
      "  y = (┆",
      "  y = if deep { ┆ } else { image }",
      "  y = if deep { image } else { ┆",
      "  y = if deep { image } else if deep { ┆",
      "  y =\n    ┆",
    ]) {
      expect(labels(inModel(row)), row).toEqual(["image", "concat", "if"]);
    }
    expect(labels(inModel("  y = if deep { image } else ┆"))).toEqual(["if"]);
    expect(labels(inModel("  y = if deep { image } ┆"))).toEqual(["else"]);
    expect(labels(inModel("  y = if deep { image } else { image } ┆"))).toEqual([]);
    expect(labels(inModel("  y = image -> if deep { relu } ┆"))).toEqual(["else"]);
    expect(labels(inModel("  y = image -> repeat 2 { relu } ┆"))).toEqual([]);
  });

  test("of a declaration that the text at the cursor damages", () => {
    expect(
      labels("block A(w: int) {\n input x: [C]\n a = x -> relu\n b = ┆ ) } {\n c = = a\n}\nblock B {\n q = x\n}"),
    ).toEqual(["a", "x", "concat", "if"]);
  });
});

describe("arguments", () => {
  test("that are not given yet, with type, default and documentation", () => {
    const row = "  y = image -> conv(3, kernel: 3, ┆)";
    const found = labels(inModel(row));
    expect(found).toEqual(["stride", "padding", "dilation", "groups", "b", "maxout", "weights", "bias"]);
    expect(item(inModel(row), "stride")).toMatchObject({
      kind: "argument",
      insert: "stride: ",
      detail: "int | [int, int] = 1",
      documentation: expect.stringMatching(/^Step of the window.*\n\nTakes an int or a list.* Default: `1`\.$/),
      retrigger: true,
    });
    expect(item(inModel("  y = image -> conv(3, ┆)"), "kernel").documentation).toContain("Required.");
  });

  test("also when those that are given stand behind the cursor", () => {
    expect(labels(inModel("  y = image -> conv(3, ┆, kernel: 3, bias: min(b: 1)) -> max_pool(stride: 2)"))).toEqual(
      expect.not.arrayContaining(["kernel", "bias", "width"]),
    );
    expect(labels(inModel("  y = image -> conv(3, ┆) -> max_pool(kernel: 3)"))).toContain("kernel");
  });

  test("required ones come first, and names behind the first", () => {
    expect(labels(inModel("  y = image -> conv(3, ┆"))[0]).toBe("kernel");
    expect(labels(inModel("  y = image -> conv(┆)")).slice(0, 3)).toEqual(["classes", "width", "kernel"]);
  });

  test("of blocks here and in other files", () => {
    const files = {
      "main.bcos": `import { BasicBlock } from "./blocks/residual.bcos"\n${inModel("  y = image -> BasicBlock(3, ┆)")}`,
      ...residual,
    };
    expect(item(files, "stride")).toMatchObject({ detail: "int = 1", documentation: "Parameter of `BasicBlock`." });
    expect(labels(files)).not.toContain("width");
  });

  test("replace only the name where a colon follows", () => {
    expect(accepted(inModel("  y = image -> conv(3, ker┆: 3)"), "kernel")).toContain("conv(3, kernel: 3)");
  });

  test("unknown layers have none, but values", () => {
    expect(labels(inModel("  y = image -> Nothing(┆"))).toEqual(expect.arrayContaining(["classes", "min"]));
  });
});

describe("values", () => {
  test("of enums, paddings and variants", () => {
    expect(labels(inModel("  y = image -> conv(3, kernel: 1, weights: ┆)"))).toEqual([
      "unit",
      "free",
      "classes",
      "deep",
    ]);
    expect(labels(inModel("  y = image -> conv(3, kernel: 1, padding: sa┆)")).slice(0, 3)).toEqual([
      "same",
      "valid",
      "classes",
    ]);
    expect(item(inModel("  y = image -> conv(3, kernel: 1, padding: ┆)"), "same").detail).toBe("default");
    expect(item(inModel("  y = image -> norm(┆)"), "group")).toMatchObject({
      snippet: "group(${1:int})",
      detail: "group(int)",
    });
    const block = "block B(kind: enum(batch, layer), n: int) {\n}\n";
    expect(labels(inModel("  y = image -> B(┆", block)).slice(0, 2)).toEqual(["batch", "layer"]);
    expect(labels(inModel("  y = image -> B(n: 1, kind: ┆", block)).slice(0, 2)).toEqual(["batch", "layer"]);
  });

  test("true and false", () => {
    expect(labels(inModel("  y = image -> linear(3, bias: ┆)")).slice(0, 3)).toEqual(["true", "false", "deep"]);
  });

  test("numbers: parameters, dimensions, index and functions", () => {
    expect(labels(inModel("  y = image -> linear(3, b: ┆)"))).toEqual([
      "classes",
      "min",
      "max",
      "ceil",
      "floor",
      "sqrt",
      "ln",
      "deep",
    ]);
    expect(labels(inModel("  y = image -> repeat ┆")).slice(0, 2)).toEqual(["classes", "min"]);
    expect(labels(inModel("  y = image -> repeat 2 { linear(1, b: ┆) }"))).toContain("index");
    expect(labels(inModel("  y = image -> repeat 2 { layer{┆ }"))).toEqual(["index"]);
    expect(labels(inModel("  y = image -> repeat 2 { layer.x_{in┆dex + 1}: relu }"))).toEqual(["index"]);
    expect(labels(inModel("  y = image -> layer{┆"))).toEqual([]);
    expect(labels(inModel("  y = image -> repeat 2 { relu } -> linear(1, b: ┆)"))).not.toContain("index");
    const block = "block B(width: int) {\n input x: [H, W, C]\n output y: [ceil(┆";
    expect(labels(block).slice(0, 4)).toEqual(["width", "H", "W", "C"]);
  });

  test("in conditions and behind operators", () => {
    expect(labels(inModel("  y = if ┆"))).toEqual(expect.arrayContaining(["classes", "deep", "not"]));
    expect(labels(inModel("  y = if classes > ┆"))[0]).toBe("classes");
    expect(labels(inModel("  y = if deep and ┆"))).toEqual(expect.arrayContaining(["classes", "deep", "not"]));
    expect(labels(inModel("  y = if deep == ┆")).slice(0, 3)).toEqual(["true", "false", "deep"]);
    const block = "block B(kind: enum(batch, layer)) {\n input x: [C]\n y = if kind == ┆";
    expect(labels(block).slice(0, 2)).toEqual(["batch", "layer"]);
    expect(labels(inModel("  y = if classes ┆ > 3 { image } else { image }"))).toEqual([]);
    expect(labels(inModel("  y = image -> linear(2 * ┆)"))[0]).toBe("classes");
  });

  test("in shapes: dimensions and parameters, in a block's input new ones too", () => {
    expect(labels(inModel("  y = image : [1, ┆"))).toEqual([
      "classes",
      "min",
      "max",
      "ceil",
      "floor",
      "sqrt",
      "ln",
      "deep",
    ]);
    expect(labels("block B(width: int) {\n input x: [H, ┆]\n}")).toEqual(
      expect.arrayContaining(["width", "H", "W", "C"]),
    );
    expect(labels("block B(width: int) {\n input x: ┆\n}")).toEqual(["[H, W, C]", "[T, D]", "[D]"]);
    expect(labels("model M {\n output x: ┆\n}")).toEqual(["[224, 224, 3]"]);
  });

  test("behind a colon in a model: the shape that the value has", () => {
    const rest = "\n  logits = y -> global_avg_pool -> linear(classes)";
    const conv = "  y = image -> conv(4, kernel: 3, stride: 2)";
    expect(labels(inModel(`${conv} : ┆${rest}`))).toEqual(["[4, 4, 4]"]);
    expect(accepted(inModel(`${conv} : ┆${rest}`), "[4, 4, 4]")).toContain("stride: 2) : [4, 4, 4]\n");
    expect(accepted(inModel(`${conv} : [┆${rest}`), "4, 4, 4]")).toContain("stride: 2) : [4, 4, 4]\n");
    expect(accepted(inModel(`${conv} : [┆]${rest}`), "4, 4, 4")).toContain("stride: 2) : [4, 4, 4]\n");
    expect(labels(inModel(`${conv} : ┆ -> conv(2, kernel: 1) -> relu${rest}`))).toEqual(["[4, 4, 4]"]);
    expect(labels(inModel(`  y = image : ┆${rest}`))).toEqual(["[8, 8, 3]"]);
    expect(labels(inModel(`  y = nothing -> conv(4, kernel: 3) : ┆${rest}`))).toEqual([]);
    // Behind a bare name it may also be a label.
    expect(labels(inModel(`  y = image -> relu : ┆${rest}`)).slice(0, 2)).toEqual(["[8, 8, 3]", "conv"]);
    expect(labels(inModel(`  y = image -> relu: ┆${rest}`))[0]).toBe("conv");
    expect(labels("block B {\n input x: [H, W, C]\n output y: [H, W, C]\n y = x -> linear(C) : ┆\n}")).toEqual([]);
  });

  test("of parameters: types and defaults that see the parameters before them", () => {
    expect(labels("block B(a: ┆")).toEqual(["int", "float", "bool", "enum"]);
    expect(labels("block B(a: int, b: bool = ┆) {\n}").slice(0, 2)).toEqual(["true", "false"]);
    expect(labels("block B(a: int, b: int = ┆, c: int) {\n}")[0]).toBe("a");
    expect(labels("block B(a: int, b: int = ┆, c: int) {\n}")).not.toContain("c");
    expect(labels("block B(a: enum(p, q) = ┆) {\n}").slice(0, 2)).toEqual(["p", "q"]);
    expect(labels("block B(┆")).toEqual([]);
    expect(labels("block B(a: int, ┆")).toEqual([]);
    expect(labels("block ┆")).toEqual([]);
  });
});

describe("settings", () => {
  test("that are not given yet", () => {
    const all = settingTable.map(({ name }) => name);
    expect(labels("bcos { ┆ }")).toEqual(all);
    expect(labels("bcos { relu: keep, ┆\n gelu: drop }")).toEqual(all.filter((n) => n !== "relu" && n !== "gelu"));
    expect(labels(inModel("  bcos {\n    re┆\n  }"))).toEqual(all);
    expect(item("bcos { ┆ }", "max_pool")).toMatchObject({
      kind: "setting",
      insert: "max_pool: ",
      detail: "average | keep",
      documentation: expect.stringContaining("Whether `max_pool` becomes an average."),
    });
    expect(accepted("bcos { re┆: keep }", "gelu")).toBe("bcos { gelu: keep }");
  });

  test("their values", () => {
    expect(labels("bcos { preset: ┆ }")).toEqual(["v1", "v2", "cosified"]);
    expect(labels("bcos { relu: ┆")).toEqual(["drop", "keep"]);
    expect(labels("bcos {\n  relu: keep\n  norm_bias: ┆\n}")).toEqual(["true", "false", "not"]);
    expect(item("bcos { scale: ┆ }", "v1").snippet).toBe("v1(${1:float})");
    expect(item("bcos { encode: ┆ }", "add_inverse_normalized").snippet).toBe("add_inverse_normalized([$1], [$2])");
    expect(labels("bcos { b: ┆ }")[0]).toBe("min");
    expect(labels(inModel("  bcos { b: ┆ }"))[0]).toBe("classes");
    expect(labels("bcos { nothing: ┆ }")).toEqual([]);
  });
});

describe("statements", () => {
  test("at the top", () => {
    expect(labels("┆")).toEqual(["model", "block", "import", "bcos"]);
    expect(labels("mo┆")).toEqual(["model", "block", "import", "bcos"]);
    expect(labels(`bcos { b: 2 }\n${inModel("")}\n┆`)).toEqual(["model", "block", "import"]);
    expect(item("┆", "block").snippet).toContain("input  x: [${3:H, W, C}]");
    expect(item("┆ Name {\n}", "model").snippet).toBeUndefined();
  });

  test("in bodies: outputs without a row, ports that are missing, settings in models", () => {
    expect(labels(inModel("  ┆"))).toEqual(["logits", "output", "bcos"]);
    expect(item(inModel("  stem = image\n  ┆"), "logits")).toMatchObject({
      insert: "logits = ",
      snippet: "logits = ${1:stem} -> $0",
    });
    expect(labels(inModel("  logits = image\n  ┆"))).toEqual(["output", "bcos"]);
    expect(labels("block B {\n  ┆\n}")).toEqual(["input", "output"]);
    expect(labels("block B {\n  input x: [C]\n  out┆\n}")).toEqual(["output"]);
    expect(item("block B {\n  ┆\n}", "input").snippet).toBe("input ${1:x}: [${2:H, W, C}]");
    expect(accepted("block B {\n  in┆ x: [C]\n}", "input")).toContain("  input x: [C]\n");
    expect(labels("block B {\n  input x: [C]\n  output ┆\n  a = x -> relu\n  y = a\n}")).toEqual(["y", "a"]);
    expect(labels("block B {\n  input ┆\n  y = x\n}")).toEqual([]);
  });
});

describe("imports", () => {
  const files = (main: string): Files => ({
    "main.bcos": main,
    ...residual,
    "a.bcos": "block A {\n}",
    "empty.bcos": "",
  });

  test("names of the file", () => {
    expect(labels(files('import { ┆ } from "./blocks/residual.bcos"'))).toEqual(["BasicBlock", "Bottleneck"]);
    expect(labels(files('import { BasicBlock, ┆ } from "./blocks/residual.bcos"'))).toEqual(["Bottleneck"]);
    expect(labels(files('import { Bo┆, BasicBlock } from "./blocks/residual.bcos"'))).toEqual(["Bottleneck"]);
    expect(labels(files('import { ┆ } from "./missing.bcos"'))).toEqual([]);
  });

  test("names of all files, with their paths", () => {
    expect(accepted(files("import { Ba┆"), "BasicBlock")).toBe('import { BasicBlock } from "./blocks/residual.bcos"');
    expect(accepted(files("import { ┆ }\nmodel M {\n}"), "A")).toBe('import { A } from "./a.bcos"\nmodel M {\n}');
  });

  test("paths, those with the names first", () => {
    const paths = ["./a.bcos", "./blocks/residual.bcos"];
    expect(labels(files('import { Bottleneck } from "┆"'))).toEqual([...paths].reverse());
    expect(labels(files('import { A } from "./blo┆cks"'))).toEqual(paths);
    expect(accepted(files('import { A } from "./blo┆cks"\n'), "./a.bcos")).toBe('import { A } from "./a.bcos"\n');
    expect(accepted(files('import { A } from "┆\nmodel M {\n}'), "./a.bcos")).toBe(
      'import { A } from "./a.bcos\nmodel M {\n}',
    );
    expect(accepted(files("import { A } from ┆"), "./a.bcos")).toBe('import { A } from "./a.bcos"');
    expect(labels(files("import { A } ┆"))).toEqual(["from"]);
    expect(labels(files('import { A } from "./a.bcos"┆'))).toEqual([]);
  });
});

test("nothing in comments, numbers, labels with dots and texts that are no paths", () => {
  for (const marked of [
    inModel("  y = image -> relu // co┆"),
    inModel("  /// co┆nv"),
    inModel("  /* co┆nv */"),
    inModel("  # co┆nv"),
    inModel("  y = image -> linear(1┆)"),
    inModel("  y = image -> linear(1.┆"),
    inModel("  y = image -> downsample.co┆"),
    inModel('  y = image -> "co┆"'),
    "//┆",
  ]) {
    expect(labels(marked), marked).toEqual([]);
  }
  expect(labels(inModel("  /* a */ y = image -> ┆"))).toContain("conv");
});

describe("the models of the repository", () => {
  const folder = join(import.meta.dirname, "../../models");
  const files: Files = Object.fromEntries(
    ["resnet18.bcos", "vitc-b-patch1-14.bcos", "densenet121.bcos", "mnist.bcos"]
      .concat(readdirSync(join(folder, "blocks")).map((file) => `blocks/${file}`))
      .map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
  const whole = workspaceOf(files);
  const names = Object.keys(files).flatMap((path) =>
    occurrencesIn(whole, path).filter(({ role, meaning }) => role !== "definition" && meaning.kind !== "file"),
  );

  test.each([
    ["at the end of the text", false],
    ["in the middle of it", true],
  ])("have no name that is not offered once its first letter is written, %s", (_, keepsRest) => {
    let first = 0;
    let count = 0;
    for (const { span, meaning } of names.filter((_, i) => i % 3 === 0)) {
      // The names of outputs are those of bindings, which stand behind them.
      const given = meaning.kind === "definition" ? meaning.definition.span : undefined;
      const isAhead = given !== undefined && given.file === span.file && given.start > span.start;
      if (isAhead && !keepsRest) continue;
      count++;
      const text = files[span.file]!;
      const name = text.slice(span.start, span.end);
      const written = text.slice(0, span.start + 1) + (keepsRest ? text.slice(span.end) : "");
      const found = completion(workspaceOf({ ...files, [span.file]: written }), span.file, span.start + 1)?.items ?? [];
      const place = `${span.file}:${span.start} ${name}`;
      expect(
        found.map(({ label }) => label),
        place,
      ).toContain(name);
      const initial = found.filter(({ label }) => label[0]!.toLowerCase() === name[0]!.toLowerCase());
      if (initial[0]!.label === name) first++;
    }
    expect(count).toBeGreaterThan(150);
    // What is likely comes first.
    expect(first / count).toBeGreaterThan(0.85);
  });
});
