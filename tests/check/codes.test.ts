/** One case for every code that the checker gives: what is found where, and how it looks. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { CheckOptions } from "../../src/compiler/check/check.ts";
import { catalogue } from "../../src/diagnostics/catalogue.ts";
import { check, findings, model, rendered, residual, withHead, type Sources } from "./helper.ts";

interface Case {
  readonly sources: Sources;
  readonly options?: CheckOptions;
  /** All findings: `code: text at the place`. The first has the code of the case. */
  readonly found: readonly string[];
}

const block = (rows: string, parameters = "width: int") => `block B(${parameters}) {
  input x: [H, W, C]
  output y: [H, W, C]
${rows}
}
`;
const same = block("  y = x -> norm -> repeat width { relu }");

const cases: Readonly<Record<string, Case>> = {
  "syntax/unopened": {
    sources: withHead("  a = image -> relu"),
    options: { settings: "b: 1 } bcos { b: 2" },
    found: ["syntax/unopened: --settings"],
  },
  "name/unknown": {
    sources: withHead("  a = imag -> relu"),
    found: ["name/unknown: imag"],
  },
  "name/used-before": {
    sources: withHead("  a = b -> relu\n  b = image -> relu"),
    found: ["name/used-before: b"],
  },
  "name/duplicate": {
    sources: withHead("  a = image -> relu\n  a = image -> norm"),
    found: ["name/duplicate: a"],
  },
  "name/reserved": {
    sources: `block relu {\n  input x: [H]\n  output y: [H]\n  y = x -> norm\n}\n`,
    found: ["name/reserved: relu"],
  },
  "name/wrong-kind": {
    sources: withHead("  a = image -> B(image)", same),
    found: ["name/wrong-kind: image"],
  },
  "name/unused": {
    sources: {
      "main.bcos": withHead(
        "  unused = image -> relu\n  _meant = image\n  a = image",
        'import { BasicBlock } from "./b.bcos"\n',
      ),
      "b.bcos": residual,
    },
    found: ["name/unused: BasicBlock", "name/unused: unused"],
  },
  "name/unassigned-output": {
    sources: model("  logit = image -> global_avg_pool -> linear(10)"),
    found: ["name/unassigned-output: logits"],
  },
  "name/weight-path": {
    sources: withHead("  a = image -> conv1: conv(4, kernel: 1) -> conv1: norm"),
    found: ["name/weight-path: conv1"],
  },
  "name/file-missing": {
    sources: withHead("  a = image -> B(1)", 'import { B } from "./blocks/b"\n'),
    found: ['name/file-missing: "./blocks/b"'],
  },
  "name/import-cycle": {
    sources: {
      "main.bcos": withHead("  a = image -> B(1)", 'import { B } from "./b.bcos"\n'),
      "b.bcos": `import { C } from "./c.bcos"\n${block("  y = x -> C(width)")}`,
      "c.bcos": `import { B } from "./b.bcos"\n${same.replace("block B", "block C")}`,
    },
    found: ['name/import-cycle: c.bcos "./b.bcos"'],
  },
  "name/recursion": {
    sources: block("  y = x -> D(width)") + block("  y = x -> B(width)").replace("block B", "block D"),
    found: ["name/recursion: B"],
  },
  "type/argument": {
    sources: withHead("  a = image -> conv(2.5, kernel: 3)"),
    found: ["type/argument: 2.5"],
  },
  "type/range": {
    sources: withHead("  a = image -> conv(4 - 4, kernel: 3)"),
    found: ["type/range: 4 - 4"],
  },
  "type/missing-argument": {
    sources: withHead("  a = image -> conv(4)"),
    found: ["type/missing-argument: conv"],
  },
  "type/duplicate-argument": {
    sources: withHead("  a = image -> conv(4, kernel: 3, width: 5)"),
    found: ["type/duplicate-argument: width: 5"],
  },
  "type/excess-argument": {
    sources: withHead("  a = image -> relu(4)"),
    found: ["type/excess-argument: 4"],
  },
  "type/argument-order": {
    sources: withHead("  a = image -> conv(kernel: 3, 4)"),
    found: ["type/argument-order: 4"],
  },
  "type/operand": {
    sources: withHead("  a = image -> conv(4 + true, kernel: 3)"),
    found: ["type/operand: true"],
  },
  "type/compare": {
    sources: withHead("  a = image -> if 4 == true { relu }"),
    found: ["type/compare: 4 == true"],
  },
  "type/condition": {
    sources: withHead("  a = image -> if 4 { relu }"),
    found: ["type/condition: 4"],
  },
  "type/dimension": {
    sources: withHead("  a = image -> relu : [32, 32, 3.0]"),
    found: ["type/dimension: 3.0"],
  },
  "type/function-arguments": {
    sources: withHead("  a = image -> conv(floor(4, 5), kernel: 3)"),
    found: ["type/function-arguments: floor(4, 5)"],
  },
  "type/variant-arguments": {
    sources: withHead("  a = image -> norm(group)"),
    found: ["type/variant-arguments: group"],
  },
  "type/repeat-count": {
    sources: withHead("  a = image -> repeat 2 - 3 { relu }"),
    found: ["type/repeat-count: 2 - 3"],
  },
  "type/division-by-zero": {
    sources: withHead("  a = image -> conv(4 / (2 - 2), kernel: 3)"),
    found: ["type/division-by-zero: 4 / (2 - 2)"],
  },
  "type/inexact-division": {
    sources: withHead("  a = image -> conv(9 / 2, kernel: 3)"),
    found: ["type/inexact-division: 9 / 2"],
  },
  "type/overflow": {
    sources: withHead("  a = image -> conv(9007199254740991 + 1, kernel: 3)"),
    found: ["type/overflow: 9007199254740991 + 1"],
  },
  "type/undefined-result": {
    sources: withHead("  a = image -> conv(floor(sqrt(0 - 4)), kernel: 3)"),
    found: ["type/undefined-result: sqrt(0 - 4)"],
  },
  "type/parameter-value": {
    sources: "model M(n: int) {\n  input x: [4, 4, 1]\n  output y: [n]\n  y = x -> global_avg_pool -> linear(n)\n}\n",
    found: ["type/parameter-value: n"],
  },
  "type/port-count": {
    sources: block("  y = x -> repeat width { relu }").replace(
      "input x: [H, W, C]",
      "input x: [H, W, C]\n  input z: [1]",
    ),
    found: ["type/port-count: B"],
  },
  "shape/ascription": {
    sources: withHead("  a = image -> conv(4, kernel: 3, stride: 2) : [32, 16, 4]"),
    found: ["shape/ascription: [32, 16, 4]"],
  },
  "shape/mismatch": {
    sources: withHead(
      "  a = image -> conv1: conv(8, kernel: 3) -> repeat 3 { Block(16, stride: 2) }",
      `block Block(width: int, stride: int = 1) {
  input x: [H, W, C]
  output y: [H / stride, W / stride, width]
  main = x -> conv1: conv(width, kernel: 3, stride: stride) -> relu
  skip = x
  y = main + skip -> relu
}
`,
    ),
    found: ["shape/mismatch: main + skip"],
  },
  "shape/input": {
    sources: withHead("  a = image -> B(2)", same.replace("[H, W, C]", "[H, W, 4]").replace("[H, W, C]", "[H, W, 4]")),
    found: ["shape/input: B(2)"],
  },
  "shape/symbol": {
    sources: withHead(
      "  b = image -> conv(4, kernel: 3, stride: [2, 1])\n  a = b -> B(1)",
      same.replaceAll("[H, W, C]", "[S, S, C]"),
    ),
    found: ["shape/symbol: B(1)"],
  },
  "shape/dimension": {
    sources: withHead("  a = image : [32, 32, 3 - 3]"),
    found: ["shape/dimension: 3 - 3"],
  },
  "shape/output": {
    sources: withHead("  a = image -> B(4)", block("  y = x -> conv(width, kernel: 3, stride: 2)")),
    found: ["shape/output: [H, W, C]"],
  },
  "bcos/settings-place": {
    sources: withHead("  a = image -> B(1)", block("  bcos { b: 2 }\n  y = x -> repeat width { relu }")),
    found: ["bcos/settings-place: bcos { b: 2 }"],
  },
  "bcos/settings-unused": {
    sources: `bcos { b: 2 }\n${same}`,
    found: ["bcos/settings-unused: bcos { b: 2 }"],
  },
  "bcos/encode-channels": {
    sources: withHead("  a = image -> relu", "bcos { encode: add_inverse_normalized([0.5], [0.25]) }"),
    found: ["bcos/encode-channels: add_inverse_normalized([0.5], [0.25])"],
  },
  "bcos/encode-deviation": {
    sources: withHead("  a = image -> relu", "bcos { encode: add_inverse_normalized([0, 0, 0], [1, 1, 0]) }"),
    found: ["bcos/encode-deviation: add_inverse_normalized([0, 0, 0], [1, 1, 0])"],
  },
  "bcos/logit-bias": {
    sources: "model M {\n  input x: [4, 4, 1]\n  output y: [1]\n  y = x -> global_avg_pool -> linear(1)\n}\n",
    found: ["bcos/logit-bias: M"],
  },
  "limit/depth": {
    sources: withHead(
      "  a = image -> B0",
      Array.from({ length: 50 }, (_, i) => {
        const step = i === 49 ? "x" : `x -> B${i + 1}`;
        const flow = `${"concat(".repeat(40)}${step}${")".repeat(40)}`;
        return `block B${i} {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = ${flow}\n}\n`;
      }).join(""),
    ),
    found: [`limit/depth: ${"concat(".repeat(40)}x -> B35${")".repeat(40)}`],
  },
  "limit/expansion-depth": {
    sources: withHead(
      "  a = image -> B0",
      Array.from({ length: 80 }, (_, i) => {
        const step = i === 79 ? "relu" : `B${i + 1}`;
        return `block B${i} {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> ${step}\n}\n`;
      }).join(""),
    ),
    found: ["limit/expansion-depth: B64"],
  },
  "limit/layers": {
    sources: withHead("  a = image -> repeat 1000 { repeat 1000 { relu } }"),
    found: ["limit/layers: relu"],
  },
  "limit/expansion": {
    sources: withHead("  a = image -> repeat 1000 { repeat 1000 { repeat 0 { relu } } }"),
    found: ["limit/expansion: repeat 0 { relu }"],
  },
  "limit/repeat": {
    sources: withHead("  a = image -> repeat 1000 * 1000 { relu }"),
    found: ["limit/repeat: 1000 * 1000"],
  },
  "limit/rank": {
    sources: withHead("  a = image -> relu : [1, 2, 3, 4, 5, 6, 7, 8, 9]"),
    found: ["limit/rank: [1, 2, 3, 4, 5, 6, 7, 8, 9]"],
  },
  "limit/tensor": {
    sources: withHead("  a = image -> conv(4000000, kernel: 3)"),
    found: ["limit/tensor: conv(4000000, kernel: 3)"],
  },
  "limit/weights": {
    sources: withHead("  a = image -> repeat 8 { conv(20000, kernel: 1) }"),
    found: ["limit/weights: conv(20000, kernel: 1)"],
  },
  "limit/imports": {
    sources: {
      "main.bcos": Array.from({ length: 200 }, (_, i) => `import { B } from "./f${i}.bcos"\n`).join(""),
      ...Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}.bcos`, same])),
    },
    found: ['limit/imports: "./f199.bcos"'],
  },
  "limit/import-depth": {
    sources: Object.fromEntries(
      Array.from({ length: 70 }, (_, i) => [
        i === 0 ? "main.bcos" : `f${i}.bcos`,
        `import { B } from "./f${i + 1}.bcos"\n`,
      ]),
    ),
    found: ['limit/import-depth: f63.bcos "./f64.bcos"'],
  },
};

describe("codes", () => {
  for (const [code, { sources, options, found }] of Object.entries(cases)) {
    test(code, () => {
      const result = check(sources, options);
      // Cases about limits are too long to show whole.
      const relevant = code.startsWith("limit/import")
        ? findings(result).filter((f) => f.startsWith(code))
        : findings(result);
      expect(relevant).toEqual(found);
      const shown = rendered(sources, result);
      if (shown.length < 4000) expect(shown).toMatchSnapshot();
    });
  }

  test("every code that the checker's source names has a case", () => {
    const folder = new URL("../../src/compiler/check/", import.meta.url);
    const named = new Set<string>();
    for (const file of readdirSync(folder)) {
      const text = readFileSync(new URL(file, folder), "utf8");
      for (const [, code] of text.matchAll(/"([a-z]+\/[a-z-]+)"/g)) if (code! in catalogue) named.add(code!);
    }
    // What a command says that wants one model, and the file has none or several.
    for (const code of ["usage/no-model", "usage/which-model"]) named.delete(code);
    expect([...named].filter((code) => !(code in cases)).sort()).toEqual([]);
    expect(named.size).toBeGreaterThan(40);
  });
});
