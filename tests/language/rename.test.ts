import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { occurrencesIn } from "../../src/language/names/occurrences.ts";
import { prepareRename, rename, type Rename } from "../../src/language/rename.ts";
import { edited, fixture, shown, workspaceOf, type Files } from "./fixture.ts";

/** Every marked range becomes the name, from every cursor; gives the warnings. */
function renames(name: string, marked: string | Files): readonly string[] {
  const { workspace, texts, cursors, ranges } = fixture(marked);
  expect(cursors.length).toBeGreaterThan(0);
  const results = cursors.map(({ path, offset }) => {
    const found = rename(workspace, path, offset, name);
    if ("refused" in found) throw new Error(found.refused);
    expect(
      shown(
        texts,
        found.edits.map(({ span }) => span),
      ),
    ).toEqual(shown(texts, ranges));
    expect(found.edits.every(({ text }) => text === name)).toBe(true);
    return found;
  });
  return results[0]!.warnings;
}

function refusal(name: string, marked: string | Files): string {
  const { workspace, path, offset } = fixture(marked);
  const found = rename(workspace, path, offset, name);
  if (!("refused" in found)) throw new Error(`not refused: ${JSON.stringify(found)}`);
  return found.refused;
}

const head = "input image: [8, 8, 3]\n output logits: [10]\n";
const rest = "logits = stem -> global_avg_pool -> fc: linear(10)\n";

describe("prepare", () => {
  test("gives the name at the cursor and its range", () => {
    const check = (marked: string): void => {
      const { workspace, path, cursors, ranges, texts } = fixture(marked);
      for (const { offset } of cursors) {
        const name = texts[path]!.slice(ranges[0]!.start, ranges[0]!.end);
        expect(prepareRename(workspace, path, offset)).toEqual({ span: ranges[0], name });
      }
    };
    check("model M {\n y = x\n z = «┆y┆»\n}");
    check("model M {\n y = x -> «┆downsample┆.0┆»: conv(3, kernel: 1)\n}");
    check("model M {\n y = x -> repeat 2 { «l┆ayer{index + 1}┆»: linear(3) }\n}");
    check("block «┆B»(width: int) {\n}");
  });

  test("says why not", () => {
    const why = (marked: string): string => {
      const { workspace, path, offset } = fixture(marked);
      const found = prepareRename(workspace, path, offset);
      return "refused" in found ? found.refused : "";
    };
    expect(why("mod┆el M {\n}")).toBe("`model` is a word of the language");
    expect(why("model M {\n y = x -> con┆v(3, kernel: 1)\n}")).toBe("`conv` is a layer of the language");
    expect(why("model M {\n y = x -> conv(3, ker┆nel: 1)\n}")).toBe("`kernel` is an argument of the layer `conv`");
    expect(why("bcos { re┆lu: keep }")).toBe("`relu` is a B-cos setting");
    expect(why("bcos { relu: ke┆ep }")).toBe("`keep` is a value of `relu`");
    expect(why("model M {\n y = x -> linear(mi┆n(1, 2))\n}")).toBe("`min` is a function of the language");
    expect(why("model M {\n y = x -> repeat 2 { linear(inde┆x) }\n}")).toContain("every `repeat`");
    expect(why("model M {\n y = x -> repeat 2 { layer{in┆dex}: linear(3) }\n}")).toContain("every `repeat`");
    expect(why('import { A } from "./a┆.bcos"')).toBe("a path is the name of a file");
    expect(why("model M {\n y = nothi┆ng\n}")).toBe("nothing is known about `nothing`");
    expect(why("model M {\n y = y ┆ -> relu\n}")).toBe("there is no name here");
    expect(why("model M {\n y = x // sto┆ne\n}")).toBe("there is no name here");
    expect(why("┆")).toBe("there is no name here");
  });
});

describe("rename", () => {
  test("bindings and their outputs", () => {
    renames("out", "model M {\n output «y»: [3]\n «y┆» = x -> relu\n z = «y┆» + y2 // y\n}\nblock B {\n y = x\n}");
  });

  test("parameters, in the calls of other files too", () => {
    renames("channels", {
      "b.bcos":
        "block B(«wid┆th»: int, inner: int = «width») {\n y = x -> linear(«width») -> conv(width: 3, kernel: 1)\n}",
      "m.bcos": 'import { B } from "./b.bcos"\nmodel M(width: int) {\n y = x -> B(«wid┆th»: width) -> B(width)\n}',
    });
  });

  test("blocks, with their imports", () => {
    renames("Block", {
      "b.bcos": "block «B» {\n}\nblock C {\n y = x -> «B┆»\n}",
      "m.bcos": 'import { C, «B┆» } from "./b.bcos"\nmodel M {\n y = x -> «B» -> C\n}',
    });
  });

  test("enum values, dimensions and labels", () => {
    renames("whole", "block B(kind: enum(«batch┆», layer) = «batch») {\n y = if kind == «batch» { x } else { x }\n}");
    renames("H2", "block B {\n input x: [«H┆», W]\n output y: [ceil(«H» / 2)]\n y = x : [«H┆», W]\n}");
    renames("stem.conv", "model M {\n y = x -> «conv┆1»: conv(3, kernel: 1)\n z = y -> conv2: norm\n}");
    renames("l{index + 1}", "model M {\n y = x -> repeat 2 { «l┆»: norm }\n}");
    renames("l", "model M {\n y = x -> repeat 2 { «l{index}┆»: norm }\n}");
  });

  test("to the same name changes nothing", () => {
    const { workspace, path, offset } = fixture("model M {\n y┆ = x\n}");
    expect(rename(workspace, path, offset, "y")).toEqual({ edits: [], warnings: [] });
  });

  test("in damaged files, with a warning", () => {
    const warnings = renames("stem", "model M {\n «a┆» = image -> \n y = «a» -> relu\n z = (1)(«a»)(\n}");
    expect(warnings.join()).toContain("main.bcos has syntax errors");
  });
});

describe("refused names", () => {
  test("that are no names", () => {
    for (const name of ["", " ", "a b", "1a", "a-b", "ä", "a ", "//", "a\n", "x".repeat(2000)]) {
      expect(refusal(name, "model M {\n y┆ = x\n}")).toContain("is no name");
    }
    for (const name of ["model", "if", "true", "int", "concat"]) {
      expect(refusal(name, "model M {\n y┆ = x\n}")).toBe(`\`${name}\` is a word of the language`);
    }
    expect(refusal("a.0", "model M {\n y┆ = x\n}")).toContain("only labels");
    expect(refusal("a b", "model M {\n y = x -> l┆: norm\n}")).toContain("is no label");
    expect(refusal("if", "model M {\n y = x -> l┆: norm\n}")).toContain("is no label");
    expect(refusal("h", "block B {\n input x: [H┆]\n}")).toContain("upper case");
    expect(refusal("index", "block B(a┆: int) {\n}")).toContain("number of the instance");
  });

  test("of layers", () => {
    expect(refusal("conv", "block B┆ {\n}")).toBe("`conv` is a layer of the language");
    expect(refusal("concat", "block B┆ {\n}")).toContain("word of the language");
    renames("conv", "model M {\n «y┆» = x\n}");
  });

  test("that are taken, in this file or in one that imports", () => {
    expect(refusal("z", "model M {\n y┆ = x\n z = y\n}")).toBe("`z` is already a binding of `M`");
    expect(refusal("W", "block B {\n input x: [H┆, W]\n}")).toBe("`W` is already a dimension of `B`");
    expect(refusal("b", "block B(a┆: int, b: int) {\n}")).toBe("`b` is already a parameter of `B`");
    expect(refusal("C", "block B┆ {\n}\nmodel C {\n}")).toBe("`C` is already a model in main.bcos");
    expect(refusal("layer", "block B(kind: enum(batch┆, layer)) {\n}")).toBe("`kind` has a value `layer` already");
    const files = {
      "b.bcos": "block B┆ {\n}",
      "c.bcos": "block C {\n}",
      "m.bcos": 'import { B } from "./b.bcos"\nimport { C } from "./c.bcos"\nblock D {\n}',
    };
    expect(refusal("C", files)).toBe("m.bcos imports a `C` already");
    expect(refusal("D", files)).toBe("`D` is already a block in m.bcos");
  });

  test("of labels beside it, but not of those in the other branch", () => {
    expect(refusal("b", "model M {\n y = x -> a┆: norm -> b: norm\n}")).toContain("has the label `b`");
    renames("b", "model M {\n y = if 1 == 1 { x -> «a┆»: norm } else { x -> b: norm }\n}");
    renames("b", "model M {\n y = x -> if 1 == 1 { «a┆»: norm } else { b: norm }\n}");
    renames("b", "model M {\n y = x -> r: repeat 2 { «a┆»: norm } -> b: norm\n}");
    renames("b", "model M {\n y = x -> «a┆»: norm\n}\nblock B {\n y = x -> b: norm\n}");
  });

  test("that would take the place of something else", () => {
    expect(
      refusal("batch", "block B(kind: enum(batch, layer), a┆: int) {\n y = if kind == batch { x } else { x }\n}"),
    ).toBe("a name would then mean something else: main.bcos:2:17");
    expect(refusal("same", "block B(a┆: int) {\n y = x -> conv(a, kernel: 1, padding: same)\n}")).toContain(
      "something else",
    );
    expect(refusal("lost", "model M {\n y┆ = x\n z = lost\n}")).toBe(
      "a name would then mean something else: main.bcos:3:6",
    );
  });

  test("that would give an error", () => {
    const text = `model M {\n ${head} stem = image -> conv(4, kernel: 1)\n other┆ = stem -> conv(4, kernel: 1)\n logits = other -> global_avg_pool -> fc: linear(10)\n}`;
    expect(refusal("fc", text)).toContain("there would be an error");
  });
});

describe("weight paths", () => {
  test("that change are said with an example", () => {
    const model = (rows: string): string => `model M {\n ${head} ${rows}\n ${rest}}`;
    expect(
      renames(
        "first",
        model("«st┆em» = image -> conv(4, kernel: 1) -> norm").replace("logits = stem", "logits = «stem»"),
      ),
    ).toEqual([
      "this changes the weight paths of 2 layers of `M`: `stem.conv0` becomes `first.conv0`. Weights from before do not fit any more",
    ]);
    expect(renames("conv", model("stem = image -> «l┆»: conv(4, kernel: 1)"))).toEqual([
      "this changes the weight path of 1 layer of `M`: `l` becomes `conv`. Weights from before do not fit any more",
    ]);
  });

  test("of all models that use the block", () => {
    const use = (name: string): string =>
      `import { B } from "./b.bcos"\nmodel ${name} {\n ${head} stem = image -> repeat 2 { B(8) }\n ${rest}}`;
    const warnings = renames("c", {
      "b.bcos":
        "block B(width: int) {\n input x: [H, W, C]\n output y: [H, W, width]\n y = x -> «l┆»: conv(width, kernel: 1)\n}",
      "m.bcos": use("M"),
      "n.bcos": use("N"),
    });
    expect(warnings).toEqual([
      "this changes the weight paths of 2 layers of `M` and of 1 more model: `stem.0.l` becomes `stem.0.c`. Weights from before do not fit any more",
    ]);
  });

  test("that stay are not mentioned", () => {
    const model = `model M {\n ${head} «st┆em» = image -> c: conv(4, kernel: 1) -> relu\n ${rest.replace("stem", "«stem»")}}`;
    expect(renames("first", model)).toEqual([]);
    expect(renames("Net", `model «M┆» {\n ${head} stem = image\n ${rest}}`)).toEqual([]);
    expect(renames("gate", "block B {\n y = x -> «l┆»: sigmoid\n}")).toEqual([]);
  });

  test("are mentioned too where no model can be compared", () => {
    expect(renames("c", "block B {\n y = x -> «l┆»: conv(3, kernel: 1)\n}")).toHaveLength(1);
    expect(renames("c", "block B {\n «y┆» = x -> repeat 2 { conv(3, kernel: 1) }\n}")).toHaveLength(1);
    expect(renames("c", "block B {\n «y┆» = x -> l: conv(3, kernel: 1)\n}")).toHaveLength(0);
  });
});

const models = join(import.meta.dirname, "../../models");
const modelFiles: Files = Object.fromEntries(
  ["resnet34.bcos", "densenet121.bcos", "vitc-ti-patch1-14.bcos", "inception-v3.bcos"]
    .concat(readdirSync(join(models, "blocks")).map((file) => `blocks/${file}`))
    .map((file) => [file, readFileSync(join(models, file), "utf8")]),
);

test("renamed and renamed back, every name of some models gives the same text, and the same findings in between", () => {
  const before = workspaceOf(modelFiles);
  const places = Object.keys(modelFiles).flatMap((path) =>
    occurrencesIn(before, path)
      .filter(({ meaning }) => meaning.kind === "definition")
      .map(({ span }) => span),
  );
  // Diagnostics, and what the models compute, without names.
  const findings = (workspace: ReturnType<typeof workspaceOf>): unknown[] =>
    Object.keys(modelFiles).flatMap((path) => [
      workspace.check(path).diagnostics.map(({ code, severity }) => `${path} ${severity} ${code}`),
      workspace.networks(path).map(({ layers }) => layers.map(({ layer, inputs, shape }) => [layer, inputs, shape])),
    ]);
  const expected = findings(before);
  const done = (found: ReturnType<typeof rename>): Rename => {
    if ("refused" in found) throw new Error(found.refused);
    return found;
  };
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.constantFrom("RENAMED", "Z9"), (span, name) => {
      const target = prepareRename(before, span.file, span.start);
      if ("refused" in target) throw new Error(target.refused);
      const first = done(rename(before, span.file, span.end, name));
      const texts = edited(modelFiles, first.edits);
      const after = workspaceOf(texts);
      expect(findings(after)).toEqual(expected);
      const shift = first.edits.filter((e) => e.span.file === span.file && e.span.start < span.start);
      const offset = shift.reduce((at, e) => at + e.text.length - (e.span.end - e.span.start), span.start);
      const back = done(rename(after, span.file, offset, target.name));
      expect(back.edits.length).toBe(first.edits.length);
      expect(edited(texts, back.edits)).toEqual(modelFiles);
    }),
    { numRuns: 40 },
  );
});
