/** Hover at marked places: what it is about, and what it says. */
import { describe, expect, test } from "vitest";
import { hover } from "../../src/language/hover.ts";
import { residual, resnet34, resnet34Files, withHead } from "../check/helper.ts";
import { fixture, type Files } from "./fixture.ts";

/** The hover at the cursor; the text that it is about is `on`. */
function hoverAt(marked: string | Files, form?: "bcos" | "standard"): { on: string; markdown: string } | undefined {
  const { workspace, path, offset, texts } = fixture(marked);
  const found = hover(workspace, path, offset, form === undefined ? {} : { form });
  return found && { on: texts[path]!.slice(found.span.start, found.span.end), markdown: found.markdown };
}

/** What is said behind the signature and the docs. */
function facts(marked: string | Files, form?: "bcos" | "standard"): string {
  return hoverAt(marked, form)?.markdown.split("\n\n").at(-1)?.replaceAll("  \n", "\n") ?? "nothing";
}

/** The ResNet-34 of the other tests with a cursor: `before` and what follows stand in the file once. */
function inResnet(before: string, after: string, file: keyof typeof resnet34Files = "main.bcos"): Files {
  const text = resnet34Files[file];
  expect(text.split(before + after)).toHaveLength(2);
  return {
    "main.bcos": resnet34,
    "blocks/residual.bcos": residual,
    [file]: text.replace(before + after, `${before}┆${after}`),
  };
}

/** Files are looked at in order; the cursor's own one comes first. */
function inBlock(before: string, after: string): Files {
  return Object.fromEntries(Object.entries(inResnet(before, after, "blocks/residual.bcos")));
}

describe("a layer", () => {
  test("has its signature, docs, shapes, costs, B-cos form and weights", () => {
    const { on, markdown } = hoverAt(inResnet("conv1: co", "nv(64"))!;
    expect(on).toBe("conv");
    expect(markdown).toMatchInlineSnapshot(`
      "\`\`\`bcos
      conv(
        width: int,
        kernel: int | [int, int],
        stride: int | [int, int] = 1,
        padding: same | valid | int | [int, int] = same,
        dilation: int | [int, int] = 1,
        groups: int = 1,
        b?: float,
        maxout?: int,
        weights?: unit | free,
        bias: bool = false,
      )
      \`\`\`

      Convolution (cross-correlation) over an image. In the B-cos form a B-cos convolution.

      \`[224, 224, 3]\` → \`[112, 112, 64]\`  
      18,816 parameters · 236,027,904 MACs  
      in the B-cos form: B-cos conv, B 2  
      weights at \`conv1\`"
    `);
  });

  test("is another in the conventional form: with three channels, and nothing of B-cos", () => {
    expect(facts(inResnet("conv1: co", "nv(64"), "standard")).toBe(
      ["`[224, 224, 3]` → `[112, 112, 64]`", "9,408 parameters · 118,013,952 MACs", "weights at `conv1`"].join("\n"),
    );
  });

  test("in a block is shown for all instances, equal ones together", () => {
    const text = facts(inBlock("conv1: con", "v(width"));
    expect(text.split("\n")[0]).toBe("| shapes | parameters | MACs | weights at |");
    expect(text).toContain(
      "| `[56, 56, 64]` → `[56, 56, 64]` | 36,864 | 115,605,504 | `layer1.0.conv1`, `layer1.1.conv1`, `layer1.2.conv1` |",
    );
    expect(text).toContain("| `[56, 56, 64]` → `[28, 28, 128]` | 73,728 | 57,802,752 | `layer2.0.conv1` |");
    expect(text).toContain(
      "`layer3.1.conv1`, `layer3.2.conv1`, `layer3.3.conv1`, `layer3.4.conv1`, `layer3.5.conv1` |",
    );
    expect(text.split("\n")).toHaveLength(2 + 7);
  });

  test("has the values of arguments that the text leaves open", () => {
    const rows = "  a = image -> co┆nv(width + 1, kernel: 3)";
    const text = withHead(rows).replace("model M {", "model M(width: int = 7) {");
    expect(hoverAt(text)!.markdown).toContain("with `width: 8`");
  });

  test("has none where numbers and values of enums stand there", () => {
    const text = withHead("  a = image -> max_po┆ol(2, stride: 1, padding: valid)");
    expect(hoverAt(text)!.markdown).not.toContain("with `");
  });

  test("that the form drops says so", () => {
    expect(facts(withHead("  a = image -> conv(8, kernel: 3) -> re┆lu"))).toBe(
      "`[32, 32, 8]` → `[32, 32, 8]`\nin the B-cos form: dropped\nat `a.relu0`",
    );
    expect(facts(withHead("  a = image -> conv(8, kernel: 3) -> re┆lu", "bcos { relu: keep }"))).toBe(
      "`[32, 32, 8]` → `[32, 32, 8]`\nat `a.relu0`",
    );
  });

  test("that the form puts before the pool costs what it costs there", () => {
    const text = (settings: string): string =>
      `${settings}\nmodel M {\n  input image: [8, 8, 3]\n  output logits: [10]\n  logits = image -> global_avg_pool -> fc: lin┆ear(10)\n}`;
    expect(facts(text(""))).toContain("60 parameters · 3,840 MACs\nin the B-cos form: B-cos conv, B 2");
    expect(facts(text("bcos { head: after_pool }"))).toContain(
      "60 parameters · 60 MACs\nin the B-cos form: B-cos linear",
    );
  });
});

describe("a label", () => {
  test("is about its step and says where the weights are", () => {
    const { on, markdown } = hoverAt(inResnet("f", "c: linear(classes)"))!;
    expect(on).toBe("fc");
    expect(markdown).toMatch(/^```bcos\nfc:\n```/);
    expect(markdown).toContain("weights at `fc`");
  });
});

describe("a block", () => {
  test("that is called has its docs, the values of this call, and totals", () => {
    const { on, markdown } = hoverAt(inResnet("layer2 = layer1 -> Basic", "Block(128, stride: 2)"))!;
    expect(on).toBe("BasicBlock");
    expect(markdown).toContain("block BasicBlock(width: int, stride: int = 1)\n  input x: [H, W, C]");
    expect(markdown).toContain("Two 3x3 layers and a skip, projected when the shape changes.");
    expect(markdown).toContain("with `width: 128, stride: 2, H: 56, W: 56, C: 64`");
    expect(facts(inResnet("layer2 = layer1 -> Basic", "Block(128, stride: 2)"))).toBe(
      "`[56, 56, 64]` → `[28, 28, 128]`\n229,760 parameters · 179,830,784 MACs\nat `layer2.0`",
    );
  });

  test("in a repeat has the paths of all its instances", () => {
    expect(facts(inResnet("repeat 3 { Basic", "Block(64)"))).toContain("at `layer1.0`, `layer1.1`, `layer1.2`");
  });

  test("is known where it is declared from the model of another file", () => {
    const text = facts(inBlock("block Basic", "Block(width"));
    expect(text).toBe(
      [
        "16 instances in `ResNet34`, 7 different",
        "the first: `width: 64, stride: 1, H: 56, W: 56, C: 64`",
        "73,856 parameters · 231,211,008 MACs",
      ].join("\n"),
    );
  });

  test("that no model uses has its signature and docs", () => {
    const { markdown } = hoverAt(
      "/// Alone.\nblock Al┆one(n: int) {\n  input x: [H, W, C]\n  output x2: [H, W, n]\n  x2 = x -> conv(n, kernel: 1)\n}",
    )!;
    expect(markdown).toBe("```bcos\nblock Alone(n: int)\n  input x: [H, W, C]\n  output x2: [H, W, n]\n```\n\nAlone.");
  });

  test("of two models in one file has the instances of both", () => {
    const block = "block B(n: int) {\n  input x: [H, W, C]\n  output y: [H, W, n]\n  y = x -> co┆nv(n, kernel: 1)\n}\n";
    const model = (name: string, n: number): string =>
      `model ${name} {\n  input image: [4, 4, 3]\n  output logits: [5]\n  a = image -> B(${n})\n  logits = a -> global_avg_pool -> fc: linear(5)\n}\n`;
    const text = facts(block + model("First", 7) + model("Second", 9));
    expect(text).toContain("| `[4, 4, 3]` → `[4, 4, 7]` | 42 | 672 | `a.y` |");
    expect(text).toContain("| `[4, 4, 3]` → `[4, 4, 9]` | 54 | 864 | `a.y` |");
  });
});

describe("names", () => {
  test.each([
    ["a parameter of a model", inResnet("cla", "sses: int"), "value `1000`"],
    ["a parameter where it is used", inResnet("linear(cla", "sses)"), "value `1000`"],
    ["a parameter of a block", inBlock("str", "ide: int = 1"), "value `1` in the first instance; in others `2`"],
    ["a dimension", inBlock("input  x: [", "H, W"), "value `56` in the first instance; in others `28`, `14`, `7`"],
    ["the name of an argument of a block", inResnet("BasicBlock(256, str", "ide: 2)"), "here `2`"],
    ["the name of an argument of a layer", inResnet("ker", "nel: 7"), "here `7`"],
    ["a binding", inResnet("layer2", " = layer1"), "30 layers · 1,115,264 parameters · 873,463,808 MACs"],
    [
      "a binding where it is used",
      inResnet("layer3 = lay", "er2"),
      "30 layers · 1,115,264 parameters · 873,463,808 MACs",
    ],
    ["an input", inResnet("input  ima", "ge"), "`[224, 224, 3]`"],
    [
      "the input of a block",
      inBlock("input  ", "x: [H"),
      "`[56, 56, 64]` in the first instance; in others `[28, 28, 128]`, `[14, 14, 256]`, `[7, 7, 512]`",
    ],
    ["a setting", inResnet("pre", "set: v2"), "here `v2`"],
    [
      "a model",
      inResnet("model ResNet", "34"),
      "`[224, 224, 3]` → `[1000]`\n`classes: 1000`\n124 layers · 21,797,568 parameters · 3,806,351,360 MACs\nB-cos preset `v2`",
    ],
    ["an imported file", inResnet("./blocks", "/residual"), "declares block `BasicBlock`"],
    [
      "an imported name",
      inResnet("import { Bas", "icBlock"),
      "16 instances in `ResNet34`, 7 different\nthe first: `width: 64, stride: 1, H: 56, W: 56, C: 64`\n73,856 parameters · 231,211,008 MACs",
    ],
    [
      "a function",
      { "main.bcos": resnet34, "blocks/residual.bcos": residual.replace("[H / stride", "[ce┆il(H / stride)") },
      "Rounded up; the division right inside it is exact.",
    ],
  ])("%s", (_, marked, expected) => {
    expect(facts(marked)).toBe(expected);
  });

  test("a setting that the preset gives is there with those of all presets", () => {
    const markdown = hoverAt(
      withHead("  a = image -> conv(8, kernel: 3)", "bcos { preset: v1, log┆it_temperature: 3 }"),
    )!.markdown;
    expect(markdown).toContain("here `3`");
    expect(markdown).toContain("presets: v1: `1`, v2: `1`, cosified: `1`");
  });

  test("a value of an enum", () => {
    const block =
      "block B(kind: enum(plain, dou┆ble) = plain) {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> if kind == double { norm -> norm } else { norm }\n}\n";
    const text = withHead("  a = image -> B -> B(double)", block);
    expect(hoverAt(text)!.markdown).toContain("A value of `kind`.");
    expect(facts(text)).toBe("value `plain` in the first instance; in others `double`");
  });

  test("a value that a layer takes", () => {
    expect(facts(withHead("  a = image -> conv(8, kernel: 3, padding: val┆id)"))).toMatch(
      /^`valid`: a value of `padding`\./,
    );
  });

  test("the number of an instance", () => {
    const text = withHead("  a = image -> repeat 2 { l{in┆dex + 1}: conv(8, kernel: 3) }");
    expect(facts(text)).toBe("The number of the instance inside `repeat`, from 0.");
  });
});

describe("what has no name", () => {
  test.each([
    [
      "a repeat",
      withHead("  a = image -> rep┆eat 3 { conv(3, kernel: 3, bias: true) }"),
      "`[32, 32, 3]` → `[32, 32, 3]`\n3 layers · 324 parameters · 331,776 MACs",
    ],
    ["a shape statement", withHead("  a = image -> conv(8, kernel: 3) : [3┆2, 32, 8]"), "`[32, 32, 8]`"],
    [
      "a shape that is computed",
      inBlock("output y: [", "H / stride"),
      "value `56` in the first instance; in others `28`, `14`, `7`",
    ],
    ["arithmetic", withHead("  a = image -> conv(2 ┆* 4 + 1, kernel: 3)"), "value `8`"],
    ["a sum", withHead("  b = image -> conv(8, kernel: 3)\n  a = b ┆+ b"), "`[32, 32, 8]` → `[32, 32, 8]`\nat `a.add`"],
    [
      "a concatenation",
      withHead("  b = image -> conv(8, kernel: 3)\n  a = con┆cat(b, b, image)"),
      "`[32, 32, 8]`, `[32, 32, 3]` → `[32, 32, 19]`\nat `a.concat`",
    ],
  ])("%s", (_, marked, expected) => {
    expect(facts(marked)).toBe(expected);
  });

  test.each([
    ["a comment", "// com┆ment\nblock B {\n}"],
    ["a number", withHead("  a = image -> conv(8, kernel: ┆3)")],
    ["a keyword", withHead("  a = image -> conv(8, kernel: 3)").replace("model", "mo┆del")],
    ["an empty file", "┆"],
  ])("%s has nothing to say", (_, marked) => {
    expect(hoverAt(marked)).toBeUndefined();
  });
});

describe("files with errors", () => {
  const broken = (rows: string): string =>
    withHead(`${rows}\n  b = a -> conv(4, kernal: 3)`).replace("logits = a", "logits = b");

  test("are known up to the error", () => {
    expect(facts(broken("  a = image -> co┆nv(8, kernel: 3)"))).toBe(
      "`[32, 32, 3]` → `[32, 32, 8]`\n432 parameters · 442,368 MACs\nin the B-cos form: B-cos conv, B 2\nweights at `a`",
    );
    expect(facts(broken("  ┆a = image -> conv(8, kernel: 3)"))).toBe("1 layer · 432 parameters · 442,368 MACs");
  });

  test("say of a model that it is not known as a whole", () => {
    const text = broken("  a = image -> conv(8, kernel: 3)").replace("model M", "model ┆M");
    expect(facts(text)).toContain("1 layer · 432 parameters · 442,368 MACs");
    expect(facts(text)).toContain("as far as it is known: the model has errors");
  });

  test("have docs at the error itself", () => {
    const { on, markdown } = hoverAt(withHead("  a = image -> con┆v(8, kernal: 3)"))!;
    expect(on).toBe("conv");
    expect(markdown).toContain("Convolution");
    expect(markdown).not.toContain("→");
  });

  test("have shapes where a shape rule fails behind", () => {
    expect(facts(withHead("  a = image -> max_p┆ool(2) -> conv(4, kernel: 99, padding: valid)"))).toContain(
      "`[32, 32, 3]` → `[16, 16, 3]`",
    );
  });

  test("have what stands in statements that a typing fault left whole", () => {
    const text = withHead("  a = image -> co┆nv(8, kernel: 3)\n  c = a -> -> norm");
    expect(facts(text)).toContain("432 parameters");
  });

  test("have no costs where the form does not fit, but shapes", () => {
    const text = withHead("  a = image -> conv(8, kernel: 3) -> no┆rm", "bcos { norm: group(3) }");
    expect(facts(text)).toBe("`[32, 32, 8]` → `[32, 32, 8]`\nin the B-cos form: group(3)\nweights at `a.norm0`");
  });
});
