/** Nothing that is written makes the checker throw, hang or give a network beside an error. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { hasErrors } from "../../src/diagnostics/diagnostic.ts";
import { check, findings, networkOf, resnet34Files, resnet34, residual, withHead } from "./helper.ts";

const tokens = [
  ..."{}()[]:,+*-/%=",
  "->",
  "\n",
  "conv",
  "BasicBlock",
  "repeat",
  "if",
  "else",
  "H",
  "width",
  "image",
  "0",
  "99999999999999999999",
  "1.5",
  "model",
  "block",
  "input",
  "output",
  "concat",
  "index",
  "constructor",
  "__proto__",
  '"',
  "///",
];

/** A text with some ranges replaced by tokens. */
function mutated(text: string, edits: readonly (readonly [number, number, string])[]): string {
  return edits.reduce((current, [at, length, token]) => {
    const start = at % (current.length + 1);
    return current.slice(0, start) + token + current.slice(start + length);
  }, text);
}

const edits = fc.array(fc.tuple(fc.nat(10_000), fc.nat(12), fc.oneof(fc.constantFrom(...tokens), fc.constant(""))), {
  minLength: 1,
  maxLength: 4,
});

describe("mutated files", () => {
  test("give diagnostics with places inside their files, and no network beside an error in it", () => {
    fc.assert(
      fc.property(edits, edits, fc.boolean(), (main, block, both) => {
        const result = check({
          "main.bcos": mutated(resnet34, main),
          "blocks/residual.bcos": both ? mutated(residual, block) : residual,
        });
        for (const { span, related, expansion, fixes } of result.diagnostics) {
          const spans = [span, ...related.map((r) => r.span), ...expansion.map((e) => e.span)];
          for (const fix of fixes) spans.push(...fix.edits.map((e) => e.span));
          for (const place of spans) {
            if (place === undefined) continue;
            const { text } = result.files.get(place.file)!;
            expect(place.start).toBeGreaterThanOrEqual(0);
            expect(place.end).toBeGreaterThanOrEqual(place.start);
            expect(place.end).toBeLessThanOrEqual(text.length);
          }
        }
        const errors = result.diagnostics.filter((d) => d.severity === "error");
        if (result.files.get("main.bcos")!.file.declarations.length === 1) {
          expect(result.networks.length === 0 || errors.every((e) => e.span?.file !== "main.bcos")).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("a removed character of a name gives one error", () => {
    for (const name of [
      "stem  ->",
      "BasicBlock(128)",
      "global_avg_pool",
      "linear(classes)",
      "classes]",
      "C == width",
    ]) {
      const files = Object.fromEntries(
        Object.entries(resnet34Files).map(([path, text]) => [path, text.replace(name, `x${name.slice(1)}`)]),
      );
      const errors = check(
        name.startsWith("stem") ? { ...files, "main.bcos": resnet34.replace("stem   ->", "xtem   ->") } : files,
      );
      expect(errors.diagnostics.map((d) => d.severity)).toEqual(["error"]);
    }
  });

  test("a fault in a block that is used twelve times gives one error with one chain", () => {
    const files = {
      ...resnet34Files,
      "blocks/residual.bcos": residual.replace("conv2: conv(width,", "conv2: conv(width - 1,"),
    };
    const result = check(files);
    expect(findings(result)).toEqual(["shape/mismatch: blocks/residual.bcos main + skip"]);
    expect(result.diagnostics[0]!.expansion.map((link) => link.call)).toEqual(["BasicBlock(64)"]);
  });

  test("a wrong layer inside a repeat gives one error", () => {
    expect(findings(check(withHead("  a = image -> repeat 5 { conv(index - 9, kernel: 1) }")))).toEqual([
      "type/range: index - 9",
    ]);
  });
});

describe("one fault, one error", () => {
  test("a lost or strange character gives at most one error in nearly all places", () => {
    let several = 0;
    let places = 0;
    for (const [path, text] of Object.entries(resnet34Files)) {
      // Every third character keeps the run short.
      for (let i = 0; i < text.length; i += 3) {
        if (/\s/.test(text[i]!)) continue;
        const result = check({
          ...resnet34Files,
          [path]: `${text.slice(0, i)}${i % 2 === 0 ? "" : "q"}${text.slice(i + 1)}`,
        });
        places++;
        if (result.diagnostics.filter((d) => d.severity === "error").length > 1) several++;
      }
    }
    expect(places).toBeGreaterThan(250);
    // A renamed parameter is missing inside its block and in its callers: two errors, in two files.
    expect(several / places).toBeLessThan(0.02);
  });

  test("syntax errors hide what they may have caused", () => {
    const broken = resnet34.replace("layer2 = layer1 ->", "layer2 layer1 ->");
    const result = check({ ...resnet34Files, "main.bcos": broken });
    expect(result.diagnostics.filter((d) => d.severity === "error")).toHaveLength(1);
    expect(result.networks).toEqual([]);
  });

  test("a broken block header hides what its callers say about it", () => {
    const broken = residual.replace("(width: int, stride: int = 1)", "(width: int, stride int = 1)");
    const codes = check({ ...resnet34Files, "blocks/residual.bcos": broken }).diagnostics.map((d) => d.code);
    expect(codes).toHaveLength(1);
    expect(codes[0]).toMatch(/^syntax\//);
  });

  test("the users of a binding with an error have none", () => {
    const result = check(
      withHead("  b = image -> conv(0, kernel: 1)\n  c = b -> conv(3, kernel: 99)\n  a = b + c -> relu"),
    );
    expect(findings(result)).toEqual(["type/range: 0"]);
  });
});

describe("size", () => {
  /** n blocks, each with ten of the one before. */
  const tower = (n: number) =>
    Array.from({ length: n }, (_, i) => {
      const step = i === 0 ? "relu" : `B${i - 1}`;
      return `block B${i} {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> repeat 10 { ${step} }\n}\n`;
    }).join("");

  test("blocks in blocks in blocks end at a limit at once", () => {
    const start = performance.now();
    const result = check(withHead("  a = image -> B39", tower(40)));
    expect(findings(result)).toEqual(["limit/layers: B3"]);
    expect(result.diagnostics[0]!.expansion).toHaveLength(36);
    const repeated = check(withHead(`  a = image ${"-> repeat 1000 { B0 ".repeat(8)}${"}".repeat(8)}`, tower(1)));
    expect(findings(repeated)).toEqual(["limit/layers: B0"]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("blocks without layers end at a limit too", () => {
    const empty = tower(1).replace("relu", "repeat 0 { relu }");
    const result = check(withHead(`  a = image ${"-> repeat 1000 { B0 ".repeat(8)}${"}".repeat(8)}`, empty));
    expect(result.diagnostics.map((d) => d.code)).toEqual(["limit/expansion"]);
  });

  test("a ResNet-152 with bottlenecks is expanded once for each kind of block", () => {
    const network = networkOf(`block Bottleneck(width: int, stride: int = 1) {
  input  x: [H, W, C]
  output y: [H / stride, W / stride, 4 * width]
  main = x -> conv1: conv(width, kernel: 1) -> bn1: norm -> relu
           -> conv2: conv(width, kernel: 3, stride: stride) -> bn2: norm -> relu
           -> conv3: conv(4 * width, kernel: 1) -> bn3: norm
  skip = if stride == 1 and C == 4 * width { x } else { x -> downsample.0: conv(4 * width, kernel: 1, stride: stride) -> downsample.1: norm }
  y = main + skip -> relu
}
model ResNet152(classes: int = 1000) {
  input  image: [224, 224, 3]
  output logits: [classes]
  stem   = image  -> conv1: conv(64, kernel: 7, stride: 2) -> bn1: norm -> relu -> max_pool(3, stride: 2)
  layer1 = stem   -> repeat 3 { Bottleneck(64) }
  layer2 = layer1 -> Bottleneck(128, stride: 2) -> repeat 7 { Bottleneck(128) }
  layer3 = layer2 -> Bottleneck(256, stride: 2) -> repeat 35 { Bottleneck(256) }
  layer4 = layer3 -> Bottleneck(512, stride: 2) -> repeat 2 { Bottleneck(512) } : [7, 7, 2048]
  logits = layer4 -> global_avg_pool -> fc: linear(classes)
}`);
    expect(network.layers.filter((l) => l.layer === "conv" || l.layer === "linear")).toHaveLength(156);
    expect(network.layers.some((l) => l.path === "layer3.35.conv3")).toBe(true);
  });

  test("sums as long as the parser takes them, and deep nesting, do not end the stack", () => {
    const sum = check(withHead(`  a = ${"image + ".repeat(990)}image`));
    expect(hasErrors(sum.diagnostics)).toBe(false);
    const nested = check(withHead(`  a = ${"(".repeat(5000)}image${")".repeat(5000)}`));
    expect(nested.diagnostics.map((d) => d.severity)).toContain("error");
    const choices = check(withHead(`  a = ${"if false { image } else ".repeat(1000)}{ image }`));
    expect(hasErrors(choices.diagnostics)).toBe(false);
    const choicesInARow = check(withHead(`  a = image -> ${"if false { relu } else ".repeat(1000)}{ relu }`));
    expect(choicesInARow.diagnostics.map((d) => d.code)).toEqual(["limit/depth"]);
    const chain = check(withHead(`  a = image${" -> relu".repeat(5000)}`));
    expect(hasErrors(chain.diagnostics)).toBe(false);
  });

  test("thousands of unknown names take no time", () => {
    const names = (word: string) => Array.from({ length: 3000 }, (_, i) => `  ${word}${i} = image`).join("\n");
    const uses = Array.from({ length: 2000 }, (_, i) => `  use${i} = nothing${i}`).join("\n");
    const start = performance.now();
    check(withHead(`${names("name")}\n${uses}\n  a = image`));
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe("hosts", () => {
  test("a missing entry is a finding without a place in a source", () => {
    const result = checkFile({ read: () => undefined, resolve: (_, s) => s }, "none.bcos");
    expect(findings(result)).toEqual(["name/file-missing: (none.bcos)"]);
    expect(result.networks).toEqual([]);
  });

  test("names of JavaScript's own are names like others", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      const result = check(withHead(`  a = image -> ${name} -> conv(4, kernel: 1, ${name}: 3, padding: ${name})`));
      expect(result.diagnostics.map((d) => d.code)).toEqual(["name/unknown", "name/unknown", "name/unknown"]);
      expect(findings(check(withHead(`  a = image -> norm(kind: ${name}(1))`)))).toEqual([`name/unknown: ${name}`]);
      expect(findings(check(withHead(`  ${name} = image\n  a = ${name}`)))).toEqual([]);
      expect(findings(check(withHead("  a = image", `bcos { ${name}: 3 }`)))).toEqual([`name/unknown: ${name}`]);
    }
  });
});
