/** Compile-time arithmetic, against the rules that it should keep. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "./helper.ts";
import { evaluate } from "../../src/compiler/check/evaluate-expression.ts";
import type { Constant } from "../../src/compiler/check/constants.ts";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import type { Expression } from "../../src/compiler/syntax/ast.ts";

function parse(text: string): Expression {
  const { file, diagnostics } = parseFile("e.bcos", `bcos { b: ${text} }\n`);
  expect(diagnostics).toEqual([]);
  return file.settings[0]!.settings[0]!.value;
}

/** The value and the codes of what was reported. */
function run(text: string, names: Readonly<Record<string, Constant>> = {}) {
  const codes: string[] = [];
  const context = { faulty: new Set<object>(), report: (_: unknown, code: string) => void codes.push(code) };
  const constant = evaluate(context, new Map(Object.entries(names)), parse(text));
  return { constant, codes };
}

const value = (text: string) => {
  const { constant } = run(text);
  return constant !== undefined && "value" in constant ? constant.value : undefined;
};
const int = (value: number): Constant => ({ kind: "int", value });

describe("arithmetic", () => {
  test("follows the usual order", () => {
    expect(value("1 + 2 * 3")).toBe(7);
    expect(value("(1 + 2) * 3")).toBe(9);
    expect(value("10 - 3 - 2")).toBe(5);
    expect(value("2 * 7 % 4")).toBe(2);
    expect(value("-2 + 5")).toBe(3);
    expect(value("not 1 > 2 and 3 <= 3")).toBe(true);
    expect(value("1 == 2 or 2 != 3")).toBe(true);
  });

  test("ints and floats are different", () => {
    expect(run("7 / 2")).toEqual({ constant: int(3), codes: ["type/inexact-division"] });
    expect(run("8 / 2")).toEqual({ constant: int(4), codes: [] });
    expect(run("7 / 2.0")).toEqual({ constant: { kind: "float", value: 3.5 }, codes: [] });
    expect(run("2 * 1.5")).toEqual({ constant: { kind: "float", value: 3 }, codes: [] });
    expect(run("2 == 2.0").constant).toEqual({ kind: "bool", value: true });
    expect(run("max(1, 2)").constant).toEqual(int(2));
    expect(run("max(1, 2.0)").constant).toEqual({ kind: "float", value: 2 });
    expect(run("floor(2.7)").constant).toEqual(int(2));
    expect(run("ceil(2.2)").constant).toEqual(int(3));
    expect(run("sqrt(16)").constant).toEqual({ kind: "float", value: 4 });
    expect(run("ln(1)").constant).toEqual({ kind: "float", value: 0 });
  });

  test("division rounds down also for negative numbers, and there is no negative zero", () => {
    expect(value("(0 - 7) / 2")).toBe(-4);
    expect(value("(0 - 7) % 2")).toBe(1);
    expect(Object.is(value("0 * (0 - 1)"), 0)).toBe(true);
    expect(Object.is(value("-0"), 0)).toBe(true);
  });

  test("ceil and floor round the quotient right inside them, without a warning", () => {
    expect(run("ceil(7 / 2)")).toEqual({ constant: int(4), codes: [] });
    expect(run("floor(7 / 2)")).toEqual({ constant: int(3), codes: [] });
    expect(run("ceil((0 - 7) / 2)")).toEqual({ constant: int(-3), codes: [] });
    expect(run("ceil(8 / 2)")).toEqual({ constant: int(4), codes: [] });
    expect(run("ceil(7 / 2 / 2)")).toEqual({ constant: int(2), codes: ["type/inexact-division"] });
    expect(run("ceil(1 / 0)").codes).toEqual(["type/division-by-zero"]);
  });

  test("what has no value is reported", () => {
    expect(run("1 / 0").codes).toEqual(["type/division-by-zero"]);
    expect(run("1 % 0").codes).toEqual(["type/division-by-zero"]);
    expect(run("9007199254740991 * 2").codes).toEqual(["type/overflow"]);
    expect(run("1.0e308 * 10").codes).toEqual(["type/overflow"]);
    expect(run("sqrt(0 - 1)").codes).toEqual(["type/undefined-result"]);
    expect(run("ln(0)").codes).toEqual(["type/undefined-result"]);
    expect(run("ceil(1.0e300)").codes).toEqual(["type/overflow"]);
  });

  test("the right side of and / or is evaluated only where it decides", () => {
    expect(run("1 > 2 and 1 / 0 == 1")).toEqual({ constant: { kind: "bool", value: false }, codes: [] });
    expect(run("2 > 1 or 1 / 0 == 1")).toEqual({ constant: { kind: "bool", value: true }, codes: [] });
  });

  const numbers = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const given = (text: string, a: number, b: number, c = 0) => run(text, { a: int(a), b: int(b), c: int(c) }).constant;

  test("a = (a / b) * b + a % b, and 0 <= a % b < b", () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 1000 }), (a, b) => {
        expect(given("(a / b) * b + a % b", a, b)).toEqual(int(a));
        expect(given("a % b >= 0 and a % b < b", a, b)).toEqual({ kind: "bool", value: true });
        expect(given("floor(a / b)", a, b)).toEqual(given("(a - a % b) / b", a, b));
        expect(given("ceil(a / b)", a, b)).toEqual(given("0 - floor((0 - a) / b)", a, b));
      }),
      { numRuns: 50 },
    );
  });

  test("addition and multiplication commute, associate and distribute", () => {
    fc.assert(
      fc.property(numbers, numbers, fc.integer({ min: -1000, max: 1000 }), (a, b, c) => {
        expect(given("a + b", a, b)).toEqual(given("b + a", a, b));
        expect(given("a * c", a, b, c)).toEqual(given("c * a", a, b, c));
        expect(given("a + b + c", a, b, c)).toEqual(given("a + (b + c)", a, b, c));
        expect(given("c * (a + b)", a, b, c)).toEqual(given("c * a + c * b", a, b, c));
        expect(given("min(a, b) + max(a, b)", a, b)).toEqual(given("a + b", a, b));
      }),
      { numRuns: 50 },
    );
  });
});

describe("static types agree with values", () => {
  // Whatever expression the checker lets through has a value of the kind that it said, or a report.
  const leaf = fc.constantFrom("1", "2", "0", "2.5", "n", "r", "b", "true", "H");
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      leaf,
      fc
        .tuple(tie("tree"), fc.constantFrom("+", "-", "*", "/", "%", "==", "<", "and", "or"), tie("tree"))
        .map(([l, o, r]) => `(${l} ${o} ${r})`),
      tie("tree").map((t) => `(not ${t})`),
      fc.tuple(fc.constantFrom("ceil", "floor"), tie("tree")).map(([f, t]) => `${f}(${t})`),
      fc.tuple(tie("tree"), tie("tree")).map(([l, r]) => `max(${l}, ${r})`),
      tie("tree").map((t) => `sqrt(${t})`),
    ),
  }));

  test("an int argument is an int, or has an error", () => {
    fc.assert(
      fc.property(tree, (text) => {
        const result = check(`block B(n: int = 3, r: float = 0.5, b: bool = false) {
  input x: [H, W, C]
  output y: [H, W, C]
  y = x -> repeat n { if b and r > 0 { norm } } -> conv(max(1, ${text}), kernel: 1) -> conv(C, kernel: 1)
}
model M {
  input x: [4, 4, 3]
  output y: [4, 4, 3]
  y = x -> B
}
`);
        const errors = result.diagnostics.filter((d) => d.severity === "error");
        expect(result.networks.length).toBe(errors.length === 0 ? 1 : 0);
        for (const { layers } of result.networks) {
          expect(Number.isSafeInteger(layers.find((l) => l.layer === "conv")!.arguments["width"])).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});
