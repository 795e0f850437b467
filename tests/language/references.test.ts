import { describe, expect, test } from "vitest";
import { highlights } from "../../src/language/highlights.ts";
import { references } from "../../src/language/references.ts";
import { fixture, shown, type Files } from "./fixture.ts";

/** The references of every cursor are the marked ranges. */
function refers(marked: string | Files, includeDeclaration = true): void {
  const { workspace, texts, cursors, ranges } = fixture(marked);
  expect(cursors.length).toBeGreaterThan(0);
  for (const { path, offset } of cursors) {
    const found = references(workspace, path, offset, { includeDeclaration });
    expect(shown(texts, found)).toEqual(shown(texts, ranges));
    expect(found.length).toBe(ranges.length);
  }
}

describe("references", () => {
  test("of tensors: the binding, the output and all uses", () => {
    refers("model M {\n output «y»: [3]\n «y┆» = x -> relu\n z = «y» + y2 -> relu -> norm\n}\nblock B {\n y = x\n}");
    refers("model M {\n output «y┆»: [3]\n y = x -> relu\n z = «y» * «y»\n}", false);
  });

  test("of parameters: in the body, in defaults and in the calls of every file", () => {
    refers({
      "a/b.bcos": "block B(«wid┆th»: int, inner: int = «width» / 2) {\n y = x -> linear(«width», b: «wi┆dth»)\n}",
      "a/main.bcos": 'import { B } from "./b.bcos"\nmodel M(width: int) {\n y = x -> B(width) -> B(«width┆»: width)\n}',
      "other.bcos": "block B(width: int) {\n}\nmodel N {\n y = x -> B(width: 3)\n}",
    });
  });

  test("of blocks: imports and calls, with and without the declaration", () => {
    const files = {
      "blocks/b.bcos": "/// B\nblock «B┆» {\n}\nblock C {\n y = x -> «B»\n}",
      "m.bcos": 'import { «B» } from "./blocks/b.bcos"\nmodel M {\n y = x -> «B» -> repeat 2 { l: «B» }\n}',
      "n.bcos": 'import { C, «B» } from "blocks/b.bcos"\nmodel N {\n y = x -> C\n}',
      "own.bcos": "block B {\n}\nmodel N {\n y = x -> B\n}",
    };
    refers(files);
    refers({ ...files, "blocks/b.bcos": files["blocks/b.bcos"].replace("«B┆»", "B┆") }, false);
  });

  test("of enum values: other values and names of the same text are something else", () => {
    refers({
      "b.bcos":
        "block B(kind: enum(«batch┆», layer) = «batch») {\n y = if kind == «batch» { x -> norm(batch) } else { x }\n}",
      "m.bcos":
        'import { B } from "./b.bcos"\nmodel M {\n y = x -> B(«batch») -> B(kind: «ba┆tch») -> norm(kind: batch)\n}',
    });
  });

  test("of dimensions", () => {
    refers(
      "block B {\n input x: [«H», W, «H»]\n output y: [«H┆»]\n y = if «H» == W { x } else { x -> linear(«H») }\n}",
    );
  });

  test("of labels and of index", () => {
    refers("block B {\n y = x -> «conv┆1»: conv(3, kernel: 1) -> relu\n z = y -> conv2: conv1\n}");
    refers("block B {\n y = x -> repeat 2 { l{«index»}: linear(«in┆dex» + 1) -> repeat 2 { linear(index) } }\n}");
  });

  test("of layers, their arguments and values, of settings and of files", () => {
    refers({
      "a.bcos": "model M {\n y = x -> «con┆v»(3, kernel: 1) -> conv: norm\n}",
      "b.bcos": "// conv\nblock B {\n y = x -> conv: «conv»(1, kernel: 3)\n}",
      "c.bcos": "block C {\n}",
    });
    refers("model M {\n y = x -> conv(3, «ker┆nel»: 1) -> conv(3, «kernel»: 1) -> max_pool(kernel: 3)\n}");
    refers("bcos { «re┆lu»: keep, gelu: keep }\nmodel M {\n bcos { «relu»: drop }\n y = x -> relu\n}");
    refers({
      "a.bcos": 'import { B } from «"./b┆.bcos"»\nmodel M {\n y = x -> B\n}',
      "b.bcos": "block B {\n}",
      "c/c.bcos": 'import { B } from «"../b.bcos"»',
      "d.bcos": 'import { B } from "./c/c.bcos"',
    });
  });

  test("of nothing", () => {
    refers("mo┆del M {\n y = x ┆-> linear(1┆0) // y┆\n}");
  });

  test("in damaged files", () => {
    refers({
      "b.bcos": "block «B┆»(width: int {\n y = = x -> linear(width)\n",
      "m.bcos": 'import { «B» } from "./b.bcos"\nmodel M {\n y = x -> -> «B»(3 -> )\n z = «B»(y)(1)\n w = y -> «B»',
    });
  });
});

describe("highlights", () => {
  function lights(marked: string | Files, kinds: string): void {
    const { workspace, texts, path, cursors, ranges } = fixture(marked);
    for (const { offset } of cursors) {
      const found = highlights(workspace, path, offset);
      expect(
        shown(
          texts,
          found.map(({ span }) => span),
        ),
      ).toEqual(shown(texts, ranges));
      expect(found.map(({ kind }) => kind[0]).join("")).toBe(kinds);
    }
  }

  test("say what is written and what is read", () => {
    lights("model M {\n output «y»: [3]\n «y┆» = x -> relu\n z = «y» -> relu\n}", "rwr");
    lights("block B(«a»: int) {\n y = x -> linear(«a┆»)\n}\nmodel M {\n y = x -> B(«a»: 1)\n}", "wrw");
    lights("model M {\n y = x -> «re┆lu» -> «relu»\n}", "rr");
  });

  test("stay in the file", () => {
    lights(
      {
        "m.bcos": 'import { «B» } from "./b.bcos"\nmodel M {\n y = x -> «B┆»\n}',
        "b.bcos": "block B {\n}\nblock C {\n y = x -> B\n}",
      },
      "rr",
    );
  });

  test("of nothing in comments and in an empty file", () => {
    lights("model M {\n y = x // ┆y\n}", "");
    lights("┆", "");
  });
});
