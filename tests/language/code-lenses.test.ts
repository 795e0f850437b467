/** Code lenses of models and blocks, at once and resolved. */
import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { planTotals } from "../../src/compiler/plan/print-plan.ts";
import { summarise } from "../../src/compiler/network/summary.ts";
import { scaled } from "../../src/compiler/scaled.ts";
import { codeLenses, resolveCodeLens, type CodeLensOptions } from "../../src/language/code-lenses.ts";
import { resnet34Files, withHead } from "../check/helper.ts";
import { fixture, type Files } from "./fixture.ts";

const block = "block B(n: int) {\n  input x: [H, W, C]\n  output y: [H, W, n]\n  y = x -> conv(n, kernel: 1)\n}\n";

function lensesOf(files: string | Files, options?: CodeLensOptions, path = "main.bcos") {
  const { workspace, texts } = fixture(files);
  return codeLenses(workspace, path, options).map((lens) => ({
    on: texts[path]!.slice(lens.span.start, lens.span.end),
    title: lens.title,
    command: lens.command?.name,
    lens,
    resolved: () => resolveCodeLens(workspace, lens, options),
  }));
}

const titles = (files: string | Files, path?: string, options?: CodeLensOptions): (string | undefined)[] =>
  lensesOf(files, options, path).map(({ title }) => title);

describe("a model", () => {
  test("has its totals at once, and a lens for each plan", () => {
    expect(lensesOf(resnet34Files).map(({ on, title, command }) => [on, title, command])).toEqual([
      ["ResNet34", "21.8 M parameters · 3.81 G MACs", undefined],
      ["ResNet34", undefined, "show-plan"],
      ["ResNet34", undefined, "show-plan"],
      ["ResNet34", "compile", "compile"],
    ]);
  });

  test("has those of the form", () => {
    expect(titles(resnet34Files, "main.bcos", { form: "standard" })[0]).toBe("21.8 M parameters · 3.66 G MACs");
  });

  test.each(["bcos", "standard"] as const)("has what the planner says, as %s", (form) => {
    const files = withHead("  a = image -> conv(8, kernel: 3) -> norm -> relu -> conv(8, kernel: 3) -> norm");
    const { workspace } = fixture(files);
    const [network] = workspace.networks("main.bcos");
    const plans = lensesOf(files, { form }).filter(({ command }) => command === "show-plan");
    const layers = summarise(network!, form);
    const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
    const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
    expect(titles(files, "main.bcos", { form })[0]).toBe(
      `${scaled(parameters).trim()} parameters · ${scaled(macs).trim()} MACs`,
    );
    for (const [i, target] of (["wasm", "webgpu"] as const).entries()) {
      const { program } = buildProgram(network!, { form, batch: 1, graphs: ["predict"], targets: [target] });
      const { launches, peakBytes } = planTotals(program[target]!.plans.predict!);
      const { title, command } = plans[i]!.resolved();
      expect(title).toBe(`${target}: ${launches} kernels · ${scaled(peakBytes)}B peak`);
      expect(command).toEqual({ name: "show-plan", path: "main.bcos", model: "M", target });
    }
  });

  test("beyond the limits of a target says so", () => {
    const huge = `model M {\n  input image: [4000, 4000, 3]\n  output logits: [10]\n  logits = image -> conv(64, kernel: 1) -> global_avg_pool -> fc: linear(10)\n}`;
    const resolved = lensesOf(huge).map((lens) => lens.resolved().title);
    expect(resolved[1]).toMatch(/^wasm: \d+ kernels · /);
    expect(resolved[2]).toMatch(/^webgpu: .*GiB|^webgpu: .*MiB/);
  });

  test("with an error has none, and one beside it keeps its own", () => {
    expect(titles(withHead("  a = image -> conv(8, kernal: 3)"))).toEqual([]);
    const two =
      withHead("  a = image -> conv(8, kernal: 3)") +
      withHead("  a = image -> conv(8, kernel: 3)").replace("model M", "model N");
    expect(lensesOf(two).map(({ on }) => on)).toEqual(["N", "N", "N", "N"]);
  });

  test("is planned again only after a change", () => {
    const { workspace } = fixture(withHead("  a = image -> conv(8, kernel: 3)"));
    const planned = () => resolveCodeLens(workspace, codeLenses(workspace, "main.bcos")[1]!).title;
    const before = planned();
    workspace.open(
      "main.bcos",
      withHead("  a = image -> conv(8, kernel: 3) -> conv(8, kernel: 3) -> conv(8, kernel: 3)"),
    );
    expect(planned()).not.toBe(before);
  });
});

describe("a block", () => {
  test("says where it is used and how many instances there are", () => {
    expect(titles(resnet34Files, "blocks/residual.bcos")).toEqual([
      "used 7 times in 1 file",
      "16 instances in ResNet34, 7 different",
    ]);
    const [used] = lensesOf(resnet34Files, {}, "blocks/residual.bcos");
    const { command } = used!.lens;
    if (command?.name !== "show-references") throw new Error("no references");
    expect(command.places.map(({ file, start, end }) => resnet34Files[file as "main.bcos"].slice(start, end))).toEqual(
      Array.from({ length: 7 }, () => "BasicBlock"),
    );
  });

  test("counts uses in all files", () => {
    const files = {
      "main.bcos": block,
      "a.bcos": `import { B } from "./main.bcos"\n${withHead("  a = image -> B(3) -> B(3)")}`,
      "b.bcos": `import { B } from "./main.bcos"\n${withHead("  a = image -> B(4)")}`,
    };
    expect(titles(files)).toEqual(["used 3 times in 2 files", "2 instances in M"]);
  });

  test("that is used once has one instance", () => {
    expect(titles(block + withHead("  a = image -> B(3)")).slice(0, 2)).toEqual([
      "used once in 1 file",
      "1 instance in M",
    ]);
  });

  test("that nothing uses says so", () => {
    expect(lensesOf(block).map(({ title, command }) => [title, command])).toEqual([["not used", undefined]]);
  });

  test("that is used by a block that no model uses has no instances", () => {
    const outer = "block Outer {\n  input x: [H, W, C]\n  output y: [H, W, 3]\n  y = x -> B(3)\n}\n";
    expect(titles(block + outer)).toEqual(["used once in 1 file", "not used"]);
  });
});
