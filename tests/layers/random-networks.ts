/** Random networks: layers that fit, in any order, with joins, in all settings. */
import fc from "fast-check";
import type { Shape } from "../../src/compiler/graph/graph.ts";
import type { ArgumentValue, Variant } from "../../src/compiler/layers/layer.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import type { Network, NetworkValue } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { argumentsOf, net } from "./nets.ts";

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

type Step = readonly [layer: string, given: Given];

/** A layer with arguments, or a join with the value so far. */
const stepOf = (width: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.oneof(
    fc.tuple(fc.constant("conv"), fc.record({ width, ...window, dilation: small, ...units })),
    fc.tuple(fc.constant("depthwise_conv"), fc.record({ ...window, ...units })),
    fc.tuple(fc.constant("linear"), fc.record({ width, ...units })),
    fc.tuple(fc.constant("norm"), fc.record({ kind: norms }, { requiredKeys: [] })),
    fc.tuple(
      fc.constantFrom("relu", "leaky_relu", "gelu", "silu", "sigmoid", "identity", "blur_pool", "flatten"),
      fc.constant({}),
    ),
    fc.tuple(fc.constantFrom("max_pool", "avg_pool"), fc.record(window)),
    fc.tuple(fc.constantFrom("add", "mul", "concat"), fc.constant({})),
    fc.tuple(fc.constantFrom("dropout", "stochastic_depth"), fc.constant({ rate: 0.3 })),
    fc.tuple(fc.constant("crop"), fc.record({ size: small })),
    fc.tuple(fc.constantFrom("pad"), fc.record({ size: fc.nat(2), channels: fc.nat(2) })),
    fc.tuple(fc.constant("patches"), fc.record({ size: small })),
  );

/** Layers of transformers behind the widths that they need. */
export const transformerSteps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  fc
    .record({ heads: fc.integer({ min: 1, max: 2 }), depth: fc.integer({ min: 1, max: 3 }) })
    .map(({ heads, depth }): readonly Step[] => [
      ["tokens", {}],
      ["linear", { width: 3 * heads * depth, b: 1, maxout: 1, weights: "free" }],
      ["attention", { heads }],
    ]),
  fc.constantFrom(8, 12).map((width): readonly Step[] => [
    ["linear", { width }],
    ["position_embed", {}],
  ]),
);

const settings: fc.Arbitrary<BcosSettings> = fc
  .record({
    preset: fc.constantFrom("v1", "v2", "cosified" as const),
    norm: norms,
    normBias: fc.boolean(),
    bias: fc.boolean(),
    relu: fc.constantFrom("drop", "keep" as const),
    gelu: fc.constantFrom("drop", "keep" as const),
    head: fc.constantFrom("before_pool", "after_pool" as const),
    encode: fc.constantFrom(named("none"), named("add_inverse")),
    logitTemperature: fc.constantFrom(1, 10),
  })
  .map((given) => ({ ...presets[given.preset as "v1" | "v2"], ...given }) as BcosSettings);

/** Steps that fit, in order; a join takes the value two steps before. Ends in a classifier. */
function networkOf(shape: Shape, steps: readonly Step[], given: BcosSettings): Network {
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

const several = (step: fc.Arbitrary<Step>): fc.Arbitrary<readonly Step[]> =>
  fc.oneof({ arbitrary: fc.tuple(step), weight: 6 }, { arbitrary: transformerSteps, weight: 1 });

/** Images (or vectors) of sides and channels up to `size`, layers of up to `width` channels, at most `layers` of them. */
export function networks(size: number, width: number, layers: number): fc.Arbitrary<Network> {
  const length = fc.integer({ min: 1, max: size });
  const shapes: fc.Arbitrary<Shape> = fc.oneof(fc.tuple(length, length, length), fc.tuple(length));
  const step = stepOf(fc.integer({ min: 1, max: width }));
  return fc
    .tuple(shapes, fc.array(several(step), { maxLength: layers }), settings)
    .map(([shape, steps, given]) => networkOf(shape, steps.flat(), given));
}
