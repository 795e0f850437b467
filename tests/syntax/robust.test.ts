/** Any text gives a tree and diagnostics: never a throw, never a hang, and spans that lie inside the text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokenTable } from "../../grammar/tokens.ts";
import { fileSizeLimit, parseFile, tokenLimit } from "../../src/compiler/syntax/parse.ts";
import { hasErrors } from "../../src/diagnostics/diagnostic.ts";
import { residual, resnet34 } from "./examples.ts";
import { bindingsOf } from "./helpers.ts";

/** Every span in the value, however deep. */
function spansIn(value: unknown): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null) continue;
    if ("start" in next && "end" in next) found.push(next as { start: number; end: number });
    open.push(...Object.values(next).slice(0, 10_000));
  }
  return found;
}

function containsMissing(value: unknown): boolean {
  return JSON.stringify(value).includes('"kind":"missing"');
}

/** Parses and checks what must hold for any text. */
function check(text: string): ReturnType<typeof parseFile> {
  const parsed = parseFile("any.bcos", text);
  for (const { start, end } of spansIn(parsed)) {
    if (!(start >= 0 && start <= end && end <= text.length)) {
      throw new Error(`the span ${start} to ${end} is not in a text of ${text.length}`);
    }
  }
  for (const diagnostic of parsed.diagnostics) {
    expect(diagnostic.message).not.toMatch(/undefined|NaN|\[object|Redundant|Expecting|EOF/);
  }
  if (containsMissing(parsed.file)) expect(hasErrors(parsed.diagnostics)).toBe(true);
  return parsed;
}

const words = [
  ...tokenTable.map((row) => row.type.PATTERN).filter((pattern) => typeof pattern === "string"),
] as string[];
const pieces = [
  ...words,
  "\n",
  "\n",
  "x",
  "y",
  "conv",
  "a.0",
  "1",
  "0.5",
  '"s"',
  "// c\n",
  "/// d\n",
  "x =",
  "input x: [",
];

describe("fuzzing", () => {
  it("takes random text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void check(text)),
      { numRuns: 300 },
    );
  });

  it("takes random characters of the language", () => {
    const unit = fc.constantFrom(..."abm_01.,:=()[]{}<>+-*/%!\"'#;\\\n\t →@");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 120 }), (text) => void check(text)),
      { numRuns: 500 },
    );
  });

  it("takes random tokens", () => {
    const tokens = fc.array(fc.constantFrom(...pieces), { maxLength: 60 });
    fc.assert(
      fc.property(tokens, (list) => void check(list.join(" "))),
      { numRuns: 500 },
    );
  });

  it("takes random tokens in a body", () => {
    const tokens = fc.array(fc.constantFrom(...pieces), { maxLength: 40 });
    fc.assert(
      fc.property(tokens, (list) => {
        check(`model M(n: int = 1) {\n  a = x -> ${list.join(" ")}\n  b = a\n}\n`);
      }),
      { numRuns: 500 },
    );
  });

  it("takes mangled files", () => {
    const source = `${resnet34}\n${residual}`;
    const place = fc.nat({ max: source.length });
    const edit = fc.record({ at: place, remove: fc.nat({ max: 12 }), put: fc.constantFrom("", ...pieces) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce((t, { at, remove, put }) => t.slice(0, at) + put + t.slice(at + remove), source);
        check(text);
      }),
      { numRuns: 300 },
    );
  });
});

/** Texts of the language, made from its rules. */
const name = fc.constantFrom("x", "y", "width", "conv_1", "Block", "index", "v2");
const expression: fc.Arbitrary<string> = fc.letrec<{ any: string; atom: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    tie("atom"),
    fc.tuple(tie("any"), fc.constantFrom("+", "-", "*", "/", "%"), tie("atom")).map((parts) => parts.join(" ")),
    fc.tuple(tie("any"), fc.constantFrom("and", "or"), tie("atom")).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    tie("any").map((inner) => `not (${inner})`),
    fc.array(tie("any"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    fc.tuple(name, fc.array(tie("any"), { maxLength: 2 })).map(([callee, items]) => `${callee}(${items.join(", ")})`),
  ),
  atom: fc.oneof(name, fc.constantFrom("1", "0.5", "1e-5", "true", "-3", "(1 + 2)")),
})).any;
const flow: fc.Arbitrary<string> = fc.letrec<{ flow: string; source: string; step: string; steps: string }>((tie) => ({
  flow: fc.oneof(
    { maxDepth: 3 },
    tie("source"),
    fc.tuple(tie("source"), tie("steps")).map(([source, steps]) => `${source} -> ${steps}`),
    fc.tuple(tie("source"), fc.constantFrom("+", "*", "\n +", "*\n"), tie("source")).map((parts) => parts.join(" ")),
  ),
  source: fc.oneof(
    { maxDepth: 2 },
    name,
    tie("flow").map((inner) => `(${inner})`),
    fc.array(tie("flow"), { minLength: 1, maxLength: 3 }).map((parts) => `concat(${parts.join(",\n ")})`),
    fc.tuple(expression, tie("flow"), tie("flow")).map(([c, a, b]) => `if ${c} { ${a} } else {\n ${b}\n }`),
  ),
  step: fc.oneof(
    { maxDepth: 2 },
    name,
    fc.tuple(name, expression).map(([callee, value]) => `label.0: ${callee}(8, stride: ${value})`),
    fc.tuple(expression, tie("steps")).map(([count, steps]) => `repeat ${count} { ${steps} }`),
    fc.tuple(expression, tie("steps")).map(([condition, steps]) => `if ${condition} { ${steps} }`),
    fc.tuple(name, expression).map(([callee, size]) => `${callee} : [${size}, 3]`),
  ),
  steps: fc.array(tie("step"), { minLength: 1, maxLength: 3 }).map((steps) => steps.join("\n  -> ")),
})).flow;

describe("texts of the language", () => {
  it("have no errors and no holes, whatever surrounds them", () => {
    fc.assert(
      fc.property(fc.array(flow, { minLength: 1, maxLength: 4 }), fc.constantFrom("\n", "\r\n"), (flows, lineBreak) => {
        const body = flows.map((text, i) => `  b${i} = ${text} // ${i}`).join("\n");
        const text = `/// doc\nmodel M(n: int = 1) {\n  input x: [H, W, 3]\n${body}\n}\n`.replaceAll("\n", lineBreak);
        const { file, diagnostics } = check(text);
        expect(diagnostics).toEqual([]);
        expect(containsMissing(file)).toBe(false);
        expect(file.declarations[0]!.bindings.map((binding) => binding.name.text)).toEqual(
          flows.map((_, i) => `b${i}`),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("lose one row to a token that is taken out, and no other", () => {
    fc.assert(
      fc.property(flow, fc.nat(), (text, seed) => {
        const parts = text.split(/(\s+|[()[\]{},])/).filter((part) => part !== "");
        parts.splice(seed % parts.length, 1);
        const found = check(`model M {\n  a = u\n  b = ${parts.join("")}\n  c = v\n}\n`);
        const names = found.file.declarations[0]!.bindings.map((binding) => binding.name.text);
        expect(names).toContain("a");
        expect(names).toContain("c");
        expect(found.diagnostics.length).toBeLessThanOrEqual(text.split("\n").length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("limits", () => {
  const inBody = (text: string): string => `model M {\n  a = x\n  b = ${text}\n  c = a\n}\n`;
  const many = (text: string, count: number): string => text.repeat(count);
  /** A repeated text as large as can be read. */
  const full = (text: string, tokens: number): string => many(text, Math.floor((0.95 * tokenLimit) / tokens));

  it.each([
    ["limit/nesting", many("(", 10_000)],
    ["limit/nesting", many("[", 10_000)],
    ["limit/nesting", many("{", 10_000)],
    ["limit/nesting", many("([{", 10_000)],
    ["limit/nesting", inBody(many("(", 10_000))],
    ["limit/nesting", inBody(`${many("(", 10_000)}x${many(")", 10_000)}`)],
    ["limit/nesting", inBody(`x -> f(${many("[", 10_000)}`)],
    ["limit/nesting", inBody(many("concat(", 10_000))],
    ["limit/nesting", inBody(`x -> ${many("repeat 2 { ", 10_000)}`)],
    ["limit/nesting", inBody(many("if a { ", 8_000))],
    ["limit/operators", inBody(`x${many(" + x", 5_000)}`)],
    ["limit/operators", inBody(`${many("if c { x } else ", 5_000)}{ x }`)],
    ["limit/operators", inBody(`x -> f(${many("- ", 5_000)}1)`)],
    ["limit/operators", inBody(`x -> f(${many("not ", 5_000)}1)`)],
    ["limit/file-size", many("x", fileSizeLimit + 1)],
    ["limit/file-size", many("(", 1_000_000)],
    ["limit/file-size", many("a = b\n", 20_000)],
    ["syntax/not-text", "model M {\0}"],
  ])("%s", (code, text) => {
    const start = performance.now();
    const { file, diagnostics } = check(text);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
    const bindings = file.declarations[0]?.bindings.map((binding) => binding.name.text);
    if (text.startsWith("model M {\n")) expect(bindings).toEqual(["a", "b", "c"]);
  });

  it.each([
    ["names", full("a ", 1)],
    ["lines of names", full("a\n", 2)],
    ["stray characters", many("@ ", fileSizeLimit / 2)],
    ["closing braces", full("}\n", 2)],
    ["open declarations", full("model A {\n", 4)],
    ["declarations on a line", full("model A {", 3)],
    ["open settings", `model A {\n${full("bcos {\n", 3)}`],
    ["rows", `model M {\n${full("a = b\n", 4)}}`],
    ["empty rows", `model M {\n${full("a =\n", 3)}}`],
    ["faulty rows", `model M {\n${full("a = b c d e\n", 7)}}`],
    ["dangling arrows", inBody(`x${full(" ->", 1)}`)],
    ["arguments", inBody(`x -> f(1${full(",1", 2)})`)],
    ["commas", inBody(`x -> f(1${full(",", 1)})`)],
    ["settings", `bcos {${full("a:1,", 4)}}`],
    ["settings without commas", `bcos {${full("a:1 ", 3)}}`],
    ["parameters", `model M(${full("a: int = 1, ", 6)}) {\n}`],
    ["open quotes", full('"\n', 2)],
    ["heads", full("model M\n", 3)],
    ["documentation", many("/// x\n", 10_000)],
    ["unclosed comments", many("/* ", 10_000)],
  ])("reads the largest file of %s in time", (_, text) => {
    const start = performance.now();
    check(text);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it("reads what is just below the limits", () => {
    const nested = `${many("(", 64)}x${many(")", 64)}`;
    expect(bindingsOf(`a = ${nested}`)).toEqual({ a: "x" });
    expect(bindingsOf(`a = x${many(" + x", 1_000)}`)).toHaveProperty("a");
  });
});
