import { describe, expect, test } from "vitest";
import { definition } from "../../src/language/definition.ts";
import { fixture, shown, type Files } from "./fixture.ts";

/** The definition at each cursor is the one marked range. */
function leads(marked: string | Files): void {
  const { workspace, texts, cursors, ranges } = fixture(marked);
  expect(cursors.length).toBeGreaterThan(0);
  for (const { path, offset } of cursors) {
    const found = definition(workspace, path, offset);
    expect(shown(texts, found === undefined ? [] : [found.target])).toEqual(shown(texts, ranges));
    if (found === undefined) continue;
    expect(found.origin.start).toBeLessThanOrEqual(offset);
    expect(found.origin.end).toBeGreaterThanOrEqual(offset);
    expect(found.whole.start).toBeLessThanOrEqual(found.target.start);
    expect(found.whole.end).toBeGreaterThanOrEqual(found.target.end);
  }
}

const blocks = `
block Twice(width: int, stride: int = 1, kind: enum(batch, layer) = batch) {
  input  x: [H, W, C]
  output y: [H, W, width]

  y = x -> conv(width, kernel: 3) -> norm
}
`;

describe("names of a declaration", () => {
  test("a tensor leads to the binding or the input, from its start, its middle and its end", () => {
    leads("model M {\n input image: [8, 8, 3]\n output y: [8, 8, 3]\n «stem» = image -> relu\n y = ┆st┆em┆ -> relu\n}");
    leads("model M {\n input «image»: [8, 8, 3]\n output y: [8, 8, 3]\n y = im┆age -> relu\n}");
    leads(
      "block B {\n input x: [C]\n output y: [C]\n «a» = x -> relu\n b = x -> relu\n y = concat(┆a, b) + (┆a * b)\n}",
    );
  });

  test("a definition leads to itself", () => {
    leads("model M {\n input image: [8, 8, 3]\n «st┆em» = image -> relu\n}");
    leads("block «B┆»(width: int) {\n}");
    leads("block B(«wi┆dth»: int) {\n}");
  });

  test("an output leads to the binding that assigns it, and stands for itself where there is none", () => {
    leads("block B {\n input x: [C]\n output y┆: [C]\n «y» = x -> relu\n}");
    leads("block B {\n input x: [C]\n output «y┆»: [C]\n}");
  });

  test("parameters and dimensions in expressions, shapes and conditions", () => {
    leads(
      "block B(«width»: int, inner: int = ┆width / 4) {\n output y: [┆width]\n y = x -> linear(┆width + 1) : [min(2, ┆width)]\n}",
    );
    leads(
      "block B {\n input x: [«H», ┆H, C]\n output y: [ceil(┆H / 2)]\n y = if ┆H == 3 { x } else { x -> linear(┆H) }\n}",
    );
    leads("model M(«classes»: int) {\n bcos { b: ┆classes }\n y = x -> repeat ┆classes { relu }\n}");
  });

  test("names mean what they mean in their own declaration", () => {
    leads("block A(width: int) {\n y = x -> linear(width)\n}\nblock B(«width»: int) {\n y = x -> linear(┆width)\n}");
    leads("block A {\n input x: [C]\n y = x\n}\nblock B {\n input «x»: [C]\n y = ┆x\n}");
  });

  test("a name that is used before it is given, or as the wrong kind, still leads there", () => {
    leads("model M {\n y = st┆em -> relu\n «stem» = image -> relu\n}");
    leads("model M {\n «stem» = image -> relu\n y = stem -> linear(st┆em)\n}");
    leads("model M(«classes»: int) {\n y = cl┆asses -> relu\n}");
  });

  test("of two equal names the first counts", () => {
    leads("model M {\n «a» = x -> relu\n a = x -> norm\n y = ┆a\n}");
    leads("block B(width: int) {\n}\nmodel M(«width»: int, width: float) {\n y = x -> linear(┆width)\n}");
  });

  test("enum values in defaults, comparisons and arguments", () => {
    leads("block B(kind: enum(«batch», layer) = ┆batch) {\n y = if kind == ┆batch { x } else { x }\n}");
    leads("block B(kind: enum(batch, «layer»)) {\n}\nmodel M {\n y = x -> B(┆layer) -> B(kind: ┆layer)\n}");
    // A parameter of the caller comes before the values of the callee's.
    leads("block B(kind: enum(batch, layer)) {\n}\nmodel M(«layer»: int) {\n y = x -> B(kind: ┆layer)\n}");
  });

  test("labels stand for themselves; index leads to its repeat", () => {
    leads("model M {\n y = x -> «co┆nv1»: conv(3, kernel: 1)\n}");
    leads("model M {\n y = x -> «downs┆ample.0»: conv(3, kernel: 1)\n}");
    leads("model M {\n y = x -> «repeat 3 { layer{in┆dex + 1}: linear(ind┆ex) }»\n}");
    leads("model M {\n y = x -> repeat 3 { a: «repeat 2 { linear(inde┆x) }» }\n}".replace("a: «repeat", "«a: repeat"));
  });
});

describe("calls", () => {
  test("blocks of the file, and the parameters that arguments name", () => {
    leads(`${blocks.replace("Twice", "«Twice»")}model M {\n y = x -> ┆Twice(3) -> repeat 2 { ┆Twice(4) }\n}`);
    leads(`${blocks.replace("stride", "«stride»")}model M {\n y = x -> Twice(3, str┆ide: 2)\n}`);
  });

  test("layers, their arguments and values, settings and functions lead nowhere", () => {
    leads(
      "bcos { nor┆m: ba┆tch, relu: ke┆ep }\nmodel M {\n y = x -> co┆nv(3, ker┆nel: 3, padding: sa┆me) -> linear(mi┆n(2, 3))\n}",
    );
  });

  test("a block can not hide a layer", () => {
    leads("block relu {\n}\nmodel M {\n y = x -> re┆lu\n}");
  });

  test("nothing at keywords, numbers, operators, comments and in an empty file", () => {
    leads("mod┆el M {\n y = x -┆> linear(1┆0) // x ┆ y\n}\n┆");
    leads("┆");
    leads("/// Twi┆ce\nblock Twice {\n}");
  });
});

describe("imports", () => {
  test("lead to the declaration in the other file, from the import and from the uses", () => {
    leads({
      "models/main.bcos": 'import { Tw┆ice } from "../blocks/b.bcos"\nmodel M {\n y = x -> Twi┆ce(3)\n}',
      "blocks/b.bcos": blocks.replace("Twice", "«Twice»"),
    });
  });

  test("arguments and enum values lead to the parameter in the other file", () => {
    leads({
      "main.bcos": 'import { Twice } from "./b.bcos"\nmodel M {\n y = x -> Twice(3, strid┆e: 2)\n}',
      "b.bcos": blocks.replace("stride", "«stride»"),
    });
    leads({
      "main.bcos": 'import { Twice } from "./b.bcos"\nmodel M {\n y = x -> Twice(3, 1, laye┆r)\n}',
      "b.bcos": blocks.replace("layer", "«layer»"),
    });
  });

  test("a path leads to the file", () => {
    leads({ "main.bcos": 'import { Twice } from ┆"./b┆.bcos"┆', "b.bcos": `«»${blocks}` });
    leads({ "main.bcos": 'import { Twice } from "./missing┆.bcos"', "b.bcos": blocks });
  });

  test("a name that can not be found leads to its import", () => {
    leads({ "main.bcos": 'import { «Thrice» } from "./b.bcos"\nmodel M {\n y = x -> ┆Thrice(3)\n}', "b.bcos": blocks });
    leads('import { «A» } from "./missing.bcos"\nmodel M {\n y = x -> ┆A\n}');
  });

  test("names that the other file only imports do not count, and cycles end", () => {
    leads({
      "main.bcos": 'import { «Twice» } from "./a.bcos"\nmodel M {\n y = x -> ┆Twice(3)\n}',
      "a.bcos": 'import { Twice } from "./main.bcos"\n',
    });
    leads({ "main.bcos": 'import { «A» } from "./main.bcos"\nmodel M {\n y = x -> A┆\n}' });
  });

  test("an own declaration comes before an import", () => {
    leads({
      "main.bcos": `import { Twice } from "./b.bcos"\n${blocks.replace("Twice", "«Twice»")}model M {\n y = x -> ┆Twice\n}`,
      "b.bcos": blocks,
    });
  });
});

describe("damaged text", () => {
  test("other statements keep their names", () => {
    leads("model M {\n «stem» = image ->\n y = st┆em -> relu\n}");
    leads("model M {\n «stem» = = image\n y = st┆em -> conv(3,\n z = ste┆m\n}");
    leads("block B(«width»: int, stride: ) {\n y = x -> linear(wid┆th\n}");
    leads("model M {\n «stem» = image\n y = st┆em -> relu");
  });

  test("names in lines that are not understood are looked up by their place", () => {
    leads("model M {\n «stem» = image\n st┆em -> relu\n}");
    leads("model M {\n «stem» = image\n y = conv(st┆em, 8)\n}");
    leads(`${blocks.replace("Twice", "«Twice»")}model M {\n y = relu(1)(2) -> Twi┆ce(3) ) ) = =\n}`);
    leads("model M(«classes»: int) {\n y = = ( x -> linear(clas┆ses) ] } )\n}");
  });

  test("a file that is too large has no names", () => {
    leads(`model M {\n y = x\n z = ┆y\n}\n//${"x".repeat(300_000)}`);
  });
});
