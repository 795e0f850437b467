/** Groups of a plan as recipes of WASM kernels: the operation with what was fused in front of and behind it. */
import type { Node, Shape, ValueId } from "../../graph/graph.ts";
import type { Body } from "../../plan/bodies.ts";
import { ex, substitute, type Access, type Expression } from "../../plan/expression.ts";
import {
  accessesOf,
  channelsOf,
  elementwiseChannels,
  epilogueOf,
  prologueOf,
  resultChannels,
  resultOf,
  type Group,
  type PlanState,
} from "../../plan/groups.ts";
import { keyOf } from "../../plan/key.ts";
import { reducedRows } from "../../plan/store.ts";
import { isWhole } from "../../plan/views.ts";
import type { Recipe } from "./kernel.ts";
import type { Epilogue, Prologue } from "./kernels/convolution.ts";
import {
  convolutionRecipe,
  forwardShape,
  inputGradientRecipe,
  weightGradientRecipe,
} from "./kernels/convolution-recipes.ts";
import { elementwiseKernel } from "./kernels/elementwise.ts";
import { matmulRecipe } from "./kernels/matmul.ts";
import { reduceRecipe } from "./kernels/reduce.ts";
import { blockWindow } from "../../plan/block-window.ts";
import { reduceShape, type ReduceKind } from "../../plan/reduction.ts";
import {
  depthwiseInputGradientRecipe,
  depthwiseRecipe,
  isDepthwise,
  spreadRecipe,
  windowRecipe,
} from "./kernels/window-recipes.ts";
import { operationRecipe } from "./operations.ts";

export interface LoweredGroup {
  readonly recipe: Recipe;
  /** Equal for groups whose kernels are the same code. */
  readonly key: string;
  /** The value behind each name of the recipe that is no temporary. */
  readonly bindings: Readonly<Record<string, ValueId>>;
}

export function lowerGroup(state: PlanState, group: Group): LoweredGroup {
  if (group.anchor === undefined && !group.plain) return lowerElementwise(state, group);
  const fused = group.plain ? undefined : lowerFused(state, group, state.values.node(group.anchor!));
  return fused ?? lowerPlain(state, group);
}

export function numbered(prefix: string, roots: readonly ValueId[]): Record<string, ValueId> {
  return Object.fromEntries(roots.map((root, i) => [`${prefix}${i + 1}`, root]));
}

export function outputNames(roots: readonly ValueId[]): Record<string, ValueId> {
  return Object.fromEntries(roots.map((root, i) => [i === 0 ? "out" : `out${i + 1}`, root]));
}

function lowerElementwise(state: PlanState, group: Group): LoweredGroup {
  const body = epilogueOf(state, group)!;
  const first = group.outputs[0]!;
  const size = state.values.size(first);
  const channels = elementwiseChannels(state, body, first)!;
  const spec = {
    rows: size / channels,
    channels,
    inputs: accessesOf(body, channels)!,
    outputs: body.expressions,
  };
  const { op, shape } = state.values.node(first);
  const kernel = elementwiseKernel(`${op} ${shape.join("×")}`, spec);
  return {
    recipe: { steps: [kernel], temporaries: {} },
    key: keyOf("elementwise", spec),
    bindings: {
      ...numbered(
        "x",
        body.leaves.map((leaf) => leaf.root),
      ),
      ...outputNames(group.outputs),
    },
  };
}

/** One operation with all of its operands in memory. */
function lowerPlain({ values }: PlanState, group: Group): LoweredGroup {
  const node = values.node(group.anchor ?? group.outputs[0]!);
  const shapes = node.inputs.map((input) => values.node(input).shape);
  const recipe = operationRecipe(node, shapes);
  if (recipe === undefined) throw new Error(`no kernel for ${node.op}`);
  return {
    recipe,
    key: keyOf(node.op, node.attributes, shapes),
    bindings: { ...numbered("x", node.inputs.map(values.root)), ...outputNames(group.outputs) },
  };
}

export interface Behind {
  readonly epilogue: Epilogue;
  readonly bindings: Readonly<Record<string, ValueId>>;
}

/** The epilogue, with the anchor's result as input 0 and the group's own norm as input 1. */
export function behind(state: PlanState, group: Group): Behind {
  const body = epilogueOf(state, group)!;
  const result = resultOf(group)!;
  const accesses = accessesOf(body, resultChannels(state.values, group))!;
  const first = group.norm === undefined ? 1 : 2;
  const inputs: Access[] = [];
  const roots: ValueId[] = [];
  const places = body.leaves.map(({ root }, i) => {
    if (root === result) return 0;
    if (root === group.norm) return 1;
    roots.push(root);
    return inputs.push(accesses[i]!) - 1 + first;
  });
  const computed = body.expressions.map((e) => substitute(e, (index) => ex.input(places[index]!)));
  const outputs = group.outputs.map((root): Expression => (root === result ? ex.input(0) : computed.shift()!));
  return {
    epilogue: { inputs, outputs },
    bindings: {
      ...numbered("e", roots),
      ...outputNames(group.outputs),
      ...(group.norm === undefined ? {} : { norm: group.norm }),
    },
  };
}

/** Which leaf of a prologue is the tensor itself: the first that is read element by element. */
export function mainLeaf(body: Body): number {
  return body.leaves.findIndex((leaf) => isWhole(leaf.view));
}

export interface InFront {
  readonly prologue?: Prologue;
  readonly bindings: Readonly<Record<string, ValueId>>;
}

/** An operand of the anchor under the name that its recipe has for it, computed on the way where that was fused. */
export function inFront(state: PlanState, group: Group, index: number, name: string): InFront {
  const operand = state.values.node(group.anchor!).inputs[index]!;
  const root = state.values.root(operand);
  if (group.prologue !== index) return { bindings: { [name]: root } };
  const body = prologueOf(state, group)!;
  const main = mainLeaf(body);
  const accesses = accessesOf(body, channelsOf(state.values, operand))!;
  const others = body.leaves.map((_, i) => i).filter((i) => i !== main);
  const value = substitute(body.expressions[0]!, (i) => ex.input(i === main ? 0 : others.indexOf(i) + 1));
  return {
    prologue: { inputs: others.map((i) => accesses[i]!), value },
    bindings: {
      [name]: body.leaves[main]!.root,
      ...numbered(
        "p",
        others.map((i) => body.leaves[i]!.root),
      ),
    },
  };
}

/** The operations that take something in front or behind; undefined for the others. */
function lowerFused(state: PlanState, group: Group, node: Node): LoweredGroup | undefined {
  const { values } = state;
  const shapeOf = (index: number): Shape => values.node(node.inputs[index]!).shape;
  const rootOf = (index: number): ValueId => values.root(node.inputs[index]!);
  const reduceRows = reducedRows(node, values);
  if (reduceRows !== undefined) return lowerReduction(state, group, node, reduceRows);
  const result = (
    recipe: Recipe,
    spec: unknown,
    ...bindings: readonly Readonly<Record<string, ValueId>>[]
  ): LoweredGroup => ({ recipe, key: keyOf(node.op, spec), bindings: Object.assign({}, ...bindings) });

  switch (node.op) {
    case "conv2d": {
      const units = group.largest === undefined ? 1 : node.shape.at(-1)! / resultChannels(values, group);
      const shape = forwardShape(shapeOf(0), shapeOf(1), node.attributes, units);
      const { epilogue, bindings } = behind(state, group);
      const weight = { w: rootOf(1) };
      if (isDepthwise(shape)) {
        const recipe = depthwiseRecipe(shape, epilogue);
        return result(recipe, ["depthwise", shape, epilogue], { x: rootOf(0) }, weight, bindings);
      }
      const norm = group.norm === undefined ? undefined : values.node(group.norm);
      const front = inFront(state, group, 0, "x");
      const spec = {
        shape,
        epilogue,
        ...(front.prologue === undefined ? {} : { prologue: front.prologue }),
        ...(norm?.op === "patch_norm" ? { norm: { epsilon: norm.attributes.epsilon } } : {}),
      };
      return result(convolutionRecipe(spec), spec, front.bindings, weight, bindings);
    }
    case "conv2d_input_gradient": {
      const shape = forwardShape(node.attributes.inputShape, shapeOf(1), node.attributes);
      const { epilogue, bindings } = behind(state, group);
      const weight = { w: rootOf(1) };
      if (isDepthwise(shape)) {
        const recipe = depthwiseInputGradientRecipe(shape, epilogue);
        return result(recipe, ["depthwise", shape, epilogue], { x: rootOf(0) }, weight, bindings);
      }
      const front = inFront(state, group, 0, "x");
      const spec = { epilogue, ...(front.prologue === undefined ? {} : { prologue: front.prologue }) };
      return result(inputGradientRecipe(shape, spec), [shape, spec], front.bindings, weight, bindings);
    }
    case "conv2d_weight_gradient": {
      const shape = forwardShape(shapeOf(0), node.attributes.weightShape, node.attributes);
      if (isDepthwise(shape)) return undefined;
      const front = inFront(state, group, 1, "g");
      const spec = { shape, ...(front.prologue === undefined ? {} : { prologue: front.prologue }) };
      return result(weightGradientRecipe(spec), spec, { x: rootOf(0) }, front.bindings, outputNames(group.outputs));
    }
    case "matmul": {
      const { epilogue, bindings } = behind(state, group);
      const units = group.largest === undefined ? 1 : node.shape.at(-1)! / resultChannels(values, group);
      const spec = { a: shapeOf(0), b: shapeOf(1), ...node.attributes, maxOut: units };
      const operands = { a: rootOf(0), b: rootOf(1) };
      return result(matmulRecipe(spec, { epilogue }), [spec, epilogue], operands, bindings);
    }
    case "window_sum":
    case "window_max":
    case "block_sum": {
      const { epilogue, bindings } = behind(state, group);
      const window = node.op === "block_sum" ? blockWindow(node.attributes) : node.attributes;
      const kind = node.op === "window_max" ? "max" : "sum";
      const recipe = windowRecipe(kind, shapeOf(0), window, epilogue);
      return result(recipe, [shapeOf(0), window, epilogue], { x: rootOf(0) }, bindings);
    }
    case "window_spread": {
      const { epilogue, bindings } = behind(state, group);
      const recipe = spreadRecipe(node.attributes.inputShape, node.attributes, epilogue);
      return result(recipe, [node.attributes, epilogue], { x: rootOf(0) }, bindings);
    }
    default:
      return undefined;
  }
}

export const REDUCTIONS: Readonly<Record<string, ReduceKind>> = {
  reduce_sum: "sum",
  reduce_mean: "mean",
  reduce_max: "max",
  reduce_variance: "variance",
};

function lowerReduction(state: PlanState, group: Group, node: Node, rows: number): LoweredGroup {
  const { values } = state;
  const { axes } = node.attributes as { readonly axes: readonly number[] };
  const { shape } = values.node(node.inputs[0]!);
  const body = prologueOf(state, group);
  const after = group.outputs[0] === group.anchor ? undefined : epilogueOf(state, group)!.expressions[0]!;
  const spec = {
    ...reduceShape(shape, axes),
    kind: REDUCTIONS[node.op]!,
    ...(body === undefined ? {} : { inputs: accessesOf(body, rows)!, value: body.expressions[0]! }),
    ...(after === undefined ? {} : { finish: after }),
  };
  const inputs = body === undefined ? [values.root(node.inputs[0]!)] : body.leaves.map((leaf) => leaf.root);
  return {
    recipe: reduceRecipe(`${node.op} ${shape.join("×")} over ${axes.join()}`, spec),
    key: keyOf(node.op, spec),
    bindings: { ...numbered("x", inputs), ...outputNames(group.outputs) },
  };
}
