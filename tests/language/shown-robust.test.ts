/**
 * Every feature that shows something, at every offset of a real model and of broken forms of it: nothing throws, all places
 * lie in their files, and what stays whole is still shown.
 */
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Span } from "../../src/diagnostics/diagnostic.ts";
import { codeActions } from "../../src/language/code-actions.ts";
import { codeLenses } from "../../src/language/code-lenses.ts";
import { applyEdits } from "../../src/language/edits.ts";
import { fixAll } from "../../src/language/fix-all.ts";
import { foldingRanges } from "../../src/language/folding.ts";
import { hover } from "../../src/language/hover.ts";
import { inlayHints } from "../../src/language/inlay-hints.ts";
import { organizeImports } from "../../src/language/organize-imports.ts";
import { selectionRange } from "../../src/language/selection-ranges.ts";
import { semanticTokens } from "../../src/language/semantic-tokens.ts";
import type { Workspace } from "../../src/language/workspace.ts";
import { workspaceOf } from "./fixture.ts";

const models = join(import.meta.dirname, "../../models");
const read = (path: string): string => readFileSync(join(models, path), "utf8");
const files = { "resnet34.bcos": read("resnet34.bcos"), "blocks/residual.bcos": read("blocks/residual.bcos") };

function expectInside(workspace: Workspace, { file, start, end }: Span): void {
  const length = workspace.text(file)?.length ?? -1;
  if (!(start >= 0 && start <= end && end <= length)) throw new Error(`${start}-${end} of ${length} in ${file}`);
}

/** All features that look at a whole file. */
function lookAtFile(workspace: Workspace, path: string): void {
  const text = workspace.text(path)!;
  for (const form of ["bcos", "standard"] as const) {
    for (const { offset, edits } of inlayHints(workspace, path, { start: 0, end: text.length }, { form })) {
      expectInside(workspace, { file: path, start: offset, end: offset });
      for (const { span } of edits ?? []) expectInside(workspace, span);
    }
    for (const { span } of codeLenses(workspace, path, { form })) expectInside(workspace, span);
  }
  for (const { span } of semanticTokens(workspace, path)) expectInside(workspace, span);
  for (const { span } of foldingRanges(workspace, path)) expectInside(workspace, span);
  for (const { span } of organizeImports(workspace, path)) expectInside(workspace, span);
}

function lookAt(workspace: Workspace, path: string, offset: number): void {
  const found = hover(workspace, path, offset);
  if (found !== undefined) {
    expectInside(workspace, found.span);
    if (!(found.span.start <= offset && offset <= found.span.end)) throw new Error("a hover beside the cursor");
    if (/undefined|NaN|\[object/.test(found.markdown)) throw new Error(found.markdown);
  }
  for (const span of selectionRange(workspace, path, offset)) expectInside(workspace, span);
  for (const { edits } of codeActions(workspace, path, { start: offset, end: offset })) {
    for (const { span } of edits) expectInside(workspace, span);
  }
}

describe.each(Object.keys(files))("%s", (path) => {
  test("is shown at every offset", () => {
    const workspace = workspaceOf(files);
    lookAtFile(workspace, path);
    for (let offset = 0; offset <= workspace.text(path)!.length; offset++) lookAt(workspace, path, offset);
  });

  test("is shown with any part lost or doubled", () => {
    const text = files[path as keyof typeof files];
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.nat(40),
        fc.constantFrom("", "x", "(", ")", "{", "}", "[", "->", ":", "=", '"', "//", "\n", "§", "repeat", "model M {"),
        (start, length, put) => {
          const broken = text.slice(0, start) + put + text.slice(start + length);
          const workspace = workspaceOf({ ...files, [path]: broken });
          lookAtFile(workspace, path);
          for (let offset = Math.max(0, start - 3); offset <= Math.min(broken.length, start + 6); offset++) {
            lookAt(workspace, path, offset);
          }
          const edits = fixAll(workspace, path);
          for (const { span } of edits) expectInside(workspace, span);
          const after = workspaceOf({ ...files, [path]: applyEdits(broken, edits) });
          const wrong = (of: Workspace): number =>
            of.diagnostics(path).filter(({ code }) => code.startsWith("syntax/")).length;
          expect(wrong(after)).toBeLessThanOrEqual(wrong(workspace));
        },
      ),
      { numRuns: 150 },
    );
  });
});

test("after any edits everything is shown as by a new workspace with the same texts", () => {
  const rows = [
    "BasicBlock(64)",
    "BasicBlock(64, stride: 2)",
    "conv(64, kernel: 3)",
    "norm",
    "covn(3)",
    "repeat 2 { norm }",
  ];
  const edit = fc.record({
    path: fc.constantFrom("resnet34.bcos", "blocks/residual.bcos"),
    row: fc.constantFrom(...rows),
    times: fc.nat(3),
  });
  const shownIn = (workspace: Workspace): unknown =>
    Object.keys(files).map((path) => {
      const text = workspace.text(path)!;
      const range = { start: 0, end: text.length };
      const at = [...text.matchAll(/conv|Block|stem|width/g)].map(({ index }) => hover(workspace, path, index));
      return [inlayHints(workspace, path, range), codeLenses(workspace, path), semanticTokens(workspace, path), at];
    });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const workspace = workspaceOf(files);
      const texts: Record<string, string> = { ...files };
      for (const { path, row, times } of edits) {
        const put = Array.from({ length: times }, () => `${row} -> `).join("");
        texts[path] = files[path as keyof typeof files].replace("-> relu", `-> ${put}relu`);
        workspace.open(path, texts[path]);
        const fresh = workspaceOf(files);
        for (const open of Object.keys(files)) if (workspace.isOpen(open)) fresh.open(open, texts[open]!);
        expect(shownIn(workspace)).toEqual(shownIn(fresh));
      }
    }),
    { numRuns: 15 },
  );
});

test("a fault in one row leaves the hints of the rows before it and of other blocks", () => {
  const text = files["resnet34.bcos"];
  const whole = inlayHints(workspaceOf(files), "resnet34.bcos", { start: 0, end: text.length });
  for (const row of ["stem", "layer2", "layer4"]) {
    const at = text.indexOf(` ${row}`) + 1;
    const broken = `${text.slice(0, at)}${row} == ${text.slice(at)}`;
    const workspace = workspaceOf({ ...files, "resnet34.bcos": broken });
    const before = inlayHints(workspace, "resnet34.bcos", { start: 0, end: at });
    expect(before.map(({ text }) => text)).toEqual(whole.filter(({ offset }) => offset <= at).map(({ text }) => text));
  }
});

test("a file of a thousand rows is shown", () => {
  const rows = Array.from({ length: 1000 }, (_, i) => `  a${i + 1} = a${i} -> conv(4, kernel: 3) -> norm`);
  const text = `model M {\n  input a0: [8, 8, 3]\n  output logits: [10]\n${rows.join("\n")}\n  logits = a1000 -> global_avg_pool -> linear(10)\n}\n`;
  const workspace = workspaceOf({ "main.bcos": text });
  lookAtFile(workspace, "main.bcos");
  const hints = inlayHints(workspace, "main.bcos", { start: 0, end: text.length }, { argumentNames: false });
  expect(hints.filter(({ kind }) => kind === "shape")).toHaveLength(2002);
  expect(hover(workspace, "main.bcos", text.lastIndexOf("conv"))?.markdown).toContain("weights at `a1000.conv0`");
});

test("a sum of thousands of parts is shown", () => {
  const text = `model M {\n  input x: [4]\n  output logits: [4]\n  logits = ${"x + ".repeat(8000)}x\n}\n`;
  const workspace = workspaceOf({ "main.bcos": text });
  lookAtFile(workspace, "main.bcos");
  lookAt(workspace, "main.bcos", text.length - 10);
});
