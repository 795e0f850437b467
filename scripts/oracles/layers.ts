/** Single layers: each case lowers entries of the layer table and compares values and both kinds of gradients. */
import * as g from "../../src/compiler/graph/build.ts";
import { differentiate } from "../../src/compiler/graph/differentiate.ts";
import { sizeOf, type Shape } from "../../src/compiler/graph/graph.ts";
import type { TrainSettings } from "../../src/compiler/graph/program.ts";
import { logitLayer } from "../../src/compiler/composites/logits.ts";
import type { ArgumentValue, Variant } from "../../src/compiler/layers/layer.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { clipUnitwise } from "../../src/compiler/training/clip.ts";
import { lossOf } from "../../src/compiler/training/losses.ts";
import { colourExplanation } from "../../src/runtime/explain/colour.ts";
import { compareArray, relative, type Deviation } from "./compare.ts";
import { byRule } from "./generators.ts";
import {
  emitLayer,
  evaluate,
  pullback,
  type Input,
  type Inputs,
  type LayerCase,
  type Results,
  type Runner,
} from "./layer-graph.ts";
import { channelsLastShape, permute, toChannelsFirst, toChannelsLast } from "./layout.ts";
import { attempt, Skip, type Outcome, type Target } from "./outcome.ts";
import { attention, encoder, patchEmbedding, positions } from "./token-layers.ts";

export type { LayerCase } from "./layer-graph.ts";

export async function runLayerCase(layerCase: LayerCase, target: Target): Promise<Outcome> {
  return attempt(layerCase.id, async () => {
    const runner = runners[layerCase.op];
    if (runner === undefined) throw new Skip(`there is no layer for ${layerCase.op} yet`);
    const inputs = Object.fromEntries(Object.entries(layerCase.inputs).map(([name, spec]) => [name, generate(spec)]));
    return compare(layerCase, await runner(layerCase, inputs, target), target);
  });
}

function compare(layerCase: LayerCase, results: Results, target: Target): Deviation[] {
  return Object.entries(layerCase.expected).map(([what, expected]) => {
    // Pictures are float32 in every precision.
    const bound = target.precision === "float32" ? 1e-5 : what === "rgba" ? 1e-6 : 1e-9;
    const actual = results[what];
    if (actual === undefined) throw new Error(`the runner gives no ${what}`);
    if (typeof expected === "number") return { what, value: relative(actual[0]!, expected), bound };
    const values = what === "rgba" ? actual : toChannelsFirst(actual, expected.shape);
    return { what, value: compareArray(values, expected), bound };
  });
}

function generate(spec: LayerCase["inputs"][string]): Input {
  const values = byRule(spec.rule, spec.tag, spec.shape);
  edit(values, spec.shape, spec.then);
  return { values: toChannelsLast(values, spec.shape), shape: channelsLastShape(spec.shape) };
}

/** The edits that `then` describes. */
function edit(values: Float64Array, shape: Shape, then: string | undefined): void {
  if (then === undefined) return;
  const row = /^row (\d+) set to 0$/.exec(then);
  if (row !== null) {
    const length = sizeOf(shape.slice(1));
    values.fill(0, Number(row[1]) * length, (Number(row[1]) + 1) * length);
  } else if (then.startsWith("rows y < H/2")) {
    const [, , height = 0, width = 0] = shape;
    const zeros = Math.floor(height / 2) * width;
    for (let start = 0; start < values.length; start += height * width) values.fill(0, start, start + zeros);
  } else throw new Skip(`unknown edit: ${then}`);
}

/** A layer with one weight: y, both gradients to x, and the one to the weight. */
function weighted(
  name: string,
  args: (c: LayerCase) => Record<string, ArgumentValue>,
  settings: (c: LayerCase) => Partial<BcosSettings>,
): Runner {
  return (c, inputs, target) =>
    evaluate(target, inputs, (b, ids) => {
      const { y } = emitLayer(b, name, args(c), ids, { form: "bcos", settings: settings(c) });
      const train = pullback(b, ids, y, ["x", "weight"], "true");
      const explain = pullback(b, ids, y, ["x"], "explain");
      return { y, train_dx: train["x"]!, train_dw: train["weight"]!, explain_dx: explain["x"]! };
    });
}

const number = (c: LayerCase, key: string): number => Number(c.params[key]);
const pair = (c: LayerCase, key: string): [number, number] => c.params[key] as [number, number];

const convArguments = (c: LayerCase): Record<string, ArgumentValue> => ({
  width: number(c, "out_channels"),
  kernel: pair(c, "kernel"),
  stride: pair(c, "stride"),
  padding: pair(c, "padding"),
  dilation: pair(c, "dilation"),
  groups: number(c, "groups"),
});

const power = (c: LayerCase): Partial<BcosSettings> => ({ b: number(c, "B"), maxout: number(c, "max_out") });

/** "k*sqrt(Cin)/100 = 0.067": the divisor behind the last equals sign. */
function divisor(c: LayerCase): Variant {
  return { variant: "constant", args: [Number(String(c.params["scale"]).split("=").at(-1))] };
}

function norm(kind: string): Runner {
  return async (c, inputs, target) => {
    const groups = c.params["groups"];
    const isGroup = kind.startsWith("group");
    const variant: Variant = { variant: kind, args: isGroup ? [Number(groups)] : [] };
    const args = { kind: variant, eps: number(c, "eps") };
    const options = { form: "bcos" as const, settings: { normBias: "bias" in inputs } };
    const parameters = ["weight", "bias"].filter((name) => name in inputs);
    const given = "running_var" in inputs && !("running_mean" in inputs) ? withZeroMean(inputs) : inputs;

    const results: Record<string, ArrayLike<number>> = {};
    for (const mode of ["train", "eval"] as const) {
      if (mode === "train" && !("running_var" in inputs)) continue;
      const training = mode === "train";
      const out = await evaluate(target, given, (b, ids) => {
        const { y, updates } = emitLayer(b, "norm", args, ids, { ...options, training });
        const d = pullback(b, ids, y, ["x", ...parameters], "true");
        const explain = pullback(b, ids, y, ["x"], "explain");
        const gradients = Object.fromEntries(Object.entries(d).map(([name, id]) => [`${mode}_d${name}`, id]));
        const statistics = Object.entries(updates).map(([name, id]) => [`${name}_after_1`, id]);
        return {
          [`${mode}_y`]: y,
          [`${mode}_explain_y`]: y,
          ...gradients,
          [`${mode}_explain_dx`]: explain["x"]!,
          ...Object.fromEntries(statistics),
        };
      });
      Object.assign(results, out);
    }
    const variance = results["running_var_after_1"];
    if (variance !== undefined) {
      const second = {
        ...given,
        x: { ...given["x"]!, values: given["x"]!.values.map((v) => 2 * v) },
        running_var: { ...given["running_var"]!, values: Float64Array.from(variance) },
      };
      const after = await evaluate(target, second, (b, ids) => {
        const { updates } = emitLayer(b, "norm", args, ids, { ...options, training: true });
        return { running_var_after_2: updates["running_var"]! };
      });
      Object.assign(results, after);
      // Uncentred norms have no running mean; the reference keeps an unused one, always zero.
      results["running_mean_after_1"] ??= new Float64Array(variance.length);
    }
    return results;
  };
}

function withZeroMean(inputs: Inputs): Inputs {
  const { shape, values } = inputs["running_var"]!;
  return { ...inputs, running_mean: { shape, values: new Float64Array(values.length) } };
}

const pool: Runner = (c, inputs, target) =>
  evaluate(target, inputs, (b, ids) => {
    const global = c.params["kernel"] === "global";
    const size = (key: string): [number, number] => [number(c, key), number(c, key)];
    const args = global ? {} : { kernel: size("kernel"), stride: size("stride"), padding: size("padding") };
    const { y } = emitLayer(b, global ? "global_avg_pool" : "avg_pool", args, ids, { form: "bcos" });
    const shape = b.shapeOf(ids["g"]!);
    return { y: g.reshape(b, y, shape), dx: pullback(b, ids, y, ["x"], "true")["x"]! };
  });

const loss: Runner = (c, inputs, target) => {
  const { shape } = inputs["logits"]!;
  const [rows = 0, classes = 0] = shape;
  const targets = c.params["targets"];
  const rowsOf = Array.isArray(targets)
    ? {
        shape,
        values: Float64Array.from({ length: rows * classes }, (_, i) =>
          targets[Math.floor(i / classes)] === i % classes ? 1 : 0,
        ),
      }
    : inputs["target"]!;
  return evaluate(target, { ...inputs, target: rowsOf }, (b, ids) => {
    const value = lossOf(b, ids["logits"]!, ids["target"]!, lossSettings(c));
    const one = g.filled(b, 1, b.shapeOf(value));
    const { gradients } = differentiate(b, [{ value, cotangent: one }], [ids["logits"]!], "true");
    return { loss: value, dlogits: gradients[0]! };
  });
};

function lossSettings(c: LayerCase): TrainSettings["loss"] {
  const kind = String(c.params["kind"]);
  const smoothing = c.params["smoothing"] === undefined ? {} : { smoothing: number(c, "smoothing") };
  if (kind.includes("clamped")) return { kind: "uniform_off_label_bce" };
  if (kind.includes("cross entropy")) return { kind: "cross_entropy", ...smoothing };
  if (kind.startsWith("BCE")) return { kind: "bce", ...smoothing };
  throw new Skip(`there is no loss for ${kind}`);
}

const agc: Runner = (c, inputs, target) =>
  evaluate(target, inputs, (b, ids) => {
    return { clipped_grad: clipUnitwise(b, ids["param"]!, ids["grad"]!, number(c, "clip_factor"), number(c, "eps")) };
  });

const logit: Runner = (c, inputs, target) =>
  evaluate(target, inputs, (b, ids) => {
    const y = logitLayer(b, ids["x"]!, Number(c.params["T"] ?? 1), number(c, "bias"));
    return { y, dx: pullback(b, ids, y, ["x"], "true")["x"]! };
  });

const rgba: Runner = async (c, inputs) => {
  const [channels = 0, height = 0, width = 0] = inputs["image3"]!.shape;
  const hwc = (name: string, depth: number): Float64Array =>
    permute(inputs[name]!.values, [depth, height, width], [1, 2, 0]);
  const image = hwc("image3", channels);
  const weights = hwc("W", 2 * channels);
  const contributions = new Float64Array(height * width);
  for (let pixel = 0; pixel < contributions.length; pixel++) {
    for (let k = 0; k < channels; k++) {
      const x = image[pixel * channels + k]!;
      const at = pixel * 2 * channels + k;
      contributions[pixel]! += x * weights[at]! + (1 - x) * weights[at + channels]!;
    }
  }
  const options = { smooth: number(c, "smooth"), percentile: number(c, "alpha_percentile") };
  return { rgba: colourExplanation({ height, width, channels, weights, contributions }, options).rgba };
};

const conv = weighted("conv", convArguments, power);

const runners: Readonly<Record<string, Runner>> = {
  bcos_conv2d: conv,
  bcos_conv2d_v1: weighted("conv", convArguments, (c) => ({ ...power(c), scale: divisor(c) })),
  bcosified_conv2d_no_weight_norm: weighted("conv", convArguments, (c) => ({ ...power(c), weights: "free" })),
  bcos_linear: weighted("linear", (c) => ({ width: number(c, "out_features") }), power),
  "BatchNormUncentered2d(NoBias)": norm("batch_uncentered"),
  "AllNormUncentered2d(NoBias)": norm("all_uncentered"),
  "BatchNorm2d (standard, with bias)": norm("batch"),
  "AllNorm2d (centered, with bias)": norm("all"),
  "DetachablePositionNorm2d(NoBias)": norm("position"),
  "PositionNormUncentered2d(NoBias)": norm("position_uncentered"),
  DetachableGroupNorm2d: norm("group"),
  "GroupNormUncentered2d(NoBias)": norm("group_uncentered"),
  "DetachableGNLayerNorm2d(NoBias)": norm("layer"),
  "GNLayerNormUncentered2d(NoBias)": norm("layer_uncentered"),
  "DetachableGNInstanceNorm2d(NoBias)": norm("instance"),
  "GNInstanceNormUncentered2d(NoBias)": norm("instance_uncentered"),
  "DetachableLayerNorm(NoBias), last dim": norm("layer"),
  avg_pool2d: pool,
  patch_embedding: patchEmbedding,
  sincos_positional_embedding: positions,
  vit_attention: attention,
  "vit_encoder (attn + ff with mlp=2*dim)": encoder,
  loss,
  agc,
  logit_layer: logit,
  gradient_to_image: rgba,
};
