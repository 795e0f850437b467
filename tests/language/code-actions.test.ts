/** Code actions: what the text becomes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/diagnostics/catalogue.ts";
import { codeActions, type CodeAction } from "../../src/language/code-actions.ts";
import { applyEdits } from "../../src/language/edits.ts";
import { fixAll } from "../../src/language/fix-all.ts";
import { organizeImports } from "../../src/language/organize-imports.ts";
import type { Workspace } from "../../src/language/workspace.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import { check, residual, resnet34, resnet34Files, withHead } from "../check/helper.ts";
import { edited, fixture, type Files } from "./fixture.ts";

const mnist = readFileSync(join(import.meta.dirname, "../../models/mnist.bcos"), "utf8");

function actionsAt(marked: string | Files): { readonly actions: readonly CodeAction[]; readonly texts: Files } {
  const { workspace, path, offset, cursors, texts } = fixture(marked);
  const end = cursors[1]?.offset ?? offset;
  return { actions: codeActions(workspace, path, { start: offset, end }), texts };
}

/** The file of the cursor after the action with this title. */
function after(marked: string | Files, title: string, path = "main.bcos"): string {
  const { actions, texts } = actionsAt(marked);
  const action = actions.find((each) => each.title === title);
  if (action === undefined) throw new Error(`there is ${actions.map((each) => each.title).join(", ") || "nothing"}`);
  return edited(texts, action.edits)[path]!;
}

function fixed(files: string | Files, path = "main.bcos"): string {
  const { workspace, texts } = fixture(files);
  return applyEdits(texts[path]!, fixAll(workspace, path));
}

function organized(files: string | Files, path = "main.bcos"): string {
  const { workspace, texts } = fixture(files);
  return applyEdits(texts[path]!, organizeImports(workspace, path));
}

describe("quick fixes", () => {
  test.each([
    ["a misspelt layer", withHead("  a = image -> c┆ovn(8, kernel: 3)"), "replace with `conv`", "conv(8, kernel: 3)"],
    [
      "a misspelt argument",
      withHead("  a = image -> conv(8, ┆kernal: 3)"),
      "replace with `kernel`",
      "conv(8, kernel: 3)",
    ],
    ["a missing comma", withHead("  a = image -> conv(8┆ kernel: 3)"), "add `,`", "conv(8, kernel: 3)"],
    ["a strange arrow", withHead("  a = image ┆→ conv(8, kernel: 3)"), "write `->`", "image -> conv(8, kernel: 3)"],
  ])("%s", (_, marked, title, expected) => {
    const { actions } = actionsAt(marked);
    const quick = actions.filter(({ kind }) => kind === "quickfix");
    expect(quick.map((action) => action.title)).toEqual([title]);
    expect(quick[0]!.diagnostic?.code).toMatch(/^\w+\//);
    const text = after(marked, title);
    expect(text).toContain(expected);
    expect(check(text).diagnostics).toEqual([]);
  });

  test("are those of the range alone", () => {
    const rows = "  b = image -> c┆ovn(8, kernel: 3)\n  c = b -> no┆rn\n  a = c -> rellu";
    expect(
      actionsAt(withHead(rows)).actions.flatMap(({ kind, title }) => (kind === "quickfix" ? [title] : [])),
    ).toEqual(["replace with `conv`", "replace with `norm`"]);
  });

  test("of a block are found through the model that uses it", () => {
    const files = {
      "blocks/residual.bcos": residual.replace("bn1: norm", "bn1: n┆orn"),
      "main.bcos": resnet34,
    };
    expect(after(files, "replace with `norm`", "blocks/residual.bcos")).toBe(residual);
  });
});

describe("refactorings", () => {
  test("name the arguments of a call", () => {
    expect(after(withHead("  a = image -> con┆v(8, 3, 2)"), "name the arguments")).toContain(
      "conv(width: 8, kernel: 3, stride: 2)",
    );
    expect(
      after(
        { ...resnet34Files, "main.bcos": resnet34.replace("BasicBlock(512)", "Basic┆Block(512)") },
        "name the arguments",
      ),
    ).toContain("BasicBlock(width: 512)");
  });

  test("are not offered where all arguments have names", () => {
    const { actions } = actionsAt(withHead("  a = image -> con┆v(width: 8, kernel: 3)"));
    expect(actions.map(({ title }) => title)).toEqual(["state the shape"]);
  });

  test("state the shape behind a step, and behind the row", () => {
    const marked = withHead("  a = image -> con┆v(8, kernel: 3) -> norm -> max_pool(2)");
    expect(after(marked, "state the shape")).toContain("conv(8, kernel: 3) : [32, 32, 8] -> norm");
    expect(after(marked, "state the shape of the row")).toContain("-> max_pool(2) : [16, 16, 8]\n");
    for (const title of ["state the shape", "state the shape of the row"]) {
      expect(check(after(marked, title)).diagnostics).toEqual([]);
    }
  });

  test("do not bind a block to the sizes that it has in one model", () => {
    const block = "block B {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> no┆rm\n}\n";
    expect(actionsAt(withHead("  a = image -> B", block)).actions).toEqual([]);
  });

  test("do not state what is not the same in all instances", () => {
    const { actions } = actionsAt({
      "blocks/residual.bcos": residual.replace("bn2: norm", "bn2: no┆rm"),
      "main.bcos": resnet34,
    });
    expect(actions).toEqual([]);
  });
});

describe("rows", () => {
  test("are split behind a step, with the shape that is stated there", () => {
    const before = "  a = image -> c1: con┆v(8, kernel: 3) : [32, 32, 8] -> relu -> c2: conv(4, kernel: 3)";
    expect(after(withHead(before), "split the row behind `c1`")).toContain(
      "  c1 = image -> c1: conv(8, kernel: 3) : [32, 32, 8]\n  a = c1 -> relu -> c2: conv(4, kernel: 3)\n",
    );
    expect(after(withHead(before.replace("┆", "").replace("relu", "re┆lu")), "split the row behind `relu`")).toContain(
      "  relu = image -> c1: conv(8, kernel: 3) : [32, 32, 8] -> relu\n  a = relu -> c2: conv(4, kernel: 3)\n",
    );
  });

  test("get a name that is free", () => {
    const before = "  c1 = image -> relu\n  a = c1 -> c1: con┆v(8, kernel: 3) -> norm: norm";
    expect(after(withHead(before), "split the row behind `c1`")).toContain(
      "  c1_2 = c1 -> c1: conv(8, kernel: 3)\n  a = c1_2 -> norm: norm",
    );
  });

  test.each([
    ["its last step", "  a = image -> c1: conv(8, kernel: 3) -> n1: no┆rm"],
    ["a step of a repeat", "  a = image -> c1: conv(8, kernel: 3) -> repeat 2 { n: no┆rm -> relu } -> relu"],
    ["a step in a row whose weights have no labels", "  a = image -> con┆v(8, kernel: 3) -> relu"],
    ["a step in a row with two equal labels", "  a = image -> x: con┆v(8, kernel: 3) -> repeat 2 { x: norm } -> relu"],
    ["a step in a row that does not parse", "  a = image -> c1: con┆v(8, kernel: 3) -> -> relu"],
  ])("are not split behind %s", (_, before) => {
    expect(actionsAt(withHead(before)).actions.filter(({ title }) => title.startsWith("split"))).toEqual([]);
  });

  test("are put into the one that goes on with them", () => {
    const before = "  ┆b = image -> c1: conv(8, kernel: 3)\n         -> relu\n  a = b -> n1: norm";
    expect(after(withHead(before), "put the row into `a`")).toContain(
      "  output logits: [10]\n  a = image -> c1: conv(8, kernel: 3)\n         -> relu -> n1: norm\n",
    );
  });

  test("are put into brackets inside a join", () => {
    const before = "  c = image -> relu\n  ┆b = c -> c1: conv(3, kernel: 3)\n  a = b + c";
    const text = after(withHead(before), "put the row into `a`");
    expect(text).toContain("  a = (c -> c1: conv(3, kernel: 3)) + c\n");
    expect(check(text).diagnostics).toEqual([]);
  });

  test.each([
    ["an output", withHead("  a = image -> relu").replace("  logits = a", "  ┆logits = a")],
    [
      "a row that is used behind other layers",
      withHead("  ┆b = image -> l1: conv(3, kernel: 3)\n  a = (image -> l2: conv(3, kernel: 3)) + b"),
    ],
    [
      "a row that is used further below",
      withHead("  ┆b = image -> l1: conv(3, kernel: 3)\n  c = image -> l2: conv(3, kernel: 3)\n  a = c + b"),
    ],
    ["a row that two use", withHead("  ┆b = image -> relu\n  c = b -> relu\n  a = b + c")],
    ["a row with weights that have no label", withHead("  ┆b = image -> conv(3, kernel: 3)\n  a = b -> relu")],
  ])("are left alone: %s", (_, marked) => {
    expect(actionsAt(marked).actions.filter(({ title }) => title.startsWith("put"))).toEqual([]);
  });

  test("of all models keep weights and shapes, whatever is done to them", () => {
    let done = 0;
    for (const [path, text] of Object.entries({ ...resnet34Files, "mnist.bcos": mnist })) {
      const files: Files = { ...resnet34Files, "mnist.bcos": mnist };
      const { workspace } = fixture(files);
      const model = path === "mnist.bcos" ? path : "main.bcos";
      const weights = (of: Workspace): unknown =>
        of
          .networks(model)
          .map(({ layers }) =>
            layers.flatMap((layer) =>
              layerTable[layer.layer]?.weighted ? [[layer.path, layer.shape, layer.arguments]] : [],
            ),
          );
      const expected = weights(workspace);
      const seen = new Set<string>();
      for (let offset = 0; offset <= text.length; offset++) {
        for (const { title, edits, kind } of codeActions(workspace, path, { start: offset, end: offset })) {
          expect(kind).toBe("refactor.rewrite");
          const changed = edited(files, edits);
          if (seen.has(changed[path]!)) continue;
          seen.add(changed[path]!);
          const next = fixture(changed).workspace;
          expect(
            next.diagnostics(path).map((d) => d.message),
            `${title} in\n${changed[path]}`,
          ).toEqual([]);
          expect(weights(next), title).toEqual(expected);
          done++;
        }
      }
    }
    expect(done).toBeGreaterThan(40);
  });
});

describe("all fixes of a file", () => {
  test("are made at once, also those that only others let appear", () => {
    const rows = "  b = image -> covn(8 kernal: 3)\n  c = b -> -> norn\n  a = c -> max_pol(2, stride: 2)";
    const text = fixed(withHead(rows));
    expect(text.replace(/ +/g, " ")).toContain(
      "b = image -> conv(8, kernel: 3)\n c = b -> norm\n a = c -> max_pool(2, stride: 2)",
    );
    expect(check(text).diagnostics).toEqual([]);
  });

  test("leave alone what has no fix", () => {
    const rows = "  a = image -> convolve_all(8, kernel: 3) -> rellu";
    expect(fixed(withHead(rows))).toContain("image -> convolve_all(8, kernel: 3) -> relu");
  });

  test("remove what is not used, names of one statement one after the other", () => {
    const text = `import { A, B, C } from "./b.bcos"\n${withHead("  a = image -> conv(8, kernel: 3)")}`;
    const block = (name: string): string =>
      `block ${name} {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> norm\n}\n`;
    const files = { "main.bcos": text, "b.bcos": block("A") + block("B") + block("C") };
    expect(fixed(files)).toBe(withHead("  a = image -> conv(8, kernel: 3)"));
  });

  test("leave what is a choice, which a quick fix still offers", () => {
    const marked = withHead("  a = image -> conv(8, kernel: 3) : ┆[32, 32, 9]");
    expect(after(marked, "write `[32, 32, 8]`")).toContain("kernel: 3) : [32, 32, 8]");
    expect(fixed(marked.replace("┆", ""))).toBe(marked.replace("┆", ""));
  });

  test("of a sound file are none, and none of a file that is not there", () => {
    const { workspace } = fixture(resnet34Files);
    for (const path of [...Object.keys(resnet34Files), "none.bcos"]) expect(fixAll(workspace, path)).toEqual([]);
  });

  test("do not touch the workspace", () => {
    const { workspace, texts } = fixture(withHead("  a = image -> covn(8, kernel: 3)"));
    fixAll(workspace, "main.bcos");
    expect(workspace.text("main.bcos")).toBe(texts["main.bcos"]);
    expect(workspace.isOpen("main.bcos")).toBe(false);
  });
});

describe("imports", () => {
  const block = (name: string): string =>
    `block ${name} {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> norm\n}\n`;
  const libraries = { "a.bcos": block("A") + block("B"), "b/c.bcos": block("C"), "b/d.bcos": block("D") };
  const using = (names: string, imports: string): Files => ({
    "main.bcos": `${imports}\n\n${withHead(`  a = image -> ${names}`)}`,
    ...libraries,
  });

  test("are sorted, those of one file are one, and unused ones go", () => {
    const imports =
      'import { D } from "./b/d.bcos"\nimport { B } from "./a.bcos"\nimport { C } from "./b/c.bcos"\nimport { A } from "./a.bcos"';
    expect(organized(using("B -> A -> D", imports))).toMatch(
      /^import \{ A, B \} from "\.\/a\.bcos"\nimport \{ D \} from "\.\/b\/d\.bcos"\n\n\nmodel/,
    );
  });

  test("stay on their side of comments", () => {
    const imports =
      'import { D } from "./b/d.bcos"\n// the others\nimport { B } from "./a.bcos"\nimport { A } from "./a.bcos"';
    expect(organized(using("A -> B -> D", imports))).toMatch(
      /^import \{ D \} from "\.\/b\/d\.bcos"\n\/\/ the others\nimport \{ A, B \} from "\.\/a\.bcos"\n\n/,
    );
  });

  test("that are all unused leave no line", () => {
    expect(organized(using("norm", 'import { D, C } from "./b/d.bcos"').valueOf() as Files)).toContain("model M");
    const files = using("norm", 'import { A } from "./a.bcos"');
    expect(organized(files)).toBe(files["main.bcos"]!.replace(/^.*\n/, ""));
  });

  test("in order are left as they are", () => {
    const { workspace } = fixture(
      using("A -> B -> C", 'import { A, B } from "./a.bcos"\nimport { C } from "./b/c.bcos"'),
    );
    expect(organizeImports(workspace, "main.bcos")).toEqual([]);
  });

  test("are not touched where a typing fault may hide their use", () => {
    const { workspace } = fixture(
      using("A -> B( -> C", 'import { C } from "./b/c.bcos"\nimport { B, A } from "./a.bcos"'),
    );
    expect(organizeImports(workspace, "main.bcos")).toEqual([]);
  });
});

test("the fixes that tests see are of codes of the catalogue", () => {
  const { actions } = actionsAt(withHead("  a = image -> c┆ovn(8, kernel: 3)"));
  expect(Object.keys(catalogue)).toContain(actions[0]!.diagnostic!.code);
});
