/** Inlay hints, drawn into the text as `‹hint›`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { summarise } from "../../src/compiler/network/summary.ts";
import { scaled } from "../../src/compiler/scaled.ts";
import { applyEdits } from "../../src/language/edits.ts";
import { inlayHints, type InlayHint, type InlayHintOptions } from "../../src/language/inlay-hints.ts";
import type { Workspace } from "../../src/language/workspace.ts";
import { check, residual, resnet34Files, withHead } from "../check/helper.ts";
import { fixture, workspaceOf, type Files } from "./fixture.ts";

const models = join(import.meta.dirname, "../../models");
const off: InlayHintOptions = { shapes: "off", argumentNames: false, totals: false, values: false };

function hintsOf(files: string | Files, options?: InlayHintOptions, path = "main.bcos"): readonly InlayHint[] {
  const { workspace, texts } = fixture(files);
  return inlayHints(workspace, path, { start: 0, end: texts[path]!.length }, options);
}

function drawn(files: string | Files, options?: InlayHintOptions, path = "main.bcos"): string {
  const text = typeof files === "string" ? files : files[path]!;
  const edits = hintsOf(files, options, path).map(({ offset, text: hint }) => ({
    span: { file: path, start: offset, end: offset },
    text: `‹${hint}›`,
  }));
  return applyEdits(text, edits);
}

/** The lines of a drawn text that have the word. */
function line(text: string, word: string): string {
  return text
    .split("\n")
    .find((each) => each.trimStart().startsWith(word))!
    .trim();
}

describe("shapes", () => {
  test("stand behind every step", () => {
    expect(line(drawn(resnet34Files, { ...off, shapes: "every" }), "stem")).toBe(
      "stem   = image  -> conv1: conv(64, kernel: 7, stride: 2)‹ : [112, 112, 64]› -> bn1: norm‹ : [112, 112, 64]› -> relu‹ : [112, 112, 64]› -> max_pool(3, stride: 2) : [56, 56, 64]",
    );
  });

  test("or behind those that change it", () => {
    const text = drawn(resnet34Files, { ...off, shapes: "changed" });
    expect(line(text, "stem")).toBe(
      "stem   = image  -> conv1: conv(64, kernel: 7, stride: 2)‹ : [112, 112, 64]› -> bn1: norm -> relu -> max_pool(3, stride: 2) : [56, 56, 64]",
    );
    expect(line(text, "layer1")).toBe("layer1 = stem   -> repeat 3 { BasicBlock(64)‹ : [56, 56, 64]› }");
  });

  test("do not stand where a statement says them", () => {
    const text = drawn(resnet34Files, { ...off, shapes: "every" });
    expect(line(text, "layer4")).toMatch(/repeat 2 \{ BasicBlock\(512\)‹ : \[7, 7, 512\]› \} : \[7, 7, 512\]$/);
  });

  test("of blocks are those of the first instance, marked where others differ", () => {
    const hints = hintsOf(resnet34Files, { ...off, shapes: "every" }, "blocks/residual.bcos");
    const text = drawn(resnet34Files, { ...off, shapes: "every" }, "blocks/residual.bcos");
    expect(line(text, "y    =")).toBe("y    = main + skip -> relu‹ : [56, 56, 64] …›");
    expect(line(text, "skip =")).toBe(
      "skip = if stride == 1 and C == width { x } else { x -> downsample.0: conv(width, kernel: 1, stride: stride)‹ : [28, 28, 128] …› -> downsample.1: norm‹ : [28, 28, 128] …› }‹ : [56, 56, 64] …›",
    );
    expect(hints.find(({ text }) => text.includes("…"))?.tooltip).toBe(
      "in the first instance of `main.bcos`; in others `[28, 28, 128]`, `[14, 14, 256]`, `[7, 7, 512]`",
    );
  });

  test("stand behind joins that no step follows", () => {
    const text = drawn(withHead("  b = image -> conv(8, kernel: 3)\n  c = b + b\n  a = concat(c, image) -> norm"), {
      ...off,
      shapes: "changed",
    });
    expect(line(text, "c =")).toBe("c = b + b‹ : [32, 32, 8]›");
    expect(line(text, "a =")).toBe("a = concat(c, image)‹ : [32, 32, 11]› -> norm");
  });

  test("of a step in a repeat that grows are marked", () => {
    const block =
      "block Grow {\n  input x: [H, W, C]\n  output y: [H, W, C + 4]\n  new = x -> conv(4, kernel: 3)\n  y = concat(x, new)\n}\n";
    const text = drawn(withHead("  a = image -> repeat 3 { Grow }", block), { ...off, shapes: "every" });
    expect(line(text, "a =")).toBe("a = image -> repeat 3 { Grow‹ : [32, 32, 7] …› }‹ : [32, 32, 15]›");
  });

  test("can be written into the text, which then has no hint there and means the same", () => {
    const files = resnet34Files;
    const edits = hintsOf(files, { ...off, shapes: "every" }).flatMap((hint) => hint.edits ?? []);
    const stated = { ...files, "main.bcos": applyEdits(files["main.bcos"], edits) };
    expect(hintsOf(stated, { ...off, shapes: "every" })).toEqual([]);
    const before = check(files);
    const after = check(stated);
    expect(after.diagnostics).toEqual([]);
    expect(after.networks[0]!.layers.map(({ path, shape }) => [path, shape])).toEqual(
      before.networks[0]!.layers.map(({ path, shape }) => [path, shape]),
    );
  });
});

describe("names of arguments", () => {
  const names: InlayHintOptions = { ...off, argumentNames: true };

  test("stand before those that have none", () => {
    const text = drawn(resnet34Files, names);
    expect(line(text, "stem")).toBe(
      "stem   = image  -> conv1: conv(‹width: ›64, kernel: 7, stride: 2) -> bn1: norm -> relu -> max_pool(‹kernel: ›3, stride: 2) : [56, 56, 64]",
    );
    expect(line(text, "layer1")).toBe("layer1 = stem   -> repeat 3 { BasicBlock(‹width: ›64) }");
  });

  test("do not stand before a name that is the same", () => {
    const text = drawn(resnet34Files, names, "blocks/residual.bcos");
    expect(text).toBe(residual);
  });

  test("are there without any model, and in calls with an error", () => {
    expect(
      drawn(
        "block B {\n  input x: [H, W, C]\n  y = x -> conv(8, krnel: 3) -> linear(3, 2, 1, free, true, 7)\n}",
        names,
      ),
    ).toContain(
      "conv(‹width: ›8, krnel: 3) -> linear(‹width: ›3, ‹b: ›2, ‹maxout: ›1, ‹weights: ›free, ‹bias: ›true, 7)",
    );
  });
});

describe("totals of a repeat", () => {
  const totals: InlayHintOptions = { ...off, totals: true };

  test("count weight layers and parameters", () => {
    const text = drawn(resnet34Files, totals);
    expect(line(text, "layer1")).toMatch(/\}‹ × 3 = 6 weight layers, 222 k parameters›$/);
    expect(line(text, "layer3")).toMatch(/\}‹ × 5 = 10 weight layers, 5\.9 M parameters›$/);
  });

  test("are those of the form", () => {
    const rows = "  a = image -> repeat 3 { conv(3, kernel: 3) }";
    expect(line(drawn(withHead(rows), totals), "a =")).toMatch(/× 3 = 3 weight layers, 324 parameters›$/);
    expect(line(drawn(withHead(rows), { ...totals, form: "standard" }), "a =")).toMatch(
      /× 3 = 3 weight layers, 243 parameters›$/,
    );
  });

  test("inside a block are those of its first instance", () => {
    const block =
      "block Stage(width: int, n: int) {\n  input x: [H, W, C]\n  output y: [H, W, width]\n  y = x -> repeat n { conv(width, kernel: 1) }\n}\n";
    const text = withHead("  a = image -> Stage(4, 2) -> Stage(8, 3)", block);
    expect(line(drawn(text, totals), "y =")).toMatch(/\}‹ × 2 = 2 weight layers, 40 parameters›$/);
    expect(hintsOf(text, totals).map(({ tooltip }) => tooltip)).toEqual([
      "40 parameters · 40,960 MACs in the first of 2 instances",
    ]);
  });

  test("say nothing of a repeat without weights, or of none", () => {
    expect(hintsOf(withHead("  a = image -> repeat 3 { max_pool(2) }"), totals)).toEqual([]);
    expect(hintsOf(withHead("  a = image -> repeat 0 { conv(3, kernel: 3) }"), totals)).toEqual([]);
  });

  test.each(["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50-32x4d"])(
    "agree with the layer table of `bcosc inspect`: %s",
    (model) => {
      const files = Object.fromEntries(
        [`${model}.bcos`, "blocks/residual.bcos"].map((path) => [path, readFileSync(join(models, path), "utf8")]),
      );
      const text = files[`${model}.bcos`]!;
      for (const form of ["bcos", "standard"] as const) {
        const rows = summarise(checkFile(createNodeHost(), join(models, `${model}.bcos`)).networks[0]!, form);
        const hints = hintsOf(files, { ...totals, form }, `${model}.bcos`);
        expect(hints.length).toBeGreaterThan(0);
        for (const { offset, tooltip, text: hint } of hints) {
          const row = /(?<name>layer\d) = [^=]*repeat (?<count>\d+) \{[^}]*\}$/.exec(text.slice(0, offset))!.groups!;
          // The repeat makes the last instances of its row.
          const own = rows.filter(({ path }) => path.startsWith(`${row["name"]}.`));
          const last = Math.max(...own.map(({ path }) => Number(path.split(".")[1])));
          const made = own.filter(({ path }) => Number(path.split(".")[1]) > last - Number(row["count"]));
          const parameters = made.reduce((sum, layer) => sum + layer.parameters, 0);
          const macs = made.reduce((sum, layer) => sum + layer.macs, 0);
          expect(tooltip).toBe(
            `${parameters.toLocaleString("en-US")} parameters · ${macs.toLocaleString("en-US")} MACs`,
          );
          expect(hint).toContain(`, ${scaled(parameters)} parameters`);
        }
      }
    },
  );
});

describe("values", () => {
  const values: InlayHintOptions = { ...off, values: true };

  test("of parameters, symbols and computed shapes of a block", () => {
    const text = drawn(resnet34Files, values, "blocks/residual.bcos");
    expect(line(text, "block")).toBe("block BasicBlock(width: int‹ = 64 …›, stride: int = 1‹ = 1 …›) {");
    expect(line(text, "input")).toBe("input  x: [H‹ = 56 …›, W‹ = 56 …›, C‹ = 64 …›]");
    expect(line(text, "output")).toBe("output y: [H / stride, W / stride, width]‹ = [56, 56, 64] …›");
  });

  test("do not repeat a number that is written", () => {
    const text = drawn(resnet34Files, values);
    expect(line(text, "model")).toBe("model ResNet34(classes: int = 1000) {");
    expect(line(text, "input")).toBe("input  image: [224, 224, 3]");
    expect(line(text, "output")).toBe("output logits: [classes]‹ = [1000]›");
  });

  test("of a default that is computed", () => {
    const text = withHead("  a = image -> conv(wide, kernel: 3) : [32, 32, wide]").replace(
      "model M",
      "model M(n: int = 4, wide: int = 2 * n)",
    );
    expect(line(drawn(text, values), "model")).toBe("model M(n: int = 4, wide: int = 2 * n‹ = 8›) {");
    expect(line(drawn(text, values), "a =")).toBe(
      "a = image -> conv(wide, kernel: 3) : [32, 32, wide]‹ = [32, 32, 8]›",
    );
  });
});

describe("a block that several files use", () => {
  const uses = (name: string, size: number): string =>
    `import { BasicBlock } from "./blocks/residual.bcos"\n${withHead("  a = image -> BasicBlock(8)").replaceAll("32", String(size)).replace("model M", `model ${name}`)}`;
  const files = { "b.bcos": uses("B", 8), "c.bcos": uses("C", 16), "blocks/residual.bcos": residual };
  const shape = (workspace: Workspace): string | undefined =>
    inlayHints(workspace, "blocks/residual.bcos", { start: 0, end: residual.length }).find(
      ({ kind }) => kind === "shape",
    )?.text;

  test("is shown as in the first of them, or as in the one that is open", () => {
    const { workspace } = fixture(files);
    expect(shape(workspace)).toBe(" : [8, 8, 8]");
    workspace.open("c.bcos", files["c.bcos"]);
    expect(shape(workspace)).toBe(" : [16, 16, 8]");
    workspace.close("c.bcos");
    expect(shape(workspace)).toBe(" : [8, 8, 8]");
  });
});

describe("the range", () => {
  test("has all hints in it and none outside", () => {
    const { workspace, texts } = fixture(resnet34Files);
    const text = texts["main.bcos"]!;
    const all = inlayHints(workspace, "main.bcos", { start: 0, end: text.length });
    expect(all.length).toBeGreaterThan(20);
    for (let start = 0; start < text.length; start += 37) {
      for (const end of [start, start + 1, start + 100, text.length + 10]) {
        const inside = all.filter(({ offset }) => offset >= start && offset <= end);
        expect(inlayHints(workspace, "main.bcos", { start, end })).toEqual(inside);
      }
    }
  });

  test("of another file is empty", () => {
    expect(inlayHints(workspaceOf(resnet34Files), "none.bcos", { start: 0, end: 100 })).toEqual([]);
  });
});

describe("files with errors", () => {
  test("have the shapes up to the error", () => {
    const text = withHead(
      "  b = image -> conv(8, kernel: 3) -> norm -> conv(8, kernal: 3) -> relu\n  a = image -> conv(4, kernel: 3)",
    );
    expect(line(drawn(text, { ...off, shapes: "every" }), "b =")).toBe(
      "b = image -> conv(8, kernel: 3)‹ : [32, 32, 8]› -> norm‹ : [32, 32, 8]› -> conv(8, kernal: 3) -> relu",
    );
    expect(line(drawn(text, { ...off, shapes: "every" }), "a =")).toBe(
      "a = image -> conv(4, kernel: 3)‹ : [32, 32, 4]›",
    );
  });

  test("have totals of what is whole", () => {
    const text = withHead(
      "  b = image -> repeat 2 { conv(3, kernel: 3) } -> conv(8, kernal: 3)\n  a = image -> repeat 2 { conv(4, kernel: (3 }",
    );
    const totals = hintsOf(text, { ...off, totals: true }).map((hint) => hint.text);
    expect(totals).toEqual([" × 2 = 2 weight layers, 243 parameters"]);
  });
});
