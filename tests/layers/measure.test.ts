/** Layers measured one by one hold and cost what the whole graph does, and as much as is known of broken models. */
import { describe, expect, test } from "vitest";
import { costOf } from "../../src/compiler/graph/cost.ts";
import { sizeOf } from "../../src/compiler/graph/graph.ts";
import { lower } from "../../src/compiler/network/lower.ts";
import { measureLayers } from "../../src/compiler/network/measure.ts";
import { summarise, summariseKnown } from "../../src/compiler/network/summary.ts";
import { check, networkOf, withHead } from "../check/helper.ts";
import { modelFiles, networkOf as modelOf } from "../models/networks.ts";

describe.each(modelFiles)("%s", (name) => {
  const network = modelOf(name, "v2");

  test.each(["bcos", "standard"] as const)("has the parameters and MACs of its graph as %s", (form) => {
    const { graph, state } = lower(network, { name: "predict", form, batch: 1, training: false });
    const cost = costOf(graph.finish());
    const layers = measureLayers(network, form);
    for (const { layer, measure } of layers) {
      const weights = state.filter(({ role, path }) => role === "weight" && path.startsWith(`${layer.path}.`));
      const own = weights.filter(({ path }) => path.lastIndexOf(".") === layer.path.length);
      expect(measure?.parameters, layer.path).toBe(own.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
      expect(measure?.macs, layer.path).toBe(cost.layers.get(layer.path)?.macs ?? 0);
    }
    const parameters = state.filter((s) => s.role === "weight").reduce((sum, s) => sum + sizeOf(s.shape), 0);
    expect(layers.reduce((sum, { measure }) => sum + measure!.parameters, 0)).toBe(parameters);
    expect(layers.reduce((sum, { measure }) => sum + measure!.macs, 0)).toBe(cost.total.macs);
  });
});

test("a model with an error is known up to it", () => {
  const rows = "  a = image -> conv(8, kernel: 3) -> conv(16, kernel: 3) -> conv(16, kernel: 0) -> conv(4, kernel: 3)";
  const { networks, drafts } = check(withHead(rows));
  expect(networks).toEqual([]);
  expect(drafts.map((draft) => draft.layers.map(({ path, shape }) => [path, shape]))).toEqual([
    [
      ["a.conv0", [32, 32, 8]],
      ["a.conv1", [32, 32, 16]],
    ],
  ]);
  const [draft] = drafts;
  expect(summariseKnown(draft!, "bcos").map((layer) => layer.parameters)).toEqual([8 * 9 * 6, 16 * 9 * 8]);
});

test("what the B-cos form does not fit is unknown, and all behind it", () => {
  const rows = "  a = image -> norm -> conv(8, kernel: 3) -> norm -> conv(8, kernel: 1)";
  const [network] = check(withHead(rows, "bcos { norm: group(3) }")).networks;
  const parameters = summariseKnown(network!, "bcos").map((layer) => layer.parameters);
  expect(parameters.slice(0, 2)).toEqual([6, 8 * 9 * 6]);
  expect(parameters.slice(2).every((count) => count === undefined)).toBe(true);
  expect(() => summarise(network!, "bcos")).toThrow(/shape\/groups/);
  expect(summarise(network!, "standard").every(({ parameters }) => parameters >= 0)).toBe(true);
});

test("the same layer with other settings is measured anew", () => {
  const text = (maxout: number): string => withHead("  a = image -> conv(8, kernel: 3)", `bcos { maxout: ${maxout} }`);
  const counts = [1, 2].map((maxout) => summarise(networkOf(text(maxout)), "bcos")[0]!.parameters);
  expect(counts).toEqual([8 * 9 * 6, 16 * 9 * 6]);
});
