/**
 * Which values of a plan are kept in half precision where that is asked for: activations of the forward part, and weights
 * that are prepared for products. In full precision stay what the caller feeds or reads, state, statistics and norms, and
 * all that is computed from a cotangent: in a deep network those numbers become so small that f16 would lose them.
 */
import type { OpKind, ValueId } from "../graph/graph.ts";
import { inMemory, type PlanState } from "./groups.ts";
import type { Values } from "./values.ts";

/** Few numbers that many others depend on. */
const STATISTICS: ReadonlySet<OpKind> = new Set([
  "reduce_sum",
  "reduce_mean",
  "reduce_variance",
  "patch_norm",
  "row_norm",
  "log_softmax",
  "random_uniform",
]);

/** Operations that only move numbers, or compute one from those at its place. */
const COPIES: ReadonlySet<OpKind> = new Set([
  "reshape",
  "dynamic",
  "broadcast",
  "transpose",
  "slice",
  "pad",
  "concat",
  "upsample",
]);

const PRODUCTS: ReadonlySet<OpKind> = new Set(["conv2d", "conv2d_input_gradient", "matmul"]);

/** By root. Only values that groups write into slots. */
export function halfValues(state: PlanState): ReadonlySet<ValueId> {
  const { values } = state;
  const activations = activationsOf(values);
  const weights = preparedWeights(values);
  const isHalf = (root: ValueId): boolean =>
    weights.has(root) || (activations.has(root) && values.forward.has(root) && !values.results.has(root));
  const half = new Set([...state.writer.keys()].filter(isHalf));
  for (const root of [...lastValues(values), ...comparedValues(state, half)]) half.delete(root);
  return half;
}

/** What logits are computed from behind the last product: of a few classes, and what an explanation has to add up to. */
function lastValues({ graph, root }: Values): ReadonlySet<ValueId> {
  const last = new Set<ValueId>();
  const queue = "logits" in graph.outputs ? [root(graph.outputs["logits"])] : [];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (last.has(value)) continue;
    last.add(value);
    const { op, inputs } = graph.nodes[value]!;
    // The norm that a product is scaled by is no way back: it leads to the product's input.
    if (!PRODUCTS.has(op)) queue.push(...(op === "bcos_scale" ? inputs.slice(0, 1) : inputs).map(root));
  }
  return last;
}

/**
 * What products of either part read of values that no feed has to do with. Both parts may have a copy of their own: an
 * explanation needs the weights that its prediction was made with.
 */
function preparedWeights({ graph, root, results }: Values): ReadonlySet<ValueId> {
  const fed = new Set<ValueId>();
  const weights = new Set<ValueId>();
  graph.nodes.forEach(({ op, inputs }, value) => {
    if (op === "input" || inputs.some((input) => fed.has(input))) fed.add(value);
    if (!PRODUCTS.has(op)) return;
    for (const input of inputs) if (!fed.has(input) && !results.has(root(input))) weights.add(root(input));
  });
  return weights;
}

/** The image, and what is computed from it or from weights by more than a formula over statistics and state. */
function activationsOf({ graph, pointwise }: Values): ReadonlySet<ValueId> {
  const found = new Set<ValueId>();
  graph.nodes.forEach(({ op, inputs }, value) => {
    const follows = pointwise(value) !== undefined || COPIES.has(op);
    const leaf = op === "state" || op === "constant";
    if (follows ? inputs.some((input) => found.has(input)) : !leaf && !STATISTICS.has(op)) found.add(value);
  });
  return found;
}

/**
 * The routes of maxima look for the element of x that equals y = max(x). Rounding keeps the order of numbers, so that holds
 * where both are rounded or neither is. It need not hold where x is computed a second time from what was rounded meanwhile:
 * then nothing that either comes from by formulas may be rounded.
 */
function comparedValues(state: PlanState, half: ReadonlySet<ValueId>): ReadonlySet<ValueId> {
  const { values } = state;
  const full = new Set<ValueId>();
  const keep = (root: ValueId): void => {
    if (full.has(root)) return;
    full.add(root);
    for (const operand of values.pointwise(root)?.operands ?? []) keep(operand.value);
  };
  for (const node of values.graph.nodes) {
    if (node.op !== "window_route" && node.op !== "route_max") continue;
    const [x, y] = [values.root(node.inputs[1]!), values.root(node.inputs[2]!)];
    const maximised = values.root(values.node(y).inputs[0] ?? y);
    if (maximised === x && inMemory(state, x) && half.has(x) && half.has(y)) continue;
    for (const root of [x, y, maximised]) keep(root);
  }
  return full;
}
