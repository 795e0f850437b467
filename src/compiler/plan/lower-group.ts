/** Groups of a plan as recipes of a target's kernels: the operation with what was fused in front of and behind it. */
import type { Node, Shape, ValueId } from "../graph/graph.ts";
import { behind, gathering, inFront, numbered, outputNames, type Bindings } from "./around.ts";
import { expressionsOf } from "./bodies.ts";
import { forwardShape, isDepthwise } from "./convolution-shape.ts";
import { accessesOf, elementwiseChannels, epilogueOf, prologueOf, resultChannels, type Group } from "./groups.ts";
import { keyOf } from "./key.ts";
import type { ElementwiseSpec } from "./kernel-specs.ts";
import { lowerInPieces } from "./lower-in-pieces.ts";
import { operationRecipe } from "./lower-operation.ts";
import { overwritten, recipeOf, type LoweredGroup, type Lowering } from "./lowering.ts";
import { renameRecipe, type Recipe } from "./recipe.ts";
import { reduceShape, type ReduceKind } from "./reduction.ts";
import { reducedRows } from "./store.ts";
import { blockWindow } from "./window-geometry.ts";

/** A group whose kernel would have more buffers than the target allows is lowered in pieces, one for each value it leaves. */
export function lowerGroup<K>(lowering: Lowering<K>, group: Group): LoweredGroup<K> {
  const { facts, rules } = lowering.target;
  const whole = lowerWhole(lowering, group);
  const fits = whole.recipe.steps.every((kernel) => facts(kernel).buffers.length <= rules.mostBuffers);
  return fits || group.plain ? whole : lowerInPieces(lowering, group, lowerWhole);
}

function lowerWhole<K>(lowering: Lowering<K>, group: Group): LoweredGroup<K> {
  if (group.anchor === undefined && !group.plain) return lowerElementwise(lowering, group);
  const fused = group.plain ? undefined : lowerFused(lowering, group, lowering.state.values.node(group.anchor!));
  return fused ?? lowerPlain(lowering, group);
}

function lowerElementwise<K>(lowering: Lowering<K>, group: Group): LoweredGroup<K> {
  const { state, target } = lowering;
  const body = epilogueOf(state, group)!;
  const first = group.outputs[0]!;
  const channels = elementwiseChannels(state, body, first)!;
  const roots = body.leaves.map((leaf) => leaf.root);
  const over = overwritten(lowering, group.outputs, body.leaves);
  const spec: ElementwiseSpec = {
    rows: state.values.size(first) / channels,
    channels,
    inputs: accessesOf(body, channels)!,
    outputs: expressionsOf(body),
    ...(over === undefined ? {} : { over }),
  };
  const { op, shape } = state.values.node(first);
  const outputs = outputNames(group.outputs);
  const names = Object.keys(outputs);
  const shared = Object.fromEntries(
    (over ?? []).flatMap((i, j) => (i === undefined ? [] : [[`x${i + 1}`, names[j]!]])),
  );
  const label = `${op} ${shape.join("×")}`;
  const key = keyOf("elementwise", spec);
  return {
    recipe: recipeOf(lowering, label, key, () =>
      renameRecipe(target.table, target.table.elementwise(label, spec), shared),
    ),
    key,
    bindings: { ...numbered("x", roots), ...outputs },
  };
}

/** One operation with all of its operands in memory. */
function lowerPlain<K>(lowering: Lowering<K>, group: Group): LoweredGroup<K> {
  const {
    target,
    state: { values },
  } = lowering;
  const node = values.node(group.anchor ?? group.outputs[0]!);
  const shapes = node.inputs.map((input) => values.node(input).shape);
  const key = keyOf(node.op, node.attributes, node.shape, shapes);
  const make = (): Recipe<K> => {
    const recipe = operationRecipe(target.table, node, shapes);
    if (recipe === undefined) throw new Error(`no kernel for ${node.op}`);
    return recipe;
  };
  return {
    recipe: recipeOf(lowering, "plain", key, make),
    key,
    bindings: { ...numbered("x", node.inputs.map(values.root)), ...outputNames(group.outputs) },
  };
}

/** The operations that take something in front or behind; undefined for the others. */
function lowerFused<K>(lowering: Lowering<K>, group: Group, node: Node): LoweredGroup<K> | undefined {
  const { target, state } = lowering;
  const { values } = state;
  const { table } = target;
  const shapeOf = (index: number): Shape => values.node(node.inputs[index]!).shape;
  const rootOf = (index: number): ValueId => values.root(node.inputs[index]!);
  const reduceRows = reducedRows(node, values);
  if (reduceRows !== undefined) return lowerReduction(lowering, group, node, reduceRows);
  const result = (make: () => Recipe<K>, spec: unknown, ...bindings: readonly Bindings[]): LoweredGroup<K> => {
    const key = keyOf(node.op, spec);
    return { recipe: recipeOf(lowering, "fused", key, make), key, bindings: Object.assign({}, ...bindings) };
  };

  switch (node.op) {
    case "conv2d": {
      const units = group.largest === undefined ? 1 : node.shape.at(-1)! / resultChannels(values, group);
      const shape = forwardShape(shapeOf(0), shapeOf(1), node.attributes, units);
      const { epilogue, bindings } = behind(state, group);
      const weight = { w: rootOf(1) };
      if (isDepthwise(shape)) {
        const make = (): Recipe<K> => table.depthwise(shape, epilogue);
        return result(make, ["depthwise", shape, epilogue], { x: rootOf(0) }, weight, bindings);
      }
      const norm = group.norm === undefined ? undefined : values.node(group.norm);
      const { gather, bindings: gathered } = gathering(state, group);
      const front = inFront(state, group, 0, "x");
      const spec = {
        shape,
        epilogue,
        ...(front.prologue === undefined ? {} : { prologue: front.prologue }),
        ...(norm?.op === "patch_norm" ? { norm: { epsilon: norm.attributes.epsilon } } : {}),
        ...(gather === undefined ? {} : { gather }),
      };
      return result(() => table.convolution(spec), spec, front.bindings, weight, gathered, bindings);
    }
    case "conv2d_input_gradient": {
      const shape = forwardShape(node.attributes.inputShape, shapeOf(1), node.attributes);
      const { epilogue, bindings } = behind(state, group);
      const weight = { w: rootOf(1) };
      if (isDepthwise(shape)) {
        const make = (): Recipe<K> => table.depthwiseInputGradient(shape, epilogue);
        return result(make, ["depthwise", shape, epilogue], { x: rootOf(0) }, weight, bindings);
      }
      const front = inFront(state, group, 0, "x");
      const { gather, bindings: gathered } = gathering(state, group);
      const spec = {
        epilogue,
        ...(front.prologue === undefined ? {} : { prologue: front.prologue }),
        ...(gather === undefined ? {} : { gather }),
      };
      return result(() => table.inputGradient(shape, spec), [shape, spec], front.bindings, weight, gathered, bindings);
    }
    case "conv2d_weight_gradient": {
      const shape = forwardShape(shapeOf(0), node.attributes.weightShape, node.attributes);
      if (isDepthwise(shape)) return undefined;
      const front = inFront(state, group, 1, "g");
      const spec = { shape, ...(front.prologue === undefined ? {} : { prologue: front.prologue }) };
      return result(
        () => table.weightGradient(spec),
        spec,
        { x: rootOf(0) },
        front.bindings,
        outputNames(group.outputs),
      );
    }
    case "matmul": {
      const { epilogue, bindings } = behind(state, group);
      const units = group.largest === undefined ? 1 : node.shape.at(-1)! / resultChannels(values, group);
      const spec = { a: shapeOf(0), b: shapeOf(1), ...node.attributes, maxOut: units };
      const operands = { a: rootOf(0), b: rootOf(1) };
      return result(() => table.matmul(spec, epilogue), [spec, epilogue], operands, bindings);
    }
    case "window_sum":
    case "window_max":
    case "block_sum": {
      const { epilogue, bindings } = behind(state, group);
      const window = node.op === "block_sum" ? blockWindow(node.attributes) : node.attributes;
      const kind = node.op === "window_max" ? "max" : "sum";
      const make = (): Recipe<K> => table.window(kind, shapeOf(0), window, epilogue);
      return result(make, [shapeOf(0), window, epilogue], { x: rootOf(0) }, bindings);
    }
    case "window_spread": {
      const { epilogue, bindings } = behind(state, group);
      const make = (): Recipe<K> => table.spread(node.attributes.inputShape, node.attributes, epilogue);
      return result(make, [node.attributes, epilogue], { x: rootOf(0) }, bindings);
    }
    default:
      return undefined;
  }
}

const REDUCTIONS: Readonly<Record<string, ReduceKind>> = {
  reduce_sum: "sum",
  reduce_mean: "mean",
  reduce_max: "max",
  reduce_variance: "variance",
};

function lowerReduction<K>(lowering: Lowering<K>, group: Group, node: Node, rows: number): LoweredGroup<K> {
  const { target, state } = lowering;
  const { values } = state;
  const { axes } = node.attributes as { readonly axes: readonly number[] };
  const { shape } = values.node(node.inputs[0]!);
  const body = prologueOf(state, group);
  const after = group.outputs[0] === group.anchor ? undefined : expressionsOf(epilogueOf(state, group)!)[0]!;
  const spec = {
    ...reduceShape(shape, axes),
    kind: REDUCTIONS[node.op]!,
    ...(body === undefined ? {} : { inputs: accessesOf(body, rows)!, value: expressionsOf(body)[0]! }),
    ...(after === undefined ? {} : { finish: after }),
    ...(group.mean === undefined ? {} : { withMean: true }),
  };
  const inputs = body === undefined ? [values.root(node.inputs[0]!)] : body.leaves.map((leaf) => leaf.root);
  const label = `${node.op} ${shape.join("×")} over ${axes.join()}`;
  const key = keyOf(node.op, spec);
  return {
    recipe: recipeOf(lowering, label, key, () => target.table.reduce(label, spec)),
    key,
    bindings: {
      ...numbered("x", inputs),
      ...outputNames(group.outputs),
      ...(group.mean === undefined ? {} : { mean: group.mean }),
    },
  };
}
