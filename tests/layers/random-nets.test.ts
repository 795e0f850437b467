import fc from "fast-check";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Shape } from "../../src/compiler/graph/graph.ts";
import type { ArgumentValue, Variant } from "../../src/compiler/layers/layer.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import type { Network, NetworkValue } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { argumentsOf, net } from "./nets.ts";
import { noise, stateFor, sum } from "./numbers.ts";

type Given = Readonly<Record<string, ArgumentValue>>;

const small = fc.integer({ min: 1, max: 4 });
const window = { kernel: small, stride: fc.integer({ min: 1, max: 2 }) };
const named = (variant: string, ...args: number[]): Variant => ({ variant, args });
const norms = fc.constantFrom(
  named("batch"),
  named("batch_uncentered"),
  named("all_uncentered"),
  named("layer"),
  named("position_uncentered"),
  named("group", 2),
  named("none"),
);
const units = { b: fc.constantFrom(1, 1.25, 1.5, 2, 2.5), maxout: fc.integer({ min: 1, max: 3 }) };

/** A layer with arguments, or a join with the value so far. */
const step: fc.Arbitrary<readonly [string, Given]> = fc.oneof(
  fc.tuple(fc.constant("conv"), fc.record({ width: small, ...window, dilation: small, ...units })),
  fc.tuple(fc.constant("depthwise_conv"), fc.record({ ...window, ...units })),
  fc.tuple(fc.constant("linear"), fc.record({ width: small, ...units })),
  fc.tuple(fc.constant("norm"), fc.record({ kind: norms }, { requiredKeys: [] })),
  fc.tuple(fc.constantFrom("relu", "gelu", "silu", "sigmoid", "identity", "blur_pool", "flatten"), fc.constant({})),
  fc.tuple(fc.constantFrom("max_pool", "avg_pool"), fc.record(window)),
  fc.tuple(fc.constantFrom("add", "mul", "concat"), fc.constant({})),
  fc.tuple(fc.constantFrom("dropout", "stochastic_depth"), fc.constant({ rate: 0.3 })),
  fc.tuple(fc.constant("crop"), fc.record({ size: small })),
  fc.tuple(fc.constantFrom("pad"), fc.record({ size: fc.nat(2) })),
);

const settings: fc.Arbitrary<BcosSettings> = fc
  .record({
    preset: fc.constantFrom("v1", "v2", "cosified" as const),
    norm: norms,
    normBias: fc.boolean(),
    relu: fc.constantFrom("drop", "keep" as const),
    gelu: fc.constantFrom("drop", "keep" as const),
    head: fc.constantFrom("before_pool", "after_pool" as const),
    encode: fc.constantFrom(named("none"), named("add_inverse")),
    logitTemperature: fc.constantFrom(1, 10),
  })
  .map((given) => ({ ...presets[given.preset as "v1" | "v2"], ...given }) as BcosSettings);

const shapes: fc.Arbitrary<Shape> = fc.oneof(fc.tuple(small, small, small), fc.tuple(small));

/** Steps that fit, in order; a join takes the value two steps before. Ends in a classifier. */
function networkOf(shape: Shape, steps: readonly (readonly [string, Given])[], given: BcosSettings): Network {
  const b = net(shape);
  const values: NetworkValue[] = ["input"];
  const known: Shape[] = [shape];
  const put = (layer: string, args: Given): void => {
    const join = layerTable[layer]!.inputs === "many";
    const own = join ? [values.length - 1, Math.max(0, values.length - 3)] : [values.length - 1];
    const result = layerTable[layer]!.shape(
      argumentsOf(layer, args),
      own.map((i) => known[i]!),
    );
    if ("problem" in result) return;
    const inputs = own.map((i) => values[i]!);
    values.push(b.layer(layer, `${layer}${values.length}`, inputs, args));
    known.push(result.shape);
  };
  for (const [layer, args] of steps) put(layer, args);
  if (known.at(-1)!.length > 1) put("global_avg_pool", {});
  put("linear", { width: 3 });
  return b.finish(values.at(-1)!, given);
}

test("random networks either have a finding or explain themselves and train", () => {
  let lowered = 0;
  fc.assert(
    fc.property(shapes, fc.array(step, { maxLength: 7 }), settings, fc.nat(1000), (shape, steps, given, seed) => {
      const network = networkOf(shape, steps, given);
      if (checkForm(network, "bcos").length > 0) return;
      lowered++;
      const { program } = buildProgram(network, {
        form: "bcos",
        batch: 2,
        graphs: ["predict", "explain", "gradient", "train"],
        train: {
          loss: { kind: "uniform_off_label_bce" },
          optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false },
          clip: { kind: "agc", factor: 0.01, epsilon: 1e-3 },
        },
      });
      const state = stateFor(program.state, seed);
      const image = noise(
        shape.reduce((a, b) => a * b, 2),
        seed,
      ).map((v) => 0.5 + 0.5 * v);
      const cotangent = noise(6, seed + 1);
      const { outputs } = evaluateGraph(program.graphs.explain!, { feeds: { image, cotangent }, state });
      const size = [outputs["contributions"]!, outputs["constant"]!, outputs["explained"]!]
        .map((values) => sum(values.map(Math.abs)))
        .reduce((a, b) => a + b);
      const total = sum(outputs["contributions"]!) + sum(outputs["constant"]!);
      expect(Math.abs(total - sum(outputs["explained"]!))).toBeLessThanOrEqual(1e-10 * size);

      const feeds = { image, targets: new Float64Array(6), learningRate: [0.01], step: [1] };
      const after = evaluateGraph(program.graphs.train!, { feeds, state });
      expect(Number.isFinite(after.outputs["loss"]![0])).toBe(true);
      for (const [path, values] of Object.entries(after.updates))
        expect(values.every(Number.isFinite), path).toBe(true);
    }),
    { numRuns: 60 },
  );
  expect(lowered).toBeGreaterThan(15);
});
