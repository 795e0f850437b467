import { describe, expect, test } from "vitest";
import { buildProgram, summarise } from "../../src/compiler/compile.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { headBeforePool } from "../../src/compiler/network/head.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import { applySettings, settingTable } from "../../src/compiler/network/setting-table.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { net, resNet } from "./nets.ts";
import { noise, stateFor, worst } from "./numbers.ts";

const small = { size: 8, widths: [4, 6], blocks: [1, 1], classes: 3 };

function logits(network: Network): ArrayLike<number> {
  const { program } = buildProgram(network, { form: "bcos", batch: 2, graphs: ["predict"] });
  const size = program.input.shape.reduce((a, b) => a * b, 2);
  const feeds = { image: noise(size, 5).map((v) => 0.5 + 0.5 * v) };
  return evaluateGraph(program.graphs.predict!, { feeds, state: stateFor(program.state) }).outputs["logits"]!;
}

describe("the classifier before the pool", () => {
  /** A head of two layers with what may stand between them. */
  function headed(settings: Partial<BcosSettings>): Network {
    const b = net([4, 4, 3]);
    let x = b.layer("conv", "conv", "input", { width: 5, kernel: 3 });
    x = b.layer("global_avg_pool", "pool", x);
    b.scope("pooled", x);
    x = b.layer("flatten", "flat", x);
    x = b.layer("dropout", "drop", x, { rate: 0.1 });
    x = b.layer("linear", "fc1", x, { width: 4 });
    x = b.layer("relu", "act", x);
    x = b.layer("linear", "fc2", x, { width: 3 });
    b.scope("logits", x);
    return b.finish(x, settings);
  }

  test("gives the same logits where the layers are linear", () => {
    const linear = { b: 1, maxout: 1 };
    const before = logits(headed(linear));
    expect(worst(before, logits(headed({ ...linear, head: "after_pool" })))).toBeLessThan(1e-13);
    expect(worst(logits(headed({})), logits(headed({ head: "after_pool" })))).toBeGreaterThan(1e-4);
  });

  test("keeps the paths; names of values that are gone go", () => {
    const { network, moved } = headBeforePool(headed({}));
    expect(moved.map((layer) => layer.path)).toEqual(["fc1", "fc2"]);
    expect(network.layers.map((l) => `${l.layer} ${l.path} [${l.inputShapes[0]!}] [${l.shape}]`)).toEqual([
      "conv conv [4,4,3] [4,4,5]",
      "identity flat [4,4,5] [4,4,5]",
      "dropout drop [4,4,5] [4,4,5]",
      "conv fc1 [4,4,5] [4,4,4]",
      "relu act [4,4,4] [4,4,4]",
      "conv fc2 [4,4,4] [4,4,3]",
      "global_avg_pool pool [4,4,3] [3]",
    ]);
    expect(network.scopes).toEqual([{ path: "logits", value: 6 }]);
  });

  test("stays where its input has another use, or without a pool", () => {
    const b = net([4, 4, 3]);
    const pooled = b.layer("global_avg_pool", "pool", "input");
    const one = b.layer("linear", "fc", pooled, { width: 3 });
    const two = b.layer("add", "sum", [one, pooled]);
    expect(headBeforePool(b.finish(two)).moved).toEqual([]);
    const c = net([6]);
    const vector = c.finish(c.layer("linear", "fc", "input", { width: 3 }));
    expect(headBeforePool(vector).network).toBe(vector);
  });
});

describe("what the form changed is said once a kind", () => {
  const notes = (settings: Partial<BcosSettings>, large = true) =>
    buildProgram(resNet({ ...small, size: 16, large, settings }), { form: "bcos", batch: 1, graphs: [] }).notes;
  const lines = (settings: Partial<BcosSettings>) => notes(settings).map((note) => `${note.code}: ${note.message}`);

  test("preset v2", () => {
    expect(lines({})).toEqual([
      "bcos/input-encoded: the input `image` is encoded as [x, 1 - x]: 3 channels become 6",
      "bcos/head-before-pool: the classifier fc is applied to the map, before `global_avg_pool`",
      "bcos/bias-dropped: the bias of `linear` is dropped in the B-cos form (fc)",
      "bcos/norm-replaced: `norm` becomes `batch_uncentered`, without a bias, in the B-cos form (6 times, first bn1)",
      "bcos/relu-dropped: `relu` is dropped in the B-cos form (5 times, first relu)",
      "bcos/max-pool-averaged: `max_pool` becomes an average over the same window (maxpool)",
      "bcos/logit-layer: the constant -0.693147 is added to the logits",
    ]);
    expect(notes({}).every((note) => note.severity === "info" && note.span !== undefined)).toBe(true);
    expect(notes({})[3]!.related.map((place) => place.label)).toEqual(["layer1.0.bn1", "layer1.0.bn2", "layer2.0.bn1"]);
  });

  test("preset cosified, with centred norms", () => {
    expect(lines({ ...presets.cosified, norm: { variant: "batch", args: [] }, normBias: true }).slice(1)).toEqual([
      "bcos/constant-part: the mean that the input encoding subtracts can't be attributed to the input: explanations carry it as a constant part (input_mean)",
      "bcos/head-before-pool: the classifier fc is applied to the map, before `global_avg_pool`",
      "bcos/bias-dropped: the bias of `linear` is dropped in the B-cos form (fc)",
      "bcos/norm-replaced: `norm` becomes `batch` in the B-cos form (6 times, first bn1)",
      "bcos/constant-part: the bias of `norm` can't be attributed to the input: explanations carry it as a constant part (6 times, first bn1)",
      "bcos/constant-part: the running mean that `norm` subtracts can't be attributed to the input: explanations carry it as a constant part (6 times, first bn1)",
      "bcos/max-pool-averaged: `max_pool` becomes an average over the same window (maxpool)",
      "bcos/logit-layer: the constant -0.693147 is added to the logits",
    ]);
  });

  test("the conventional form changes nothing", () => {
    expect(buildProgram(resNet(small), { form: "standard", batch: 1, graphs: [] }).notes).toEqual([]);
  });
});

describe("checkForm", () => {
  const codes = (network: Network, form: "bcos" | "standard" = "bcos") => checkForm(network, form).map((d) => d.code);
  const plain = (settings: Partial<BcosSettings>) => resNet({ ...small, settings });

  test("a sound network has no problems", () => {
    expect(codes(plain({}))).toEqual([]);
    expect(codes(plain({}), "standard")).toEqual([]);
  });

  test("settings that don't fit", () => {
    const normalized = (...args: number[][]) => plain({ encode: { variant: "add_inverse_normalized", args } });
    expect(codes(normalized([0.5], [0.2, 0.2, 0.2]))).toEqual(["bcos/encode-channels"]);
    expect(codes(normalized([0.5, 0.5, 0.5], [0.2, 0, 0.2]))).toEqual(["bcos/encode-deviation"]);
    expect(codes(plain({ logitTemperature: 0 }))).toEqual(["type/range"]);
    expect(codes(plain({ scale: { variant: "v1", args: [0] } }))).toEqual(["type/range"]);
    expect(codes(resNet({ ...small, classes: 1 }))).toEqual(["bcos/logit-bias"]);
    expect(codes(resNet({ ...small, classes: 1, settings: { logitBias: 0 } }))).toEqual([]);
  });

  test("a kind of norm that the settings choose and a layer can't have", () => {
    const group = (n: number) => ({ norm: { variant: "group", args: [n] } });
    expect(codes(plain(group(2)))).toEqual([]);
    expect(checkForm(plain(group(3)), "bcos")[0]).toMatchObject({
      code: "shape/groups",
      message: "`norm` has 3 groups, which don't divide its 4 channels",
    });
    expect(codes(plain(group(-2)))).toEqual(["shape/groups"]);
    expect(codes(plain(group(3)), "standard")).toEqual([]);
  });

  test("an output that is no vector, and names that graphs need for themselves", () => {
    const b = net([4, 4, 3]);
    expect(codes(b.finish(b.layer("conv", "conv", "input", { width: 2, kernel: 3 })), "standard")).toEqual([
      "shape/logits",
    ]);
    const network = resNet(small);
    expect(codes({ ...network, input: { ...network.input, name: "targets" } })).toEqual(["name/reserved-input"]);
  });

  test("an encoded input that shows in the output", () => {
    const b = net([4, 4, 3]);
    const network = b.finish(b.layer("global_avg_pool", "pool", "input"));
    expect(codes(network, "standard")).toEqual([]);
    expect(checkForm(network, "bcos")[0]).toMatchObject({
      code: "bcos/encoded-shape",
      message: "in the B-cos form, where the input has 6 channels: the output `logits` is [6], not [3]",
    });
  });
});

describe("settings", () => {
  test("every setting of the table changes its field, and a preset sets all", () => {
    const values: Record<string, Parameters<typeof applySettings>[1][string]> = {
      b: 1.5,
      maxout: 3,
      scale: { variant: "constant", args: [2] },
      weights: "free",
      norm: { variant: "group", args: [2] },
      norm_bias: true,
      bias: true,
      relu: "keep",
      gelu: "keep",
      max_pool: "keep",
      encode: { variant: "none", args: [] },
      head: "after_pool",
      logit_bias: 0.5,
      logit_temperature: 2,
    };
    expect([...Object.keys(values), "preset"].toSorted()).toEqual(settingTable.map((s) => s.name).toSorted());
    for (const [name, value] of Object.entries(values)) {
      const field = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
      expect(applySettings(presets.v2, { [name]: value })).toEqual({ ...presets.v2, [field]: value });
    }
    for (const preset of ["v1", "v2", "cosified"] as const)
      expect(applySettings(presets.v2, { preset })).toEqual(presets[preset]);
    expect(applySettings(presets.v2, { preset: "v1", maxout: 1 })).toEqual({ ...presets.v1, maxout: 1 });
  });
});

test("summaries: what became of each layer, in the order of the form", () => {
  const network = resNet({ size: 8, widths: [4], blocks: [0], classes: 3, large: true, settings: { maxout: 2 } });
  const row = (s: ReturnType<typeof summarise>[number]) =>
    `${s.path} | ${s.layer} | ${s.became} | ${s.shape.join("x")} | ${s.parameters} | ${s.macs}`;
  expect(summarise(network, "bcos").map(row)).toEqual([
    "conv1 | conv | B-cos conv, B 2, MaxOut 2 | 4x4x4 | 2352 | 37632",
    "bn1 | norm | batch_uncentered | 4x4x4 | 4 | 0",
    "relu | relu | dropped | 4x4x4 | 0 | 0",
    "maxpool | max_pool | avg_pool | 2x2x4 | 0 | 0",
    "fc | linear | B-cos conv, B 2, MaxOut 2 | 2x2x3 | 24 | 96",
    "avgpool | global_avg_pool | global_avg_pool | 3 | 0 | 0",
  ]);
  expect(summarise(network, "standard").map(row)).toEqual([
    "conv1 | conv | conv | 4x4x4 | 588 | 9408",
    "bn1 | norm | norm | 4x4x4 | 8 | 0",
    "relu | relu | relu | 4x4x4 | 0 | 0",
    "maxpool | max_pool | max_pool | 2x2x4 | 0 | 0",
    "avgpool | global_avg_pool | global_avg_pool | 4 | 0 | 0",
    "fc | linear | linear | 3 | 15 | 12",
  ]);
});
