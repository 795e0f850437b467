/** A workspace answers after any edits what a new one with the same texts answers, and checks no more than it must. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorkspace, type Workspace } from "../../src/language/workspace.ts";
import { residual, resnet34, resnet34Files } from "../check/helper.ts";

/** A workspace over texts that tests may change, and how often each was read. */
function workspaceOf(files: Record<string, string>) {
  const reads: string[] = [];
  const workspace = createWorkspace({
    read: (path) => {
      reads.push(path);
      return files[path];
    },
    list: () => Object.keys(files),
  });
  return { workspace, reads };
}

/** Everything that a workspace says about its files. */
function answers(workspace: Workspace): unknown {
  return workspace.files().map((path) => ({
    path,
    importers: workspace.importersOf(path),
    dependents: workspace.dependentsOf(path),
    diagnostics: workspace.diagnostics(path),
    definitions: workspace.definitions(path),
    shapes: workspace.shapes(path),
    networks: workspace.networks(path),
  }));
}

const start: Readonly<Record<string, string>> = {
  ...resnet34Files,
  "other.bcos": `import { BasicBlock } from "./blocks/residual.bcos"
import { Wide } from "./blocks/wide.bcos"

model Other {
  input image: [32, 32, 3]
  output logits: [10]
  a = image -> conv1: conv(8, kernel: 3) -> Wide(8) -> BasicBlock(8)
  logits = a -> global_avg_pool -> fc: linear(10)
}
`,
  "blocks/wide.bcos": `import { BasicBlock } from "./residual.bcos"

block Wide(width: int) {
  input  x: [H, W, C]
  output y: [H, W, 2 * width]
  y = x -> BasicBlock(2 * width)
}
`,
};

describe("edits", () => {
  const names = [...Object.keys(start), "blocks/new.bcos"];
  const words = [
    "",
    " ",
    "\n",
    "}",
    "{",
    "->",
    "conv",
    "width",
    "3",
    '"',
    "import",
    "BasicBlock",
    "blocks/new.bcos",
    "//",
  ];
  const edit = fc.oneof(
    fc.record({
      kind: fc.constant("type" as const),
      path: fc.constantFrom(...names),
      at: fc.nat(2000),
      remove: fc.nat(8),
      text: fc.constantFrom(...words),
    }),
    fc.record({ kind: fc.constantFrom("close" as const, "delete" as const), path: fc.constantFrom(...names) }),
    fc.record({
      kind: fc.constant("write" as const),
      path: fc.constantFrom(...names),
      from: fc.constantFrom(...Object.keys(start)),
    }),
    fc.record({ kind: fc.constant("ask" as const), path: fc.constantFrom(...names) }),
  );

  test("lead to what a new workspace answers", () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), (edits) => {
        const files: Record<string, string> = { ...start };
        const { workspace } = workspaceOf(files);
        const opened = new Map<string, string>();
        answers(workspace);
        for (const one of edits) {
          switch (one.kind) {
            case "type": {
              const text = opened.get(one.path) ?? files[one.path] ?? "";
              const at = one.at % (text.length + 1);
              opened.set(one.path, text.slice(0, at) + one.text + text.slice(at + one.remove));
              workspace.open(one.path, opened.get(one.path)!);
              break;
            }
            case "close":
              opened.delete(one.path);
              workspace.close(one.path);
              break;
            case "delete":
              delete files[one.path];
              workspace.refresh(one.path);
              break;
            case "write":
              files[one.path] = start[one.from]!;
              workspace.refresh(one.path);
              break;
            case "ask":
              workspace.diagnostics(one.path);
              break;
          }
        }
        const fresh = workspaceOf({ ...files, ...Object.fromEntries(opened) }).workspace;
        expect(answers(workspace)).toEqual(answers(fresh));
      }),
      { numRuns: 150 },
    );
  });
});

describe("what an edit costs", () => {
  test("a check that saw no changed file is the same object as before", () => {
    const { workspace } = workspaceOf({ ...start });
    const before = new Map(workspace.files().map((path) => [path, workspace.check(path)]));
    workspace.open("other.bcos", `${start["other.bcos"]}\n`);
    const kept = workspace.files().filter((path) => workspace.check(path) === before.get(path));
    expect(kept).toEqual(["blocks/residual.bcos", "blocks/wide.bcos", "main.bcos"]);
    workspace.open("blocks/wide.bcos", `${start["blocks/wide.bcos"]}\n`);
    expect(workspace.check("main.bcos")).toBe(before.get("main.bcos"));
    expect(workspace.check("blocks/wide.bcos")).not.toBe(before.get("blocks/wide.bcos"));
  });

  test("the same text again changes nothing, and no file is read twice", () => {
    const { workspace, reads } = workspaceOf({ ...start });
    const before = workspace.check("main.bcos");
    workspace.open("main.bcos", resnet34);
    workspace.open("blocks/residual.bcos", residual);
    workspace.close("blocks/residual.bcos");
    expect(workspace.check("main.bcos")).toBe(before);
    workspace.refresh("main.bcos");
    expect(workspace.check("main.bcos")).toBe(before);
    expect(reads.filter((path) => path === "main.bcos")).toHaveLength(1);
  });

  test("a tree is made once for a text", () => {
    const { workspace } = workspaceOf({ ...start });
    const tree = workspace.tree("blocks/residual.bcos");
    expect(workspace.check("main.bcos").files.get("blocks/residual.bcos")?.file).toBe(tree);
    expect(workspace.check("other.bcos").files.get("blocks/residual.bcos")?.file).toBe(tree);
  });
});

describe("what is said about a file", () => {
  test("findings in a block come from the models that use it, each once", () => {
    const broken = residual.replace("conv2: conv(width,", "conv2: conv(width + 1,");
    const { workspace } = workspaceOf({ ...start, "blocks/residual.bcos": broken });
    expect(workspace.check("blocks/residual.bcos").diagnostics).toEqual([]);
    expect(workspace.diagnostics("blocks/residual.bcos").map((d) => d.code)).toEqual(["shape/mismatch"]);
    expect(workspace.diagnostics("main.bcos")).toEqual([]);
  });

  test("a file that appears takes the error from the import", () => {
    const files: Record<string, string> = { "main.bcos": resnet34 };
    const { workspace } = workspaceOf(files);
    expect(workspace.diagnostics("main.bcos").map((d) => d.code)).toEqual(["name/file-missing"]);
    files["blocks/residual.bcos"] = residual;
    workspace.refresh("blocks/residual.bcos");
    expect(workspace.diagnostics("main.bcos")).toEqual([]);
    expect(workspace.networks("main.bcos").map((network) => network.name)).toEqual(["ResNet34"]);
    expect(workspace.files()).toEqual(["blocks/residual.bcos", "main.bcos"]);
  });

  test("shapes in a block are those of its first instance in the first file that uses it", () => {
    const { workspace } = workspaceOf({ ...start });
    const text = workspace.text("blocks/residual.bcos")!;
    const shapes = workspace.shapes("blocks/residual.bcos");
    const main = shapes.find(({ span }) => text.slice(span.start, span.end) === "main");
    expect(main?.shape).toEqual([56, 56, 64]);
    const wide = workspace.shapes("blocks/wide.bcos").map(({ shape }) => shape);
    expect(wide[0]).toEqual([32, 32, 16]);
  });

  test("files that import each other in a circle, or themselves, are told apart", () => {
    const { workspace } = workspaceOf({
      "a.bcos": 'import { B } from "./b.bcos"\nblock A { input x: [N]\n output y: [N]\n y = x -> B }',
      "b.bcos": 'import { A } from "./a.bcos"\nblock B { input x: [N]\n output y: [N]\n y = x -> A }',
      "self.bcos": 'import { S } from "./self.bcos"\n',
    });
    expect(workspace.dependentsOf("a.bcos")).toEqual(["a.bcos", "b.bcos"]);
    expect(workspace.importersOf("self.bcos")).toEqual(["self.bcos"]);
    for (const path of workspace.files()) {
      expect(workspace.diagnostics(path).map((d) => d.code)).toContain("name/import-cycle");
    }
  });

  test("a network that the B-cos form does not fit has its finding", () => {
    const text = resnet34.replaceAll("image", "targets");
    const { workspace } = workspaceOf({ ...start, "main.bcos": text });
    expect(workspace.diagnostics("main.bcos").map((d) => d.code)).toEqual(["name/reserved-input"]);
    expect(workspace.networks("main.bcos")).toHaveLength(1);
  });

  test("there is nothing about a file that is missing", () => {
    const { workspace } = workspaceOf({});
    expect(workspace.text("x.bcos")).toBeUndefined();
    expect(workspace.tree("x.bcos")).toBeUndefined();
    expect(workspace.lines("x.bcos")).toBeUndefined();
    expect(workspace.diagnostics("x.bcos")).toEqual([]);
    expect(workspace.networks("x.bcos")).toEqual([]);
  });
});
