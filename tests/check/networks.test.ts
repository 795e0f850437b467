/** The expanded network: layers and shapes, compile-time choices, settings, and facts for tools. */
import { describe, expect, test } from "vitest";
import { presets } from "../../src/compiler/network/presets.ts";
import { check, findings, model, networkOf, residual, resnet34Files, weightPaths, withHead } from "./helper.ts";

describe("ResNet-34", () => {
  const network = networkOf(resnet34Files);

  test("has torchvision's weight paths", () => {
    const expected: string[] = ["conv1 [112, 112, 64]", "bn1 [112, 112, 64]"];
    const stages = [
      [1, 3, 64, 56],
      [2, 4, 128, 28],
      [3, 6, 256, 14],
      [4, 3, 512, 7],
    ] as const;
    for (const [stage, blocks, width, size] of stages) {
      for (let i = 0; i < blocks; i++) {
        const names = ["conv1", "bn1", "conv2", "bn2"];
        if (stage > 1 && i === 0) names.push("downsample.0", "downsample.1");
        for (const name of names) expected.push(`layer${stage}.${i}.${name} [${size}, ${size}, ${width}]`);
      }
    }
    expected.push("fc [1000]");
    expect(weightPaths(network)).toEqual(expected);
  });

  test("has 36 convolutions and one linear layer, all paths different", () => {
    expect(network.layers.filter((l) => l.layer === "conv")).toHaveLength(36);
    expect(network.layers.filter((l) => l.layer === "linear")).toHaveLength(1);
    expect(new Set(network.layers.map((l) => l.path)).size).toBe(network.layers.length);
  });

  test("names what has no label after its binding", () => {
    const generated = network.layers.slice(0, 11).map((l) => l.path);
    expect(generated).toContain("stem.relu0");
    expect(generated).toContain("stem.max_pool0");
    expect(generated).toContain("layer1.0.main.relu0");
    expect(generated).toContain("layer1.0.y.add");
    expect(generated).toContain("layer1.0.y.relu0");
  });

  test("is in topological order, and inputs have the shapes that their makers give", () => {
    for (const [i, layer] of network.layers.entries()) {
      for (const [k, input] of layer.inputs.entries()) {
        if (input !== "input") expect(input).toBeLessThan(i);
        const shape = input === "input" ? network.input.shape : network.layers[input]!.shape;
        expect(layer.inputShapes[k]).toEqual(shape);
      }
    }
  });

  test("knows the values of bindings and instances", () => {
    const at = (path: string) => network.scopes.find((scope) => scope.path === path)?.value;
    const layerAt = (path: string) => network.layers.findIndex((layer) => layer.path === path);
    expect(at("stem")).toBe(layerAt("stem.max_pool0"));
    expect(at("layer1.0")).toBe(layerAt("layer1.0.y.relu0"));
    expect(at("layer1")).toBe(layerAt("layer1.2.y.relu0"));
    expect(at("layer1")).toBe(at("layer1.2"));
    expect(at("layer2.0.skip")).toBe(layerAt("layer2.0.downsample.1"));
    expect(at("layer1.0.skip")).toBe(at("stem"));
    expect(at("logits")).toBe(layerAt("fc"));
    expect(new Set(network.scopes.map((scope) => scope.path)).size).toBe(network.scopes.length);
  });

  test("tells where each layer comes from", () => {
    const layer = network.layers.find((l) => l.path === "layer2.0.conv1")!;
    expect(layer.span.file).toBe("blocks/residual.bcos");
    expect(layer.expansion.map((link) => [link.call, link.span.file])).toEqual([
      ["BasicBlock(128, stride: 2)", "main.bcos"],
    ]);
    expect(network.layers[0]!.expansion).toEqual([]);
  });

  test("takes parameters from outside", () => {
    const small = networkOf(resnet34Files, { parameters: { classes: 7 } });
    expect(small.parameters).toEqual({ classes: 7 });
    expect(small.outputs.map((o) => o.shape)).toEqual([[7]]);
    expect(network.parameters).toEqual({ classes: 1000 });
  });

  test("fills in the layers' defaults and leaves out what the settings give", () => {
    const { arguments: args } = network.layers[0]!;
    expect(args).toMatchObject({ width: 64, kernel: [7, 7], stride: [2, 2], padding: "same", groups: 1 });
    expect(args).not.toHaveProperty("b");
  });
});

describe("compile-time choices", () => {
  const shapes = (rows: string, rest = "") => networkOf(withHead(rows, rest)).layers.map((l) => l.shape.join("x"));

  test("index counts instances from 0", () => {
    expect(shapes("  a = image -> repeat 3 { conv(4 + 2 * index, kernel: 1) }").slice(0, 3)).toEqual([
      "32x32x4",
      "32x32x6",
      "32x32x8",
    ]);
  });

  test("repeat 0 and an if without else pass the value on", () => {
    expect(shapes("  a = image -> repeat 0 { relu } -> if 1 > 2 { relu }").slice(0, 1)).toEqual(["3"]);
  });

  test("only the branch that is taken is expanded", () => {
    const block = `block B(kind: enum(wide, narrow) = wide) {
      input x: [H, W, C]
      output y: [H, W, 4]
      y = x -> conv(4, kernel: 1)
    }`;
    expect(findings(check(withHead("  a = image -> B(narrow)", block)))).toEqual(["name/unused: kind"]);
    const used = block.replace("y = x ->", "y = if kind == narrow { x } else { x -> norm } ->");
    expect(weightPaths(networkOf(withHead("  a = image -> B(narrow)", used))).length).toBe(2);
    expect(weightPaths(networkOf(withHead("  a = image -> B", used))).length).toBe(3);
  });

  test("defaults may use the parameters before them", () => {
    const block = `block B(width: int, inner: int = 2 * width) {
      input x: [H, W, C]
      output y: [H, W, width]
      y = x -> i: conv(inner, kernel: 1) -> o: conv(width, kernel: 1)
    }`;
    expect(shapes("  a = image -> B(5)", block).slice(0, 2)).toEqual(["32x32x10", "32x32x5"]);
  });

  test("dimension symbols are the sizes of the input", () => {
    const block = `block Halve {
      input x: [H, W, C]
      output y: [H, W, C / 3 * 2]
      y = x -> conv(C * 2 / 3, kernel: 1)
    }`;
    expect(shapes("  a = image -> Halve", block)[0]).toBe("32x32x2");
  });

  test("an int given for a float is a float", () => {
    const block = `block B(ratio: float) {
      input x: [H, W, C]
      output y: [H, W, floor(ratio / 2)]
      y = x -> conv(floor(ratio / 2), kernel: 1)
    }`;
    expect(check(withHead("  a = image -> B(7)", block)).diagnostics).toEqual([]);
  });
});

describe("B-cos settings", () => {
  const settings = (file: string, own = "") => networkOf(withHead(`  ${own}\n  a = image -> relu`, file)).settings;

  test("are those of preset v2 where nothing is said", () => {
    expect(settings("")).toEqual(settings("bcos { preset: v2 }"));
    expect(settings("").norm).toEqual({ variant: "batch_uncentered", args: [] });
  });

  test("of a model override those of its file, and both override the preset", () => {
    expect(settings("bcos { maxout: 3, preset: v1 }")).toMatchObject({ preset: "v1", maxout: 3 });
    expect(settings("bcos { maxout: 3, b: 1.5 }", "bcos { b: 2.5 }")).toMatchObject({
      preset: "v2",
      maxout: 3,
      b: 2.5,
    });
    expect(settings("bcos { maxout: 3 }", "bcos { preset: v1 }")).toMatchObject({ preset: "v1", maxout: 3 });
  });

  test("start from a preset that is given from outside, and keep what is written beside it", () => {
    const text = withHead("  bcos { preset: v1, b: 1.5 }\n  a = image -> relu", "bcos { preset: v2, maxout: 3 }");
    const { networks } = check(text, { preset: "cosified" });
    expect(networks[0]?.settings).toEqual({ ...presets.cosified, b: 1.5, maxout: 3 });
  });

  test("that are given from outside count over those that are written", () => {
    const text = withHead("  bcos { preset: v1, b: 1.5 }\n  a = image -> relu", "bcos { preset: v2, maxout: 3 }");
    const given = check(text, { preset: "cosified", settings: "b: 1.25, encode: none, preset: v1" });
    const encode = { variant: "none", args: [] };
    expect(given.networks[0]?.settings).toEqual({ ...presets.cosified, b: 1.25, maxout: 3, encode });
    expect(check(text, { settings: "preset: v2" }).networks[0]?.settings).toEqual({ ...presets.v2, b: 1.5, maxout: 3 });
    expect(check(text, { settings: "" }).networks[0]?.settings).toEqual(networkOf(text).settings);
  });

  test.each([
    ["b: 0.5", "type/range"],
    ["c: 1", "name/unknown"],
    ["b: 1, b: 2", "name/duplicate"],
    ["b:", "syntax/missing-value"],
    ["b: width", "name/unknown"],
    ["b: 1 } model X {", "syntax/unopened"],
    ["b: 1 } bcos { b: 2", "syntax/unopened"],
    ["encode: add_inverse_normalized([0.5], [1])", "bcos/encode-channels"],
  ])("that are given from outside are checked: %s", (settings, code) => {
    const { networks, diagnostics } = check(withHead("  a = image -> relu"), { settings });
    expect(networks).toEqual([]);
    expect(diagnostics.map((d) => [d.code, d.span?.file])).toContainEqual([code, "--settings"]);
    expect(diagnostics).toHaveLength(1);
  });

  test("take variants with arguments, lists and the parameters of the model", () => {
    const network = networkOf(`model M(classes: int = 5) {
      bcos { norm: group(2), encode: add_inverse_normalized([0.5], [1]), logit_bias: 0 - ln(classes) }
      input image: [8, 8, 1]
      output logits: [classes]
      logits = image -> conv(4, kernel: 1) -> global_avg_pool -> fc: linear(classes)
    }`);
    expect(network.settings.norm).toEqual({ variant: "group", args: [2] });
    expect(network.settings.encode).toEqual({ variant: "add_inverse_normalized", args: [[0.5], [1]] });
    expect(network.settings.logitBias).toBeCloseTo(-Math.log(5), 12);
  });
});

describe("models", () => {
  const two = `${model("  logits = image -> global_avg_pool -> linear(10)")}
model Other(width: int) {
  input image: [4, 4, 1]
  output logits: [width]
  logits = image -> global_avg_pool -> linear(width)
}`;

  test("each has its network; an error in one does not touch the other", () => {
    const result = check(two);
    expect(findings(result)).toEqual(["type/parameter-value: width"]);
    expect(result.networks.map((n) => n.name)).toEqual(["M"]);
    expect(check(two, { parameters: { width: 3 } }).networks.map((n) => n.name)).toEqual(["M", "Other"]);
  });

  test("one can be chosen", () => {
    expect(check(two, { model: "M" }).networks.map((n) => n.name)).toEqual(["M"]);
    expect(check(two, { model: "M" }).diagnostics).toEqual([]);
    expect(check(two, { model: "m" }).diagnostics.map((d) => [d.code, d.hints[0]])).toEqual([
      ["name/unknown", "did you mean `M`?"],
    ]);
  });

  test("parameters from outside are checked", () => {
    const codes = (parameters: Record<string, number | boolean | string>) =>
      check(resnet34Files, { parameters }).diagnostics.map((d) => [d.code, d.message]);
    expect(codes({ classs: 3 })).toEqual([["name/unknown", "there is no parameter of `ResNet34` named `classs`"]]);
    for (const value of [2.5, true, "x", NaN, Infinity, 2 ** 60]) {
      expect(codes({ classes: value })).toEqual([["type/range", `\`classes\` is ${value}, but takes an int`]]);
    }
    expect(codes({ classes: 0 }).map(([code]) => code)).toEqual(["shape/dimension", "type/range"]);
    expect(codes({ __proto__: 3, constructor: 3 })[0]?.[0]).toBe("name/unknown");
  });

  test("may have several outputs", () => {
    const network = networkOf(`model M {
      input image: [4, 4, 1]
      output logits: [3]
      output map: [4, 4, 2]
      map = image -> conv(2, kernel: 1)
      logits = map -> global_avg_pool -> fc: linear(3)
    }`);
    expect(network.outputs).toEqual([
      { name: "logits", value: 2, shape: [3] },
      { name: "map", value: 0, shape: [4, 4, 2] },
    ]);
  });

  test("blocks that nothing uses are checked for names and types", () => {
    const unused = residual.replace("conv2: conv", "conv2: cnov").replace("C == width", "C == widht");
    expect(findings(check(unused))).toEqual(["name/unknown: cnov", "name/unknown: widht"]);
  });
});

describe("facts for tools", () => {
  const result = check(resnet34Files);
  const textAt = (span: { file: string; start: number; end: number }) =>
    result.files.get(span.file)!.text.slice(span.start, span.end);

  test("the shape behind every step of the model and of the first instance of a block", () => {
    const shapes = result.facts.flatMap((f) => (f.kind === "shape" ? [`${textAt(f.span)} ${f.shape.join("x")}`] : []));
    expect(shapes).toContain("conv1: conv(64, kernel: 7, stride: 2) 112x112x64");
    expect(shapes).toContain("max_pool(3, stride: 2) 56x56x64");
    expect(shapes).toContain("BasicBlock(256, stride: 2) 14x14x256");
    expect(shapes).toContain("layer4 7x7x512");
    expect(shapes).toContain("conv1: conv(width, kernel: 3, stride: stride) 56x56x64");
    expect(shapes).toContain("downsample.0: conv(width, kernel: 1, stride: stride) 28x28x128");
  });

  test("where each name is given", () => {
    const definitions = result.facts.flatMap((f) =>
      f.kind === "definition" ? [`${textAt(f.span)} -> ${f.target.file}:${textAt(f.target)}`] : [],
    );
    expect(definitions).toContain("BasicBlock -> blocks/residual.bcos:BasicBlock");
    expect(definitions).toContain("stem -> main.bcos:stem");
    expect(definitions).toContain("width -> blocks/residual.bcos:width");
    expect(definitions).toContain("C -> blocks/residual.bcos:C");
    expect(definitions).toContain("stride -> blocks/residual.bcos:stride");
    expect(definitions).toContain("classes -> main.bcos:classes");
  });
});

test("what is divided by must be greater than 0, and the finding stands at the setting", () => {
  for (const setting of ["logit_temperature: 0", "logit_temperature: -2", "scale: v1(0)", "scale: constant(-1)"]) {
    const value = setting.slice(setting.indexOf(" ") + 1);
    const result = check(withHead("  a = image -> relu", `bcos { ${setting} }`));
    expect(findings(result)).toEqual([`type/range: ${value}`]);
  }
});
