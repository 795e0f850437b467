/**
 * Every operation of the graph as kernels of its own, unfused: the fallback of a plan, and what the kernels of targets are
 * tested through. Buffers: `x1`, `x2`, … for the inputs, `out`.
 */
import type { Node, NodeOf, OpKind, Shape } from "../graph/graph.ts";
import { patchNormRecipe, rowNormRecipe, unitRowsRecipe } from "./composed-recipes.ts";
import { forwardShape, isDepthwise } from "./convolution-shape.ts";
import { ex, type Access, type Expression } from "./expression.ts";
import { renameRecipe, type Recipe, type RecipeTable } from "./recipe.ts";
import { reduceShape, type ReduceKind } from "./reduction.ts";
import { blockWindow } from "./window-geometry.ts";

/** How an input of `shape` is read by an element-wise kernel over `out` [rows, last axis]; undefined: it must be copied. */
export function operandAccess(shape: Shape, out: Shape): Access | undefined {
  const padded = [...out.slice(shape.length).map(() => 1), ...shape];
  // The product of the axes is what counts: leading ones are free.
  const full = padded.map((length, axis) => length === out[axis]);
  const last = out.length - 1;
  if (padded.every((length) => length === 1)) return { kind: "scalar" };
  if (full.every(Boolean)) return { kind: "same" };
  const free = (axis: number): boolean => padded[axis] === 1;
  if (full[last] && padded.slice(0, last).every((_, axis) => free(axis))) return { kind: "channel" };
  if (free(last) && full.slice(0, last).every(Boolean)) return { kind: "row" };
  const prefix = full.findIndex((whole, axis) => !whole || axis === last);
  const middle = out.slice(prefix, last);
  if (full[last] && padded.slice(prefix, last).every((length) => length === 1)) {
    return { kind: "sample", rows: middle.reduce((a, b) => a * b, 1) };
  }
  return undefined;
}

const EXPRESSIONS = {
  neg: ex.neg(ex.input(0)),
  abs: ex.abs(ex.input(0)),
  sign: ex.sign(ex.input(0)),
  square: ex.square(ex.input(0)),
  sqrt: ex.sqrt(ex.input(0)),
  exp: ex.exp(ex.input(0)),
  log: ex.log(ex.input(0)),
  sigmoid: ex.sigmoid(ex.input(0)),
  tanh: ex.tanh(ex.input(0)),
  erf: ex.erf(ex.input(0)),
  softplus: ex.softplus(ex.input(0)),
  relu: ex.relu(ex.input(0)),
  dynamic: ex.input(0),
  add: ex.add(ex.input(0), ex.input(1)),
  shift: ex.add(ex.input(0), ex.input(1)),
  sub: ex.sub(ex.input(0), ex.input(1)),
  mul: ex.mul(ex.input(0), ex.input(1)),
  div: ex.div(ex.input(0), ex.input(1)),
  max: ex.max(ex.input(0), ex.input(1)),
  min: ex.min(ex.input(0), ex.input(1)),
  greater: ex.greater(ex.input(0), ex.input(1)),
  select: ex.select(ex.input(0), ex.input(1), ex.input(2)),
} as const satisfies Partial<Record<OpKind, Expression>>;

function isElementwise(op: OpKind): op is keyof typeof EXPRESSIONS {
  return Object.hasOwn(EXPRESSIONS, op);
}

/** The element-wise expression of a node over its inputs, where it has one. */
function expressionOf(node: Node): Expression | undefined {
  if (isElementwise(node.op)) return EXPRESSIONS[node.op];
  return node.op === "power" ? ex.power(ex.input(0), node.attributes.exponent) : undefined;
}

function elementwise<K>(table: RecipeTable<K>, node: Node, shapes: readonly Shape[], value: Expression): Recipe<K> {
  const out = node.shape;
  const channels = out.at(-1) ?? 1;
  const rows = out.slice(0, -1).reduce((a, b) => a * b, 1);
  const steps: K[] = [];
  const temporaries: Record<string, number> = {};
  const names: Record<string, string> = {};
  const inputs = shapes.map((shape, i): Access => {
    const access = operandAccess(shape, out);
    if (access !== undefined) return access;
    const copied = `whole${i + 1}`;
    names[`x${i + 1}`] = copied;
    temporaries[copied] = 4 * rows * channels;
    steps.push(...renameRecipe(table, table.broadcast(shape, out), { x: `x${i + 1}`, out: copied }).steps);
    return { kind: "same" };
  });
  const own = table.elementwise(`${node.op} ${out.join("×")}`, { rows, channels, inputs, outputs: [value] });
  return { steps: [...steps, ...renameRecipe(table, own, names).steps], temporaries };
}

function reduction<K>(
  table: RecipeTable<K>,
  kind: ReduceKind,
  node: NodeOf<"reduce_sum" | "reduce_mean" | "reduce_max" | "reduce_variance">,
  x: Shape,
): Recipe<K> {
  const axes = [...node.attributes.axes].sort((a, b) => a - b);
  const label = `reduce_${kind} ${x.join("×")} over ${axes.join()}`;
  if (axes.every((axis, i) => axis === axes[0]! + i)) return table.reduce(label, { ...reduceShape(x, axes), kind });
  const kept = x.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const last = axes.map((_, i) => kept.length + i);
  const turn = renameRecipe(table, table.transpose(x, order), { x: "x1", out: "turned" });
  const turned = order.map((axis) => x[axis]!);
  const rest = table.reduce(label, { ...reduceShape(turned, last), kind });
  return {
    steps: [...turn.steps, ...renameRecipe(table, rest, { x1: "turned" }).steps],
    temporaries: { ...rest.temporaries, turned: 4 * x.reduce((a, b) => a * b, 1) },
  };
}

function softmax<K>(table: RecipeTable<K>, node: NodeOf<"softmax" | "log_softmax">, x: Shape): Recipe<K> {
  const { axis } = node.attributes;
  const last = x.length - 1;
  const size = x.reduce((a, b) => a * b, 1);
  const label = `${node.op} ${x.join("×")}`;
  const rows = table.softmax(label, size / x[axis]!, x[axis]!, node.op === "log_softmax");
  if (axis === last) return renameRecipe(table, rows, { x: "x1" });
  // Change the axis over with the last one, and back.
  const order = x.map((_, i) => (i === axis ? last : i === last ? axis : i));
  const turned = order.map((i) => x[i]!);
  return {
    steps: [
      ...renameRecipe(table, table.transpose(x, order), { x: "x1", out: "turned" }).steps,
      ...renameRecipe(table, rows, { x: "turned", out: "result" }).steps,
      ...renameRecipe(table, table.transpose(turned, order), { x: "result" }).steps,
    ],
    temporaries: { ...rows.temporaries, turned: 4 * size, result: 4 * size },
  };
}

/** Leaves have no kernels, and random numbers none where the host makes them: undefined. */
export function operationRecipe<K>(table: RecipeTable<K>, node: Node, shapes: readonly Shape[]): Recipe<K> | undefined {
  const value = expressionOf(node);
  if (value !== undefined) return elementwise(table, node, shapes, value);
  const [x, second] = shapes as [Shape, Shape];
  const renamed = (recipe: Recipe<K>, names: Readonly<Record<string, string>>): Recipe<K> =>
    renameRecipe(table, recipe, names);
  const ofX = (recipe: Recipe<K>): Recipe<K> => renamed(recipe, { x: "x1" });
  switch (node.op) {
    case "bcos_scale":
      return table.elementwise(`bcos_scale ${x.join("×")}`, {
        rows: x.slice(0, -1).reduce((a, b) => a * b, 1),
        channels: x.at(-1)!,
        inputs: [{ kind: "same" }, { kind: "group", groups: second.at(-1)! }],
        outputs: [ex.bcosScale(ex.input(0), ex.input(1), node.attributes.b)],
      });
    case "reduce_sum":
      return reduction(table, "sum", node, x);
    case "reduce_mean":
      return reduction(table, "mean", node, x);
    case "reduce_max":
      return reduction(table, "max", node, x);
    case "reduce_variance":
      return reduction(table, "variance", node, x);
    case "route_max": {
      const recipe = table.routeMax(`route_max ${second.join("×")}`, reduceShape(second, node.attributes.axes));
      return renamed(recipe, { g: "x1", x: "x2", y: "x3" });
    }
    case "softmax":
    case "log_softmax":
      return softmax(table, node, x);
    case "reshape":
      return ofX(table.copy(node.shape));
    case "broadcast":
      return ofX(table.broadcast(x, node.shape));
    case "transpose":
      return ofX(table.transpose(x, node.attributes.permutation));
    case "slice":
      return ofX(table.slice(x, node.attributes.start, node.attributes.size));
    case "pad":
      return ofX(table.pad(x, node.attributes.before, node.attributes.after));
    case "concat":
      return table.concat(shapes, node.attributes.axis);
    case "upsample":
      return ofX(table.upsample(x, node.attributes.factor));
    case "block_sum":
      return ofX(table.window("sum", x, blockWindow(node.attributes)));
    case "matmul":
      return renamed(table.matmul({ a: x, b: second, ...node.attributes }), { a: "x1", b: "x2" });
    case "conv2d": {
      const shape = forwardShape(x, second, node.attributes);
      const recipe = isDepthwise(shape) ? table.depthwise(shape) : table.convolution({ shape });
      return renamed(recipe, { x: "x1", w: "x2" });
    }
    case "conv2d_input_gradient": {
      const shape = forwardShape(node.attributes.inputShape, second, node.attributes);
      const recipe = isDepthwise(shape) ? table.depthwiseInputGradient(shape) : table.inputGradient(shape);
      return renamed(recipe, { x: "x1", w: "x2" });
    }
    case "conv2d_weight_gradient": {
      const shape = forwardShape(x, node.attributes.weightShape, node.attributes);
      const recipe = isDepthwise(shape) ? table.depthwiseWeightGradient(shape) : table.weightGradient({ shape });
      return renamed(recipe, { x: "x1", g: "x2" });
    }
    case "window_sum":
      return ofX(table.window("sum", x, node.attributes));
    case "window_max":
      return ofX(table.window("max", x, node.attributes));
    case "window_spread":
      return ofX(table.spread(node.attributes.inputShape, node.attributes));
    case "window_route":
      return renamed(table.route(second, node.attributes), { g: "x1", x: "x2", y: "x3" });
    case "unit_rows":
      return ofX(unitRowsRecipe(table, x));
    case "patch_norm":
      return ofX(patchNormRecipe(table, x, node.attributes));
    case "row_norm": {
      const rows = x.slice(0, -1).reduce((a, b) => a * b, 1);
      return rowNormRecipe(table, `row_norm ${x.join("×")}`, rows, x.at(-1)!, node.attributes.epsilon);
    }
    case "random_uniform":
      return table.random?.(node.shape, node.attributes.key, x !== undefined);
    default:
      return undefined;
  }
}
