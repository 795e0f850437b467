/** The bias of a product in the B-cos form: dropped, or kept as a constant part, as the settings say. */
import * as g from "../graph/build.ts";
import type { ValueId } from "../graph/graph.ts";
import type { Initial } from "../graph/program.ts";
import type { LayerInstance } from "../network/network.ts";
import { boolOf } from "./arguments.ts";
import type { LoweringContext } from "./layer.ts";

/** y [..., width], all but the bias of `layer` → the same with it, where the layer has one that stays. */
export function withBias(
  context: LoweringContext,
  layer: LayerInstance,
  y: ValueId,
  width: number,
  initial: Initial,
): ValueId {
  if (!boolOf(layer.arguments, "bias")) return y;
  const once = { path: layer.path, count: 1 };
  if (!context.settings.bias) {
    context.note(layer, "bcos/bias-dropped", { ...once, layer: layer.layer });
    return y;
  }
  context.note(layer, "bcos/constant-part", { ...once, what: `the bias of \`${layer.layer}\`` });
  return g.shift(context.graph, layer.path, y, context.weight(layer, "bias", [width], initial));
}
