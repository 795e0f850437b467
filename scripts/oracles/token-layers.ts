/** Cases of the layers of vision transformers: several entries of the layer table one after the other, as the blocks are. */
import * as g from "../../src/compiler/graph/build.ts";
import type { GraphBuilder } from "../../src/compiler/graph/builder.ts";
import type { ValueId } from "../../src/compiler/graph/graph.ts";
import type { ArgumentValue, Variant } from "../../src/compiler/layers/layer.ts";
import { emitLayer, evaluate, pullback, type LayerCase, type Runner } from "./layer-graph.ts";
import { toChannelsFirst, toChannelsLast } from "./layout.ts";

type Ids = Readonly<Record<string, ValueId>>;
type Step = (x: ValueId) => ValueId;

const layerNorm: Variant = { variant: "layer", args: [] };

/** Layers whose tensors are the inputs below a path: `attn.to_out.linear.weight` is `to_out.weight` of `attn`. */
function layersOf(b: GraphBuilder, ids: Ids) {
  const inputs = Object.entries(ids);
  return (layer: string, path: string, args: Record<string, ArgumentValue>): Step => {
    const own = inputs.flatMap(([name, id]) => {
      const short = name.replace(".linear.weight", ".weight");
      return short.startsWith(`${path}.`) ? [[short.slice(path.length + 1), id] as const] : [];
    });
    const options = { form: "bcos" as const };
    return (x) => emitLayer(b, layer, args, { ...Object.fromEntries(own), x }, options).y;
  };
}

const through = (x: ValueId, steps: readonly Step[]): ValueId => steps.reduce((value, step) => step(value), x);

function attended(b: GraphBuilder, ids: Ids, c: LayerCase, prefix: string, x: ValueId): ValueId {
  const layer = layersOf(b, ids);
  const [dim, heads] = [Number(c.params["dim"]), Number(c.params["heads"])];
  return through(x, [
    layer("norm", `${prefix}norm`, { kind: layerNorm, eps: 1e-5 }),
    layer("linear", `${prefix}to_qkv`, { width: 3 * dim, b: 1, maxout: 1, weights: "free", bias: false }),
    layer("attention", `${prefix}attention`, { heads }),
    layer("linear", `${prefix}to_out`, { width: dim, bias: false }),
  ]);
}

function fed(b: GraphBuilder, ids: Ids, c: LayerCase, prefix: string, x: ValueId): ValueId {
  const layer = layersOf(b, ids);
  const dim = Number(c.params["dim"]);
  return through(x, [
    layer("norm", `${prefix}norm`, { kind: layerNorm, eps: 1e-5 }),
    layer("linear", `${prefix}linear1`, { width: 2 * dim }),
    layer("gelu", `${prefix}act`, {}),
    layer("linear", `${prefix}linear2`, { width: dim }),
  ]);
}

/** y, both gradients to x, and those to the tensors. */
function compared(build: (b: GraphBuilder, ids: Ids, c: LayerCase) => ValueId): Runner {
  return (c, inputs, target) =>
    evaluate(target, inputs, (b, ids) => {
      const y = build(b, ids, c);
      const tensors = Object.keys(inputs).filter((name) => name !== "x" && name !== "g");
      const train = pullback(b, ids, y, ["x", ...tensors], "true");
      const gradients = tensors.map((name) => [`train_d:${name}`, train[name]!] as const);
      const explain = pullback(b, ids, y, ["x"], "explain")["x"]!;
      return { y, train_dx: train["x"]!, explain_dx: explain, ...Object.fromEntries(gradients) };
    });
}

export const attention = compared((b, ids, c) => attended(b, ids, c, "", ids["x"]!));

export const encoder = compared((b, ids, c) => {
  const mixed = g.add(b, attended(b, ids, c, "attn.", ids["x"]!), ids["x"]!);
  return g.add(b, fed(b, ids, c, "ff.net.", mixed), mixed);
});

export const patchEmbedding: Runner = async (c, inputs, target) => {
  // The case's y and g have their channels last already, where its x has them first.
  const shape = c.inputs["g"]!.shape;
  const cotangent = { shape, values: toChannelsFirst(inputs["g"]!.values, shape) };
  const results = await evaluate(target, { ...inputs, g: cotangent }, (b, ids) => {
    const cut = emitLayer(b, "patches", { size: [Number(c.params["patch"]), Number(c.params["patch"])] }, ids, {
      form: "bcos",
    }).y;
    const { y } = emitLayer(b, "linear", { width: Number(c.params["dim"]) }, { ...ids, x: cut }, { form: "bcos" });
    const train = pullback(b, ids, y, ["x", "weight"], "true");
    const explain = pullback(b, ids, y, ["x"], "explain");
    return { y, train_dx: train["x"]!, train_dw: train["weight"]!, explain_dx: explain["x"]! };
  });
  return { ...results, y: toChannelsLast(results["y"]!, shape) };
};

export const positions: Runner = (c, _, target) => {
  const [height, width, dim] = [Number(c.params["h"]), Number(c.params["w"]), Number(c.params["dim"])];
  return evaluate(target, {}, (b) => {
    const x = g.filled(b, 0, [1, height, width, dim]);
    const { y } = emitLayer(b, "position_embed", { temperature: 10000 }, { x }, { form: "bcos" });
    return { pe: y };
  });
};
