/** Nothing that is written makes a feature of names throw, or point outside of the texts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { completion } from "../../src/language/completion/completion.ts";
import { definition } from "../../src/language/definition.ts";
import { documentSymbols } from "../../src/language/document-symbols.ts";
import { highlights } from "../../src/language/highlights.ts";
import { occurrencesIn } from "../../src/language/names/occurrences.ts";
import { references } from "../../src/language/references.ts";
import { prepareRename, rename } from "../../src/language/rename.ts";
import { signatureHelp } from "../../src/language/signature-help.ts";
import { workspaceSymbols } from "../../src/language/workspace-symbols.ts";
import type { Workspace } from "../../src/language/workspace.ts";
import { workspaceOf, type Files } from "./fixture.ts";

const models = join(import.meta.dirname, "../../models");
const read = (path: string): string => readFileSync(join(models, path), "utf8");
const main = "resnet34.bcos";
const files: Files = { [main]: read(main), "blocks/residual.bcos": read("blocks/residual.bcos") };

/** Every span in a result lies in its text, and no name of a parameter outside of its label. */
function checkSpans(texts: Files, result: unknown): void {
  if (typeof result !== "object" || result === null) return;
  const { file, start, end, label, parameters } = result as Record<string, unknown>;
  if (typeof file === "string") {
    const inside =
      (start as number) >= 0 && (start as number) <= (end as number) && (end as number) <= texts[file]!.length;
    if (!inside) throw new Error(`${file} ${String(start)}-${String(end)} is outside`);
  }
  if (typeof label === "string" && Array.isArray(parameters)) {
    for (const parameter of parameters as { end: number }[]) expect(parameter.end).toBeLessThanOrEqual(label.length);
  }
  for (const value of Object.values(result)) checkSpans(texts, value);
}

function everythingAt(texts: Files, workspace: Workspace, path: string, offset: number): void {
  checkSpans(texts, definition(workspace, path, offset));
  checkSpans(texts, references(workspace, path, offset, { includeDeclaration: true }));
  checkSpans(texts, highlights(workspace, path, offset));
  checkSpans(texts, signatureHelp(workspace, path, offset));
  checkSpans(texts, prepareRename(workspace, path, offset));
  const completed = completion(workspace, path, offset);
  checkSpans(texts, completed);
  if (completed === undefined) return;
  expect(completed.span.start).toBeLessThanOrEqual(offset);
  expect(completed.span.end).toBeGreaterThanOrEqual(offset);
  expect(texts[path]!.slice(completed.span.start, completed.span.end)).not.toMatch(/[\r\n]/);
}

test("at every offset of a model", () => {
  const workspace = workspaceOf(files);
  for (let offset = 0; offset <= files[main]!.length; offset++) everythingAt(files, workspace, main, offset);
});

test("at the end of every beginning of a model, where people type", () => {
  const text = files[main]!;
  for (let length = 0; length <= text.length; length += 7) {
    const texts = { ...files, [main]: text.slice(0, length) };
    const workspace = workspaceOf(texts);
    everythingAt(texts, workspace, main, length);
    checkSpans(texts, documentSymbols(workspace, main));
  }
});

const tokens = [
  ...'{}()[]:,+*-/%=."#;',
  "->",
  "\n",
  "\r\n",
  "/*",
  "//",
  "conv",
  "BasicBlock",
  "repeat",
  "if",
  "else",
  "import",
  "from",
  "bcos",
  "model",
  "block",
  "input",
  "concat",
  "index",
  "constructor",
  "__proto__",
  "H",
  "1e999",
  "→",
  "\u0000",
  "😀",
];

/** Some ranges of the text replaced by tokens, and the offsets behind them. */
function mutated(text: string, edits: readonly (readonly [number, number, string])[]): [string, number[]] {
  const places: number[] = [];
  const result = edits.reduce((current, [at, length, token]) => {
    const start = at % (current.length + 1);
    places.push(start, start + token.length);
    return current.slice(0, start) + token + current.slice(start + length);
  }, text);
  return [result, places.filter((place) => place <= result.length)];
}

const edits = fc.array(fc.tuple(fc.nat(10_000), fc.nat(12), fc.oneof(fc.constantFrom(...tokens), fc.constant(""))), {
  minLength: 1,
  maxLength: 4,
});

test("in mutated files", () => {
  fc.assert(
    fc.property(edits, edits, fc.nat(2000), (inMain, inBlocks, other) => {
      const [text, places] = mutated(files[main]!, inMain);
      const [blocks, blockPlaces] = mutated(files["blocks/residual.bcos"]!, inBlocks);
      const texts = { [main]: text, "blocks/residual.bcos": blocks };
      const workspace = workspaceOf(texts);
      for (const place of [...places, other % (text.length + 1)]) everythingAt(texts, workspace, main, place);
      for (const place of blockPlaces) everythingAt(texts, workspace, "blocks/residual.bcos", place);
      for (const path of Object.keys(texts)) {
        checkSpans(texts, documentSymbols(workspace, path));
        for (const { span } of occurrencesIn(workspace, path)) checkSpans(texts, span);
      }
      checkSpans(texts, workspaceSymbols(workspace, "b"));
      const names = occurrencesIn(workspace, main);
      const chosen = names[other % Math.max(1, names.length)];
      if (chosen !== undefined) checkSpans(texts, rename(workspace, main, chosen.span.start, "other"));
    }),
    { numRuns: 60 },
  );
});

test("for files that are not there and offsets outside of the text", () => {
  const workspace = workspaceOf(files);
  for (const [path, offset] of [
    ["missing.bcos", 0],
    [main, -1],
    [main, 1_000_000],
    [main, Number.NaN],
  ] as const) {
    expect(definition(workspace, path, offset)).toBeUndefined();
    expect(references(workspace, path, offset, { includeDeclaration: true })).toEqual([]);
    expect(highlights(workspace, path, offset)).toEqual([]);
    expect(signatureHelp(workspace, path, offset)).toBeUndefined();
    expect(completion(workspace, path, offset)).toBeUndefined();
    expect(prepareRename(workspace, path, offset)).toHaveProperty("refused");
    expect(rename(workspace, path, offset, "x")).toHaveProperty("refused");
  }
  expect(documentSymbols(workspace, "missing.bcos")).toEqual([]);
});
