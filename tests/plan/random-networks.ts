/** Random small networks: sizes that are no multiple of a tile, one pixel, one channel, joins, every kind of norm. */
import fc from "fast-check";
import type { Shape } from "../../src/compiler/graph/graph.ts";
import type { ArgumentValue, Variant } from "../../src/compiler/layers/layer.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import type { Network, NetworkValue } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { argumentsOf, net } from "../layers/nets.ts";
import { transformerSteps } from "../layers/random-networks.ts";

type Given = Readonly<Record<string, ArgumentValue>>;

const side = fc.integer({ min: 1, max: 7 });
const width = fc.integer({ min: 1, max: 10 });
const kernel = fc.integer({ min: 1, max: 3 });
const window = { kernel, stride: fc.integer({ min: 1, max: 2 }) };
const named = (variant: string, ...args: number[]): Variant => ({ variant, args });
const norms = fc.constantFrom(
  named("batch"),
  named("batch_uncentered"),
  named("all_uncentered"),
  named("layer"),
  named("instance"),
  named("position_uncentered"),
  named("group", 2),
  named("none"),
);
const units = { b: fc.constantFrom(1, 1.5, 2, 2.5), maxout: fc.integer({ min: 1, max: 3 }) };

type Step = readonly [string, Given];

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.tuple(fc.constant("conv"), fc.record({ width, ...window, ...units })), weight: 3 },
  fc.tuple(
    fc.constant("conv"),
    fc.record({ width: fc.constantFrom(4, 8), kernel, groups: fc.constant(2), b: units.b }),
  ),
  fc.tuple(fc.constant("depthwise_conv"), fc.record({ ...window, ...units })),
  fc.tuple(fc.constant("linear"), fc.record({ width, ...units })),
  { arbitrary: fc.tuple(fc.constant("norm"), fc.record({ kind: norms }, { requiredKeys: [] })), weight: 2 },
  fc.tuple(fc.constantFrom("relu", "gelu", "silu", "sigmoid", "blur_pool", "flatten"), fc.constant({})),
  fc.tuple(fc.constantFrom("max_pool", "avg_pool"), fc.record(window)),
  { arbitrary: fc.tuple(fc.constantFrom("add", "mul", "concat"), fc.constant({})), weight: 2 },
  fc.tuple(fc.constant("dropout"), fc.constant({ rate: 0.3 })),
  fc.tuple(fc.constant("pad"), fc.record({ size: fc.nat(2) })),
  fc.tuple(fc.constant("patches"), fc.record({ size: kernel })),
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

const shapes: fc.Arbitrary<Shape> = fc.oneof(
  { arbitrary: fc.tuple(side, side, fc.integer({ min: 1, max: 5 })), weight: 4 },
  fc.tuple(width),
);

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

const several: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { arbitrary: fc.tuple(step), weight: 6 },
  { arbitrary: transformerSteps, weight: 1 },
);

export const networks: fc.Arbitrary<Network> = fc
  .tuple(shapes, fc.array(several, { maxLength: 7 }), settings)
  .map(([shape, steps, given]) => networkOf(shape, steps.flat(), given));
