/** Groups of a plan as recipes of WGSL kernels: the operation with what was fused in front of and behind it. */
import type { Node, Shape, ValueId } from "../../graph/graph.ts";
import {
  accessesOf,
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
import { forwardShape } from "../wasm/kernels/convolution-recipes.ts";
import { blockWindow } from "../../plan/block-window.ts";
import { reduceShape } from "../../plan/reduction.ts";
import { isDepthwise } from "../wasm/kernels/window-recipes.ts";
import { behind, inFront, numbered, outputNames, REDUCTIONS } from "../wasm/plan-groups.ts";
import { recipeOf, renameBindings, renameRecipe, type GpuRecipe } from "./kernel.ts";
import { convolutionKernel, inputGradientKernel } from "./kernels/convolution.ts";
import { elementwiseKernel } from "./kernels/elementwise.ts";
import { matmulKernel } from "./kernels/matmul.ts";
import { reduceRecipe } from "./kernels/reduce.ts";
import { weightGradientRecipe } from "./kernels/weight-gradient.ts";
import { depthwiseInputGradientRecipe, depthwiseRecipe, spreadRecipe, windowRecipe } from "./kernels/window-recipes.ts";
import { defaultLimits } from "./limits.ts";
import { operationRecipe } from "./operations.ts";

export interface LoweredGpuGroup {
  readonly recipe: GpuRecipe;
  /** Equal for groups whose kernels are the same code. */
  readonly key: string;
  /** The value behind each name of the recipe that is no temporary. */
  readonly bindings: Readonly<Record<string, ValueId>>;
}

/** A group whose kernel would have more buffers than WebGPU allows is lowered in pieces, one for each value it leaves. */
export function lowerGroup(state: PlanState, group: Group): LoweredGpuGroup {
  const whole = lowerWhole(state, group);
  const fits = whole.recipe.steps.every(({ bindings }) => bindings.length <= defaultLimits.storageBuffers);
  return fits || group.plain ? whole : lowerInPieces(state, group);
}

function lowerWhole(state: PlanState, group: Group): LoweredGpuGroup {
  if (group.anchor === undefined && !group.plain) return lowerElementwise(state, group);
  const fused = group.plain ? undefined : lowerFused(state, group, state.values.node(group.anchor!));
  return fused ?? lowerPlain(state, group);
}

/** First what the anchor makes, then every other value by an element-wise kernel, in the order of the graph. */
function lowerInPieces(state: PlanState, group: Group): LoweredGpuGroup {
  const { values } = state;
  const result = resultOf(group);
  const names = new Map(Object.entries(outputNames(group.outputs)).map(([name, root]) => [root, name]));
  const first = result === undefined ? undefined : lowerWhole(state, { ...group, outputs: [result] });
  const bindings: Record<string, ValueId> = { ...first?.bindings, ...outputNames(group.outputs) };
  const temporaries: Record<string, number> = { ...first?.recipe.temporaries };
  if (result !== undefined && !names.has(result)) {
    names.set(result, "raw");
    temporaries["raw"] = 4 * values.size(result);
  }
  if (group.norm !== undefined) names.set(group.norm, "norm");
  const steps = renameRecipe(
    first?.recipe ?? recipeOf(),
    result === undefined ? {} : { out: names.get(result)! },
  ).steps;
  const specs: unknown[] = [];
  const pieces = group.outputs
    .filter((root) => root !== result)
    .sort((a, b) => a - b)
    .map((root) => {
      const body = epilogueOf(state, group, [root])!;
      const channels = result === undefined ? elementwiseChannels(state, body, root)! : resultChannels(values, group);
      const size = values.size(root);
      const inputs = accessesOf(body, channels)!;
      const spec = { rows: size / channels, channels, inputs, outputs: body.expressions };
      specs.push(spec);
      const renamed: Record<string, string> = { out: names.get(root)! };
      body.leaves.forEach((leaf, i) => {
        const name = names.get(leaf.root) ?? `operand${leaf.root}`;
        if (!names.has(leaf.root)) bindings[name] = leaf.root;
        renamed[`x${i + 1}`] = name;
      });
      const { op, shape } = values.node(root);
      return renameBindings(elementwiseKernel(`${op} ${shape.join("×")}`, spec), renamed);
    });
  return { recipe: { steps: [...steps, ...pieces], temporaries }, key: keyOf("pieces", first?.key, specs), bindings };
}

function lowerElementwise(state: PlanState, group: Group): LoweredGpuGroup {
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
    recipe: recipeOf(kernel),
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
function lowerPlain({ values }: PlanState, group: Group): LoweredGpuGroup {
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

/** The operations that take something in front or behind; undefined for the others. */
function lowerFused(state: PlanState, group: Group, node: Node): LoweredGpuGroup | undefined {
  const { values } = state;
  const shapeOf = (index: number): Shape => values.node(node.inputs[index]!).shape;
  const rootOf = (index: number): ValueId => values.root(node.inputs[index]!);
  const reduceRows = reducedRows(node, values);
  if (reduceRows !== undefined) return lowerReduction(state, group, node, reduceRows);
  const result = (
    recipe: GpuRecipe,
    spec: unknown,
    ...bindings: readonly Readonly<Record<string, ValueId>>[]
  ): LoweredGpuGroup => ({ recipe, key: keyOf(node.op, spec), bindings: Object.assign({}, ...bindings) });

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
      return result(recipeOf(convolutionKernel(spec)), spec, front.bindings, weight, bindings);
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
      return result(recipeOf(inputGradientKernel(shape, spec)), [shape, spec], front.bindings, weight, bindings);
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
      return result(recipeOf(matmulKernel(spec, { epilogue })), [spec, epilogue], operands, bindings);
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

function lowerReduction(state: PlanState, group: Group, node: Node, rows: number): LoweredGpuGroup {
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
