/**
 * Every operation of the graph as kernels of its own, unfused: the fallback of a plan, and what the kernels are tested
 * through. Buffers: `x1`, `x2`, … for the inputs, `out`.
 */
import type { Node, NodeOf, OpKind, Shape } from "../../graph/graph.ts";
import { ex, type Access, type Expression } from "../../plan/expression.ts";
import { renameBuffers, type Kernel, type Recipe } from "./kernel.ts";
import {
  convolutionRecipe,
  forwardShape,
  inputGradientRecipe,
  weightGradientRecipe,
} from "./kernels/convolution-recipes.ts";
import {
  broadcastRecipe,
  concatRecipe,
  copyKernel,
  padRecipe,
  sliceRecipe,
  transposeRecipe,
  upsampleRecipe,
} from "./kernels/copy.ts";
import { elementwiseKernel } from "./kernels/elementwise.ts";
import { matmulRecipe } from "./kernels/matmul.ts";
import { reduceRecipe, routeMaxKernel, rowNormRecipe } from "./kernels/reduce.ts";
import { blockWindow } from "../../plan/block-window.ts";
import { reduceShape, type ReduceKind } from "../../plan/reduction.ts";
import { softmaxKernel } from "./kernels/softmax.ts";
import {
  depthwiseInputGradientRecipe,
  depthwiseRecipe,
  depthwiseWeightGradientRecipe,
  isDepthwise,
  patchNormRecipe,
  routeRecipe,
  spreadRecipe,
  unitRowsRecipe,
  windowRecipe,
} from "./kernels/window-recipes.ts";

/** How an input of `shape` is read by an element-wise kernel over `out` [rows, last axis]; undefined: it must be copied. */
export function accessOf(shape: Shape, out: Shape): Access | undefined {
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

function elementwise(node: Node, shapes: readonly Shape[], value: Expression): Recipe {
  const out = node.shape;
  const channels = out.at(-1) ?? 1;
  const rows = out.slice(0, -1).reduce((a, b) => a * b, 1);
  const steps: Kernel[] = [];
  const temporaries: Record<string, number> = {};
  const names: Record<string, string> = {};
  const inputs = shapes.map((shape, i): Access => {
    const access = accessOf(shape, out);
    if (access !== undefined) return access;
    const name = `x${i + 1}`;
    names[name] = `whole${i + 1}`;
    temporaries[`whole${i + 1}`] = 4 * rows * channels;
    const copy = broadcastRecipe(shape, out).steps;
    steps.push(...copy.map((kernel) => renameBuffers(kernel, { x: name, out: `whole${i + 1}` })));
    return { kind: "same" };
  });
  const kernel = elementwiseKernel(`${node.op} ${out.join("×")}`, { rows, channels, inputs, outputs: [value] });
  return { steps: [...steps, renameBuffers(kernel, names)], temporaries };
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
export function expressionOf(node: Node): Expression | undefined {
  if (isElementwise(node.op)) return EXPRESSIONS[node.op];
  return node.op === "power" ? ex.power(ex.input(0), node.attributes.exponent) : undefined;
}

function renamed(recipe: Recipe, names: Readonly<Record<string, string>>): Recipe {
  return { ...recipe, steps: recipe.steps.map((kernel) => renameBuffers(kernel, names)) };
}

const single = (kernel: Kernel): Recipe => ({ steps: [kernel], temporaries: {} });

function reduction(
  kind: ReduceKind,
  node: NodeOf<"reduce_sum" | "reduce_mean" | "reduce_max" | "reduce_variance">,
  x: Shape,
): Recipe {
  const axes = [...node.attributes.axes].sort((a, b) => a - b);
  const label = `reduce_${kind} ${x.join("×")} over ${axes.join()}`;
  if (axes.every((axis, i) => axis === axes[0]! + i)) {
    return reduceRecipe(label, { ...reduceShape(x, axes), kind });
  }
  const kept = x.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const turned = order.map((axis) => x[axis]!);
  const transpose = renamed(transposeRecipe(x, order), { x: "x1", out: "turned" });
  const rest = reduceRecipe(label, {
    ...reduceShape(
      turned,
      axes.map((_, i) => kept.length + i),
    ),
    kind,
  });
  return {
    steps: [...transpose.steps, ...renamed(rest, { x1: "turned" }).steps],
    temporaries: { ...rest.temporaries, turned: 4 * x.reduce((a, b) => a * b, 1) },
  };
}

/** route_max where the axes follow each other. */
function routeMax(node: NodeOf<"route_max">, x: Shape): Recipe {
  const kernel = routeMaxKernel(`route_max ${x.join("×")}`, reduceShape(x, node.attributes.axes));
  return renamed(single(kernel), { g: "x1", x: "x2", y: "x3" });
}

function softmax(node: NodeOf<"softmax" | "log_softmax">, x: Shape): Recipe {
  const { axis } = node.attributes;
  const last = x.length - 1;
  const size = x.reduce((a, b) => a * b, 1);
  const kernel = softmaxKernel(`${node.op} ${x.join("×")}`, size / x[axis]!, x[axis]!, node.op === "log_softmax");
  if (axis === last) return renamed(single(kernel), { x: "x1" });
  // Change the axis over with the last one, and back.
  const order = x.map((_, i) => (i === axis ? last : i === last ? axis : i));
  const there = renamed(transposeRecipe(x, order), { x: "x1", out: "turned" });
  const turned = order.map((i) => x[i]!);
  const back = renamed(transposeRecipe(turned, order), { x: "result" });
  return {
    steps: [...there.steps, renameBuffers(kernel, { x: "turned", out: "result" }), ...back.steps],
    temporaries: { turned: 4 * size, result: 4 * size },
  };
}

/** Leaves and random numbers have no kernels: undefined. */
export function operationRecipe(node: Node, shapes: readonly Shape[]): Recipe | undefined {
  const value = expressionOf(node);
  if (value !== undefined) return elementwise(node, shapes, value);
  const [x, second] = shapes as [Shape, Shape];
  switch (node.op) {
    case "bcos_scale": {
      const groups = second.at(-1)!;
      const spec = {
        rows: x.slice(0, -1).reduce((a, b) => a * b, 1),
        channels: x.at(-1)!,
        inputs: [{ kind: "same" }, { kind: "group", groups }] as const,
        outputs: [ex.bcosScale(ex.input(0), ex.input(1), node.attributes.b)],
      };
      return single(elementwiseKernel(`bcos_scale ${x.join("×")}`, spec));
    }
    case "reduce_sum":
      return reduction("sum", node, x);
    case "reduce_mean":
      return reduction("mean", node, x);
    case "reduce_max":
      return reduction("max", node, x);
    case "reduce_variance":
      return reduction("variance", node, x);
    case "route_max":
      return routeMax(node, second);
    case "softmax":
    case "log_softmax":
      return softmax(node, x);
    case "reshape": {
      const strides = { strides: [1], offset: 0 };
      const shape = [node.shape.reduce((a, b) => a * b, 1)];
      return renamed(single(copyKernel(`copy ${x.join("×")}`, { shape, from: strides, to: strides })), { x: "x1" });
    }
    case "broadcast":
      return renamed(broadcastRecipe(x, node.shape), { x: "x1" });
    case "transpose":
      return renamed(transposeRecipe(x, node.attributes.permutation), { x: "x1" });
    case "slice":
      return renamed(sliceRecipe(x, node.attributes.start, node.attributes.size), { x: "x1" });
    case "pad":
      return renamed(padRecipe(x, node.attributes.before, node.attributes.after), { x: "x1" });
    case "concat":
      return concatRecipe(shapes, node.attributes.axis);
    case "upsample":
      return renamed(upsampleRecipe(x, node.attributes.factor), { x: "x1" });
    case "block_sum": {
      const windows = blockWindow(node.attributes);
      return renamed(windowRecipe("sum", x, windows), { x: "x1" });
    }
    case "matmul":
      return renamed(matmulRecipe({ a: x, b: second, ...node.attributes }), { a: "x1", b: "x2" });
    case "conv2d": {
      const shape = forwardShape(x, second, node.attributes);
      const recipe = isDepthwise(shape) ? depthwiseRecipe(shape) : convolutionRecipe({ shape });
      return renamed(recipe, { x: "x1", w: "x2" });
    }
    case "conv2d_input_gradient": {
      const shape = forwardShape(node.attributes.inputShape, second, node.attributes);
      const recipe = isDepthwise(shape) ? depthwiseInputGradientRecipe(shape) : inputGradientRecipe(shape);
      return renamed(recipe, { x: "x1", w: "x2" });
    }
    case "conv2d_weight_gradient": {
      const shape = forwardShape(x, node.attributes.weightShape, node.attributes);
      const recipe = isDepthwise(shape) ? depthwiseWeightGradientRecipe(shape) : weightGradientRecipe({ shape });
      return renamed(recipe, { x: "x1", g: "x2" });
    }
    case "window_sum":
      return renamed(windowRecipe("sum", x, node.attributes), { x: "x1" });
    case "window_max":
      return renamed(windowRecipe("max", x, node.attributes), { x: "x1" });
    case "window_spread":
      return renamed(spreadRecipe(node.attributes.inputShape, node.attributes), { x: "x1" });
    case "window_route":
      return renamed(routeRecipe(second, node.attributes), { g: "x1", x: "x2", y: "x3" });
    case "unit_rows":
      return renamed(unitRowsRecipe(x), { x: "x1" });
    case "patch_norm":
      return renamed(patchNormRecipe(x, node.attributes), { x: "x1" });
    case "row_norm": {
      const length = x.at(-1)!;
      const rows = x.slice(0, -1).reduce((a, b) => a * b, 1);
      return rowNormRecipe(`row_norm ${x.join("×")}`, rows, length, node.attributes.epsilon);
    }
    default:
      return undefined;
  }
}
