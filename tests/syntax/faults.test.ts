/**
 * One typing fault gives one error, on the line of the fault, and leaves all other statements alive: seven kinds of
 * faults, at each possible place of the example files and of a model.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lex } from "../../grammar/lexer.ts";
import { LineBreak } from "../../grammar/tokens.ts";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import { residual, resnet34 } from "./examples.ts";
import { applyFix, brief, declared, lineAt } from "./helpers.ts";

interface Faulty {
  readonly text: string;
  /** Where the fault is, in the faulty text. */
  readonly at: number;
}

interface Place {
  readonly image: string;
  readonly start: number;
  readonly end: number;
}

const examples = {
  resnet34,
  residual,
  "models/resnet34.bcos": readFileSync("models/resnet34.bcos", "utf8"),
  "residual as it is formatted": residual.replace(" else {", "\n         else {"),
};
const strays = [")", "]", "}", "(", "{", ",", "=", ":", "->", "+", "foo", "7", "@", "else", "input", "model"];

function placesIn(source: string): Place[] {
  return lex("example", source)
    .tokens.filter((token) => token.tokenType !== LineBreak)
    .map((token) => ({
      image: token.image,
      start: token.startOffset,
      end: token.startOffset + token.image.length,
    }));
}

function without(source: string, start: number, end: number): Faulty {
  return { text: source.slice(0, start) + source.slice(end), at: start - 1 };
}

function missing(source: string, image: string): Faulty[] {
  return placesIn(source)
    .filter((place) => place.image === image)
    .map((place) => without(source, place.start, place.end));
}

/** What follows `image` cut off: up to the end of the line, and up to the next `}` of the line. */
function nothingAfter(source: string, image: string): Faulty[] {
  return placesIn(source)
    .filter((place) => place.image === image)
    .flatMap(({ end }) => {
      const line = source.indexOf("\n", end);
      const brace = source.indexOf("}", end);
      const cuts = brace > 0 && brace < line ? [line, brace] : [line];
      return cuts.map((cut) => without(source, end, cut));
    });
}

const faults: Readonly<Record<string, (source: string) => Faulty[]>> = {
  "missing )": (source) => missing(source, ")"),
  "missing ]": (source) => missing(source, "]"),
  "missing }": (source) => missing(source, "}"),
  "missing comma": (source) => missing(source, ","),
  "nothing after =": (source) => nothingAfter(source, "="),
  "dangling ->": (source) => [
    ...nothingAfter(source, "->"),
    ...placesIn(source)
      .filter((place) => place.image === "->")
      .map(({ start }) => ({ text: `${source.slice(0, start)}-> ${source.slice(start)}`, at: start })),
  ],
  ...Object.fromEntries(
    strays.map((stray) => [
      `stray ${stray}`,
      (source: string): Faulty[] =>
        placesIn(source).map(({ start }) => ({
          text: `${source.slice(0, start)} ${stray} ${source.slice(start)}`,
          at: start + 1,
        })),
    ]),
  ),
};

/** The line and what else is declared on it may be lost. */
function othersOf(source: string, faulty: Faulty): string[] {
  const line = lineAt(faulty.text, faulty.at);
  const { file } = parseFile("example", source);
  const onLine = (start: number): boolean => lineAt(source, start) === line;
  const touched = [
    ...file.imports.filter((i) => onLine(i.span.start)).flatMap((i) => i.names.map((name) => `import ${name.text}`)),
    ...file.settings.filter((s) => onLine(s.span.start)).flatMap((s) => s.settings.map((x) => `bcos ${x.name.text}`)),
    ...file.declarations.flatMap((declaration) => [
      ...(onLine(declaration.span.start)
        ? [
            `${declaration.kind} ${declaration.name.text}`,
            ...declaration.parameters.map((parameter) => `parameter ${parameter.name.text}`),
          ]
        : []),
      ...[...declaration.inputs, ...declaration.outputs]
        .filter((port) => onLine(port.span.start))
        .map((port) => `${port.direction} ${port.name.text}`),
      ...declaration.bindings
        .filter((binding) => lineAt(source, binding.span.start) <= line && line <= lineAt(source, binding.span.end))
        .map((binding) => `binding ${binding.name.text}`),
    ]),
  ];
  return declared(file).filter((name) => !touched.includes(name));
}

describe.each(Object.entries(examples))("%s", (_, source) => {
  it("has no errors", () => {
    expect(parseFile("example", source).diagnostics).toEqual([]);
  });

  it.each(Object.entries(faults))("%s", (_, make) => {
    const cases = make(source);
    expect(cases.length).toBeGreaterThan(0);
    const problems: string[] = [];
    for (const faulty of cases) {
      const { file, diagnostics } = parseFile("example", faulty.text);
      const lines = diagnostics.map((diagnostic) => lineAt(faulty.text, diagnostic.span!.start));
      const names = declared(file);
      const lost = othersOf(source, faulty).filter((name) => !names.includes(name));
      const isRight = lines.length === 1 && lines[0] === lineAt(faulty.text, faulty.at) && lost.length === 0;
      if (!isRight)
        problems.push([lineAt(faulty.text, faulty.at), ...brief(faulty.text, diagnostics), ...lost].join("\n"));
    }
    expect(problems).toEqual([]);
  });

  it("offers fixes that remove the error", () => {
    let offered = 0;
    // Faults of one token: where a whole row is gone, more than one thing is to be mended.
    const single = Object.entries(faults).filter(([name]) => !/nothing|dangling/.test(name));
    for (const faulty of single.flatMap(([, make]) => make(source).filter((_, i) => i % 3 === 0))) {
      for (const fix of parseFile("example", faulty.text).diagnostics[0]?.fixes ?? []) {
        const fixed = applyFix(faulty.text, fix);
        expect(brief(fixed, parseFile("example", fixed).diagnostics), `${fix.title} in\n${faulty.text}`).toEqual([]);
        offered++;
      }
    }
    expect(offered).toBeGreaterThan(100);
  });
});

it("reports a fault in each of several statements", () => {
  const text = resnet34
    .replace("(64, kernel: 7, ", "(64 kernel: 7, ")
    .replace("layer2 = layer1", "layer2 = ")
    .replace("[7, 7, 512]", "[7, 7, 512");
  expect(brief(text, parseFile("example", text).diagnostics)).toEqual([
    "10: syntax/missing-comma: a comma is missing before the name `kernel`",
    "12: syntax/missing-value: a source is missing after `=`",
    "14: syntax/unclosed: `[` is not closed",
  ]);
});

it("shows at most a hundred errors", () => {
  const text = `model M {\n${"  a = \n".repeat(300)}}\n`;
  const { diagnostics } = parseFile("example", text);
  expect(diagnostics).toHaveLength(101);
  expect(diagnostics.at(-1)).toMatchObject({ code: "syntax/too-many", severity: "info" });
});

it("says where the value belongs that flows into a layer", () => {
  for (const call of ["conv(image, 8)", "conv(8, kernel: 3)", "Block(x) -> relu"]) {
    const text = `model M {\n  a = ${call}\n  b = a\n}\n`;
    const { file, diagnostics } = parseFile("m.bcos", text);
    expect(brief(text, diagnostics)).toEqual(["2: syntax/unexpected: unexpected `(`, expected `->`"]);
    const layer = call.slice(0, call.indexOf("("));
    expect(diagnostics[0]!.hints).toEqual([`a row starts with a value: \`a = source -> ${layer}(…)\``]);
    expect(declared(file)).toContain("binding a");
  }
});

it("says what a port looks like by its direction", () => {
  const hintsOf = (body: string) => parseFile("m.bcos", `model M {\n  ${body}\n}\n`).diagnostics[0]!.hints;
  expect(hintsOf("input x: [if 1 > 0 { 1 } else { 2 }, 3]")).toEqual(["an input looks like `input name: [H, W, 3]`"]);
  expect(hintsOf("output y: [if 1 > 0 { 1 } else { 2 }, 3]")).toEqual([
    "an output looks like `output name: [classes]`",
  ]);
});
