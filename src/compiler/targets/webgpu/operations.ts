/**
 * Every operation of the graph as WGSL kernels of its own, unfused: the fallback of a plan, and what the kernels are
 * tested through. Buffers: `x1`, `x2`, … for the inputs, `out`.
 */
import type { Node, NodeOf, Shape } from "../../graph/graph.ts";
import { ex, type Access, type Expression } from "../../plan/expression.ts";
import { forwardShape } from "../wasm/kernels/convolution-recipes.ts";
import { blockWindow } from "../../plan/block-window.ts";
import { reduceShape, type ReduceKind } from "../../plan/reduction.ts";
import { isDepthwise } from "../wasm/kernels/window-recipes.ts";
import { accessOf, expressionOf } from "../wasm/operations.ts";
import { recipeOf, renameBindings, renameRecipe, type GpuKernel, type GpuRecipe } from "./kernel.ts";
import { convolutionKernel, inputGradientKernel } from "./kernels/convolution.ts";
import {
  broadcastRecipe,
  concatRecipe,
  padRecipe,
  sliceRecipe,
  transposeRecipe,
  upsampleRecipe,
} from "./kernels/copy.ts";
import { elementwiseKernel } from "./kernels/elementwise.ts";
import { matmulKernel } from "./kernels/matmul.ts";
import { randomKernel } from "./kernels/random.ts";
import { reduceRecipe, routeMaxKernel, rowNormRecipe, softmaxKernel } from "./kernels/reduce.ts";
import { weightGradientRecipe } from "./kernels/weight-gradient.ts";
import {
  depthwiseInputGradientRecipe,
  depthwiseRecipe,
  depthwiseWeightGradientRecipe,
  patchNormRecipe,
  routeRecipe,
  spreadRecipe,
  unitRowsRecipe,
  windowRecipe,
} from "./kernels/window-recipes.ts";

function elementwise(node: Node, shapes: readonly Shape[], value: Expression): GpuRecipe {
  const out = node.shape;
  const channels = out.at(-1) ?? 1;
  const rows = out.slice(0, -1).reduce((a, b) => a * b, 1);
  const steps: GpuKernel[] = [];
  const temporaries: Record<string, number> = {};
  const names: Record<string, string> = {};
  const inputs = shapes.map((shape, i): Access => {
    const access = accessOf(shape, out);
    if (access !== undefined) return access;
    const copied = `whole${i + 1}`;
    names[`x${i + 1}`] = copied;
    temporaries[copied] = 4 * rows * channels;
    steps.push(...renameRecipe(broadcastRecipe(shape, out), { x: `x${i + 1}`, out: copied }).steps);
    return { kind: "same" };
  });
  const kernel = elementwiseKernel(`${node.op} ${out.join("×")}`, { rows, channels, inputs, outputs: [value] });
  return { steps: [...steps, ...renameRecipe(recipeOf(kernel), names).steps], temporaries };
}

function reduction(
  kind: ReduceKind,
  node: NodeOf<"reduce_sum" | "reduce_mean" | "reduce_max" | "reduce_variance">,
  x: Shape,
): GpuRecipe {
  const axes = [...node.attributes.axes].sort((a, b) => a - b);
  const label = `reduce_${kind} ${x.join("×")} over ${axes.join()}`;
  if (axes.every((axis, i) => axis === axes[0]! + i)) {
    return reduceRecipe(label, { ...reduceShape(x, axes), kind });
  }
  const kept = x.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const last = axes.map((_, i) => kept.length + i);
  const transpose = renameRecipe(transposeRecipe(x, order), { x: "x1", out: "turned" });
  const turned = order.map((axis) => x[axis]!);
  const rest = reduceRecipe(label, { ...reduceShape(turned, last), kind });
  return {
    steps: [...transpose.steps, ...renameRecipe(rest, { x1: "turned" }).steps],
    temporaries: { ...rest.temporaries, turned: 4 * x.reduce((a, b) => a * b, 1) },
  };
}

function softmax(node: NodeOf<"softmax" | "log_softmax">, x: Shape): GpuRecipe {
  const { axis } = node.attributes;
  const last = x.length - 1;
  const size = x.reduce((a, b) => a * b, 1);
  const logarithm = node.op === "log_softmax";
  const kernel = softmaxKernel(`${node.op} ${x.join("×")}`, size / x[axis]!, x[axis]!, logarithm);
  if (axis === last) return recipeOf(renameBindings(kernel, { x: "x1" }));
  // Change the axis over with the last one, and back.
  const order = x.map((_, i) => (i === axis ? last : i === last ? axis : i));
  const there = renameRecipe(transposeRecipe(x, order), { x: "x1", out: "turned" });
  const turned = order.map((i) => x[i]!);
  const back = renameRecipe(transposeRecipe(turned, order), { x: "result" });
  return {
    steps: [...there.steps, renameBindings(kernel, { x: "turned", out: "result" }), ...back.steps],
    temporaries: { turned: 4 * size, result: 4 * size },
  };
}

/** Leaves have no kernels: undefined. */
export function operationRecipe(node: Node, shapes: readonly Shape[]): GpuRecipe | undefined {
  const value = expressionOf(node);
  if (value !== undefined) return elementwise(node, shapes, value);
  const [x, second] = shapes as [Shape, Shape];
  switch (node.op) {
    case "bcos_scale": {
      const spec = {
        rows: x.slice(0, -1).reduce((a, b) => a * b, 1),
        channels: x.at(-1)!,
        inputs: [{ kind: "same" }, { kind: "group", groups: second.at(-1)! }] as const,
        outputs: [ex.bcosScale(ex.input(0), ex.input(1), node.attributes.b)],
      };
      return recipeOf(elementwiseKernel(`bcos_scale ${x.join("×")}`, spec));
    }
    case "reduce_sum":
      return reduction("sum", node, x);
    case "reduce_mean":
      return reduction("mean", node, x);
    case "reduce_max":
      return reduction("max", node, x);
    case "reduce_variance":
      return reduction("variance", node, x);
    case "route_max": {
      const kernel = routeMaxKernel(`route_max ${second.join("×")}`, reduceShape(second, node.attributes.axes));
      return recipeOf(renameBindings(kernel, { g: "x1", x: "x2", y: "x3" }));
    }
    case "softmax":
    case "log_softmax":
      return softmax(node, x);
    case "reshape":
    case "broadcast":
      return renameRecipe(broadcastRecipe(node.op === "reshape" ? node.shape : x, node.shape), { x: "x1" });
    case "transpose":
      return renameRecipe(transposeRecipe(x, node.attributes.permutation), { x: "x1" });
    case "slice":
      return renameRecipe(sliceRecipe(x, node.attributes.start, node.attributes.size), { x: "x1" });
    case "pad":
      return renameRecipe(padRecipe(x, node.attributes.before, node.attributes.after), { x: "x1" });
    case "concat":
      return concatRecipe(shapes, node.attributes.axis);
    case "upsample":
      return renameRecipe(upsampleRecipe(x, node.attributes.factor), { x: "x1" });
    case "block_sum": {
      const windows = blockWindow(node.attributes);
      return renameRecipe(windowRecipe("sum", x, windows), { x: "x1" });
    }
    case "matmul": {
      const kernel = matmulKernel({ a: x, b: second, ...node.attributes }, {});
      return renameRecipe(recipeOf(kernel), { a: "x1", b: "x2" });
    }
    case "conv2d": {
      const shape = forwardShape(x, second, node.attributes);
      const recipe = isDepthwise(shape) ? depthwiseRecipe(shape) : recipeOf(convolutionKernel({ shape }));
      return renameRecipe(recipe, { x: "x1", w: "x2" });
    }
    case "conv2d_input_gradient": {
      const shape = forwardShape(node.attributes.inputShape, second, node.attributes);
      const recipe = isDepthwise(shape)
        ? depthwiseInputGradientRecipe(shape)
        : recipeOf(inputGradientKernel(shape, {}));
      return renameRecipe(recipe, { x: "x1", w: "x2" });
    }
    case "conv2d_weight_gradient": {
      const shape = forwardShape(x, node.attributes.weightShape, node.attributes);
      const recipe = isDepthwise(shape) ? depthwiseWeightGradientRecipe(shape) : weightGradientRecipe({ shape });
      return renameRecipe(recipe, { x: "x1", g: "x2" });
    }
    case "window_sum":
      return renameRecipe(windowRecipe("sum", x, node.attributes), { x: "x1" });
    case "window_max":
      return renameRecipe(windowRecipe("max", x, node.attributes), { x: "x1" });
    case "window_spread":
      return renameRecipe(spreadRecipe(node.attributes.inputShape, node.attributes), { x: "x1" });
    case "window_route":
      return renameRecipe(routeRecipe(second, node.attributes), { g: "x1", x: "x2", y: "x3" });
    case "unit_rows":
      return renameRecipe(unitRowsRecipe(x), { x: "x1" });
    case "patch_norm":
      return renameRecipe(patchNormRecipe(x, node.attributes), { x: "x1" });
    case "row_norm": {
      const rows = x.slice(0, -1).reduce((a, b) => a * b, 1);
      return rowNormRecipe(`row_norm ${x.join("×")}`, rows, x.at(-1)!, node.attributes.epsilon);
    }
    case "random_uniform": {
      const count = node.shape.reduce((a, b) => a * b, 1);
      return recipeOf(
        randomKernel(`random_uniform ${node.shape.join("×")}`, node.attributes.key, count, x !== undefined),
      );
    }
    default:
      return undefined;
  }
}
