/** Plans and kernels of the models around a place. */
import { describe, expect, test } from "vitest";
import { dumpJob, runDump, type Dump, type DumpOptions } from "../../src/language/dump.ts";
import { createWorkspace } from "../../src/language/workspace.ts";
import { residual } from "../check/helper.ts";

const main = `import { BasicBlock } from "./blocks/residual.bcos"

model Small {
  input  image: [8, 8, 3]
  output logits: [10]
  stem   = image -> conv1: conv(4, kernel: 3) -> bn1: norm -> relu -> max_pool(3, stride: 2)
  layer1 = stem -> repeat 2 { BasicBlock(4) }
  logits = layer1 -> global_avg_pool -> fc: linear(10)
}

model Broken {
  input  image: [8, 8, 3]
  output logits: [10]
  logits = image -> nothing
}
`;
const files: Readonly<Record<string, string>> = { "main.bcos": main, "blocks/residual.bcos": residual };

/** The dump at the `|` in a part of the file. */
function dumpAt(path: string, marked: string | undefined, options: DumpOptions, texts = files): Dump {
  const workspace = createWorkspace({ read: (file) => texts[file], list: () => Object.keys(texts) });
  const start = marked === undefined ? 0 : texts[path]!.indexOf(marked.replace("|", ""));
  expect(start).toBeGreaterThanOrEqual(0);
  const job = dumpJob(workspace, path, marked === undefined ? undefined : start + marked.indexOf("|"), options);
  return "problem" in job ? job : runDump(job);
}

/** The layers whose launches are listed. */
function layersOf(dump: Dump): string[] {
  if ("problem" in dump) throw new Error(dump.problem);
  return [...new Set([...dump.text.matchAll(/^\/\/ {3}(\S+) \(/gm)].map((match) => match[1]!))].sort();
}

const wgsl = { kind: "wgsl" } as const;

describe("wgsl", () => {
  test("of the step at the cursor: its label, its name and its arguments", () => {
    for (const marked of ["conv1|: conv(4", "co|nv(4, kernel", "kernel|: 3) -> bn1"]) {
      const dump = dumpAt("main.bcos", marked, wgsl);
      expect(dump).toMatchObject({ title: "Small: WGSL of `conv` in predict" });
      expect(layersOf(dump)).toEqual(["conv1"]);
    }
  });

  test("of a call: all layers of its instances", () => {
    const found = layersOf(dumpAt("main.bcos", "Basic|Block(4)", wgsl));
    expect(found).toContain("layer1.0.conv1");
    expect(found).toContain("layer1.1.conv2");
    expect(found.every((path) => path.startsWith("layer1"))).toBe(true);
  });

  test("of a step in a block: in the first model that uses it", () => {
    expect(layersOf(dumpAt("blocks/residual.bcos", "conv2: con|v(width", wgsl))).toEqual([
      "layer1.0.conv2",
      "layer1.1.conv2",
    ]);
    // The projection is in a branch that this model does not take.
    expect(dumpAt("blocks/residual.bcos", "downsample.0: con|v", wgsl)).toEqual({
      problem: "no layer of `Small` comes from here",
    });
  });

  test("of a dropped layer: there is none", () => {
    const dump = dumpAt("main.bcos", "-> re|lu", wgsl);
    expect(dump).toMatchObject({ problem: expect.stringContaining("`relu` has no kernel of its own") });
  });

  test("of the whole model away from its rows", () => {
    const found = layersOf(dumpAt("main.bcos", "model Sm|all", wgsl));
    expect(found).toContain("conv1");
    expect(found).toContain("fc");
  });

  test("of another graph", () => {
    const dump = dumpAt("main.bcos", "conv1|: conv(4", { ...wgsl, graph: "explain" });
    expect(dump).toMatchObject({ title: "Small: WGSL of `conv` in explain" });
  });
});

describe("plan", () => {
  test("of the model around the cursor, for a target, a graph and a batch", () => {
    const dump = dumpAt("main.bcos", "conv1|: conv(4", { kind: "plan", graph: "explain", target: "webgpu", batch: 3 });
    expect(dump).toMatchObject({
      title: "Small: plan of explain for webgpu",
      text: expect.stringContaining("plan explain for webgpu, batch 3"),
    });
  });

  test("of the file's first model without a place, and of the model that uses a block", () => {
    const title = "Small: plan of predict for wasm";
    expect(dumpAt("main.bcos", undefined, { kind: "plan" })).toMatchObject({ title });
    expect(dumpAt("blocks/residual.bcos", undefined, { kind: "plan" })).toEqual({
      problem: "the file has no model without errors",
    });
    expect(dumpAt("blocks/residual.bcos", "block Ba|sicBlock", { kind: "plan" })).toMatchObject({ title });
  });

  test("of a model by its name", () => {
    const plan = { kind: "plan", model: "Small" } as const;
    expect(dumpAt("main.bcos", "image -> no|thing", plan)).toMatchObject({ title: "Small: plan of predict for wasm" });
    expect(dumpAt("main.bcos", undefined, { kind: "plan", model: "Broken" })).toEqual({
      problem: "the file has no model `Broken` without errors",
    });
  });

  test("of what has errors, or is used by nobody: there is none", () => {
    const plan = { kind: "plan" } as const;
    expect(dumpAt("main.bcos", "image -> no|thing", plan)).toEqual({ problem: "the model has errors" });
    const alone = { "a.bcos": "block A { input x: [N]\n output y: [N]\n y = x -> relu }" };
    expect(dumpAt("a.bcos", "re|lu", plan, alone)).toEqual({ problem: "no model uses `A` without errors" });
    const image = {
      "a.bcos": main
        .slice(main.indexOf("model Small"), main.indexOf("model Broken"))
        .replaceAll("image", "targets")
        .replace("BasicBlock(4)", "relu"),
    };
    expect(dumpAt("a.bcos", "model Sm|all", plan, image)).toMatchObject({
      problem: expect.stringContaining("targets"),
    });
  });
});
