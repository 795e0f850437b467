import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { ArgumentValue } from "../../src/compiler/layers/layer.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { net } from "./nets.ts";
import { noise, stateFor, sum } from "./numbers.ts";

/** Required arguments of every layer, for an image of 4x4 pixels. A layer without an entry fails. */
const uses: Readonly<Record<string, Readonly<Record<string, ArgumentValue>>>> = {
  conv: { width: 3, kernel: 3, bias: true },
  depthwise_conv: { kernel: 3, bias: true },
  linear: { width: 3 },
  norm: {},
  relu: {},
  leaky_relu: { slope: 0.1 },
  gelu: {},
  silu: {},
  sigmoid: {},
  max_pool: { kernel: 3, stride: 2 },
  avg_pool: { kernel: 2 },
  global_avg_pool: {},
  blur_pool: {},
  dropout: { rate: 0.5 },
  stochastic_depth: { rate: 0.5 },
  layer_scale: { initial: 0.5 },
  flatten: {},
  crop: { size: 2 },
  pad: { size: 1, channels: 1 },
  upsample: {},
  identity: {},
  add: {},
  mul: {},
  concat: {},
  patches: { size: 2 },
  position_embed: {},
  tokens: {},
  attention: { heads: 2 },
};

/** Channels of the image in front of a layer that does not take any number of them. */
const widths: Readonly<Record<string, number>> = { position_embed: 8, attention: 12 };

test("every layer of the table is here", () => {
  expect(Object.keys(uses).toSorted()).toEqual(Object.keys(layerTable).toSorted());
});

describe.each(Object.keys(layerTable))("%s", (layer) => {
  /** image -> conv -> the layer -> classifier; joins get the convolution and the layer before it. */
  function network(): Network {
    const b = net([4, 4, 3]);
    const width = widths[layer] ?? 4;
    const first = b.layer("conv", "first", "input", { width, kernel: 3 });
    const pixels = b.layer("conv", "second", first, { width, kernel: 1 });
    const second = layer === "attention" ? b.layer("tokens", "tokens", pixels) : pixels;
    const it = b.layer(layer, "it", layerTable[layer]!.inputs === "many" ? [first, second] : second, uses[layer] ?? {});
    const pooled = ["flatten", "global_avg_pool"].includes(layer) ? it : b.layer("global_avg_pool", "pool", it);
    return b.finish(b.layer("linear", "fc", pooled, { width: 3 }), { relu: "keep", gelu: "keep", normBias: true });
  }

  test("explains itself in the B-cos form", () => {
    const { program } = buildProgram(network(), { form: "bcos", batch: 2, graphs: ["explain"] });
    const feeds = { image: noise(96, 5).map((v) => 0.5 + 0.5 * v), cotangent: noise(6, 6) };
    const { outputs } = evaluateGraph(program.graphs.explain!, { feeds, state: stateFor(program.state) });
    const size = sum(outputs["contributions"]!.map(Math.abs)) + sum(outputs["constant"]!.map(Math.abs));
    const total = sum(outputs["contributions"]!) + sum(outputs["constant"]!);
    expect(Math.abs(total - sum(outputs["explained"]!))).toBeLessThan(1e-12 * size);
  });

  test.each(["bcos", "standard"] as const)("has the shape of its rule and true gradients in the form %s", (form) => {
    const source = network();
    const { program } = buildProgram(source, { form, batch: 1, graphs: ["predict", "gradient"], keepTaps: true });
    const tap = program.graphs.predict!.nodes[program.graphs.predict!.outputs["tap/it"]!]!;
    const moved = form === "bcos" && layer === "global_avg_pool";
    if (!moved) expect(tap.shape.slice(1)).toEqual(source.layers.find((l) => l.path === "it")!.shape);

    const state = stateFor(program.state);
    const image = noise(48, 5).map((v) => 0.5 + 0.5 * v);
    const cotangent = noise(3, 6);
    const { outputs } = evaluateGraph(program.graphs.gradient!, { feeds: { image, cotangent }, state });
    // The gradient is to [x, 1 − x]: of the pixel itself it is the difference of both halves.
    const channels = program.input.encodedShape.at(-1)!;
    const value = (i: number, h: number): number => {
      const feeds = { image: image.map((v, j) => (i === j ? v + h : v)) };
      const { logits } = evaluateGraph(program.graphs.predict!, { feeds, state }).outputs;
      return sum(logits!.map((v, k) => v * cotangent[k]!));
    };
    for (const i of [0, 13, 29, 47]) {
      const at = Math.floor(i / 3) * channels + (i % 3);
      const gradient = outputs["gradient"]!;
      const expected = channels === 3 ? gradient[at]! : gradient[at]! - gradient[at + 3]!;
      const slope = (value(i, 1e-6) - value(i, -1e-6)) / 2e-6;
      expect(Math.abs(slope - expected), `pixel ${i}`).toBeLessThan(1e-7 * (1 + Math.abs(slope)));
    }
  });
});
