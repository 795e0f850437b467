/**
 * A plan for TensorFlow.js → a graph model, as `tf.loadGraphModel` loads it: nodes that its reader knows, and the numbers of
 * its constants. What depends on the weights alone is computed here.
 */
import { sizeOf } from "../../../../shape.ts";
import type { TfjsCall } from "../call.ts";
import type { TfjsPlan, TfjsValue } from "../plan.ts";
import { anyBatchShapes, fixedShapes, isFixed, openShape, type BatchShape, type BatchShapes } from "./batch-shape.ts";
import { addCall, NeedsFixedBatch } from "./call-nodes.ts";
import { isElementwise } from "./evaluate-call.ts";
import { foldState, type FoldedPlan } from "./fold-state.ts";
import { flagAttribute, shapeProto, typeAttribute, type DataType, type GraphDef, type Signature } from "./graph-def.ts";
import { isSamePadded, type Convolution } from "./same-padding.ts";
import { createNodeBuilder, neededNodes, type GraphWeight, type NodeBuilder } from "./node-builder.ts";

export interface GraphModel {
  readonly topology: GraphDef;
  readonly signature: Signature;
  /** In the order of the nodes. */
  readonly weights: readonly GraphWeight[];
  /** Samples a run; undefined: any number. */
  readonly batch: number | undefined;
  /** The node that may be fed besides the inputs, to explain something else than the predicted class. */
  readonly targetNode: string | undefined;
}

/** Numbers by the path of the state, in the program's layout. */
export type StateNumbers = ReadonlyMap<string, Float32Array>;

/** Of the TensorFlow that the nodes are those of: what graph models of today have. */
const PRODUCER = 1482;

export interface GraphModelOptions {
  readonly state: StateNumbers;
  /** Outputs of the plan that the model gives, in this order. */
  readonly outputs: readonly string[];
}

/**
 * The model of a plan for all backends. Of a graph `explain` it also gives `target`, which is what it explains: the predicted
 * class of each sample, as rows that are 1 there, or what the node of `targetNode` is fed with. `other` is the plan for another
 * number of samples: with it the model takes any number, and the result is undefined where it can't.
 */
export function createGraphModel(plan: TfjsPlan, options: GraphModelOptions): GraphModel;
export function createGraphModel(plan: TfjsPlan, options: GraphModelOptions, other: TfjsPlan): GraphModel | undefined;
export function createGraphModel(plan: TfjsPlan, options: GraphModelOptions, other?: TfjsPlan): GraphModel | undefined {
  if (plan.draws.length > 0) throw new Error("graph models draw no numbers");
  if (other === undefined) return { ...modelOf(plan, fixedShapes(plan), options), batch: plan.batch };
  const shapes = anyBatchShapes(plan, other);
  if (shapes === undefined) return undefined;
  try {
    return { ...modelOf(plan, shapes, options), batch: undefined };
  } catch (error) {
    if (error instanceof NeedsFixedBatch) return undefined;
    throw error;
  }
}

function modelOf(
  plan: TfjsPlan,
  shapes: BatchShapes,
  { state, outputs: wanted }: GraphModelOptions,
): Omit<GraphModel, "batch"> {
  const builder = createNodeBuilder();
  const folded = foldState(plan, state);
  const names = new Map<number, string>();
  const truths = new Map<string, string>();
  const ones = createOnes(builder, names, plan.inputs);
  const constants = createConstants(builder, folded, shapes, ones);
  const pads = new Map(folded.calls.filter(({ op }) => op === "pad").map((call) => [call.value, call]));
  const operand = (call: TfjsCall, input: number): string => names.get(input) ?? constants.operandOf(call, input);
  const addCalls = (calls: readonly TfjsCall[], prefix: string): void => {
    for (const call of calls) {
      const same = isConvolution(call) && isSamePadded(call, pads.get(call.inputs[0]!), shapes.get(call.inputs[1]!)!);
      const inputs = call.inputs.map((input) => operand(call, input));
      if (same) inputs[0] = operand(call, pads.get(call.inputs[0]!)!.inputs[0]!);
      const inputShapes = call.inputs.map((input) => shapes.get(input)!);
      const scope = `${prefix}${call.layer === undefined ? "model" : scopeOf(call.layer)}`;
      const place = { builder, scope, inputs, inputShapes, shape: shapes.get(call.value)!, same, ones, truths };
      names.set(call.value, addCall(call, place));
    }
  };

  const inputs = Object.entries(plan.inputs).filter(([name]) => name !== COTANGENT);
  for (const [name, { value }] of inputs) {
    const shape = shapeProto(openShape(shapes.get(value)!));
    names.set(value, builder.add("Placeholder", name, [], { dtype: typeAttribute("DT_FLOAT"), shape: { shape } }));
  }
  const cotangent = plan.inputs[COTANGENT];
  const backward = cotangent === undefined ? new Set<TfjsCall>() : dependents(folded.calls, cotangent.value);
  addCalls(
    folded.calls.filter((call) => !backward.has(call)),
    "",
  );
  const nameOf = (output: TfjsValue): string => names.get(output.value) ?? constants.outputOf(output.value);
  let targetNode: string | undefined;
  if (cotangent !== undefined) {
    const logits = plan.outputs["logits"]!;
    targetNode = addTarget(builder, nameOf(logits), logits.shape.at(-1)!);
    names.set(cotangent.value, targetNode);
    addCalls([...backward], "explain/");
  }

  const signature: Mutable<Signature> = { inputs: {}, outputs: {} };
  const info = (name: string, value: number) => ({
    name: `${name}:0`,
    dtype: "DT_FLOAT" as const,
    tensorShape: shapeProto(openShape(shapes.get(value)!)),
  });
  for (const [name, { value }] of inputs) signature.inputs[name] = info(names.get(value)!, value);
  const outputs = wanted.map((name) => [name, plan.outputs[name]!] as const);
  if (cotangent !== undefined) outputs.push([TARGET, cotangent]);
  for (const [name, output] of outputs) {
    const made = builder.add("Identity", name === TARGET ? `${name}/Identity` : name, [nameOf(output)], {
      T: typeAttribute("DT_FLOAT"),
    });
    signature.outputs[name] = info(made, output.value);
  }
  const named = [...Object.values(signature.inputs), ...Object.values(signature.outputs)];
  const nodes = neededNodes(
    builder.nodes,
    named.map(({ name }) => name.split(":", 1)[0]!),
  );
  const kept = new Set(nodes.map(({ name }) => name));
  return {
    topology: { node: nodes, library: {}, versions: { producer: PRODUCER } },
    signature,
    weights: builder.weights.filter(({ name }) => kept.has(name)),
    targetNode,
  };
}

const COTANGENT = "cotangent";
const TARGET = "target";

type Mutable<T> = {
  -readonly [K in keyof T]: Record<string, T[K] extends Readonly<Record<string, infer V>> ? V : never>;
};

/** Rows with a 1 at the largest logit. Not `OneHot`, whose kernel for wasm writes whole numbers into floats. */
function addTarget(builder: NodeBuilder, logits: string, classes: number): string {
  const T = typeAttribute("DT_FLOAT");
  const found = builder.add("ArgMax", "predicted/ArgMax", [logits, builder.integers([1], [])], {
    T,
    Tidx: typeAttribute("DT_INT32"),
    output_type: typeAttribute("DT_INT32"),
  });
  const toFloat = (from: DataType) => ({ SrcT: typeAttribute(from), DstT: T });
  const number = builder.add("Cast", "predicted/Cast", [found], toFloat("DT_INT32"));
  const column = builder.add("Reshape", "predicted/Reshape", [number, builder.integers([-1, 1])], { T });
  const all = builder.floats(
    "predicted/classes",
    [1, classes],
    Float32Array.from({ length: classes }, (_, k) => k),
  );
  const equal = builder.add("Equal", "predicted/Equal", [column, all], { T });
  return builder.add("Cast", TARGET, [equal], toFloat("DT_BOOL"));
}

/** The calls that depend on a value, in order. */
function dependents(calls: readonly TfjsCall[], value: number): ReadonlySet<TfjsCall> {
  const reached = new Set([value]);
  const result = new Set<TfjsCall>();
  for (const call of calls) {
    if (!call.inputs.some((input) => reached.has(input))) continue;
    reached.add(call.value);
    result.add(call);
  }
  return result;
}

const isConvolution = (call: TfjsCall): call is Convolution => call.op === "conv2d" || call.op === "depthwiseConv2d";

/** Ones, as many as there are samples, of an input that has all of them; made where they are asked for first. */
function createOnes(
  builder: NodeBuilder,
  names: ReadonlyMap<number, string>,
  inputs: TfjsPlan["inputs"],
): () => string {
  let made: string | undefined;
  return () => {
    if (made !== undefined) return made;
    const [{ value, shape }] = Object.values(inputs) as [TfjsValue];
    const T = typeAttribute("DT_FLOAT");
    const axes = builder.integers(shape.slice(1).map((_, i) => i + 1));
    const one = builder.add("Max", "samples/Max", [names.get(value)!, axes], { T, keep_dims: flagAttribute(false) });
    return (made = builder.add("OnesLike", "samples/OnesLike", [one], { T }));
  };
}

interface Constants {
  /** The node of a known value as an input of a call. */
  operandOf(call: TfjsCall, value: number): string;
  /** The node of a known value as an output. */
  outputOf(value: number): string;
}

function createConstants(
  builder: NodeBuilder,
  { known, uniform }: FoldedPlan,
  shapes: BatchShapes,
  ones: () => string,
): Constants {
  const table = (value: number): string => {
    const found = known.get(value) ?? missing(value);
    return builder.floats(weightName(found.paths), found.shape, found.data);
  };
  const filled = (value: number, number: number): string => {
    const shape = shapes.get(value)!;
    if (shape.length === 0) return builder.number(number);
    const [first, ...rest] = shape as [number, ...number[]];
    if (first < -1 || !isFixed(rest)) throw new NeedsFixedBatch("a constant");
    const one = [Math.max(first, 1), ...rest];
    const table = builder.floats("constants/filled", one, new Float32Array(sizeOf(one)).fill(number));
    if (first > 0) return table;
    const T = typeAttribute("DT_FLOAT");
    const samples = builder.integers(shape.map((_, axis) => (axis === 0 ? -1 : 1)));
    const column = builder.add("Reshape", "samples/Reshape", [ones(), samples], { T });
    return builder.add("Mul", "samples/Mul", [column, table], { T });
  };
  return {
    operandOf(call, value) {
      const number = uniform.get(value);
      if (number === undefined) return table(value);
      const others = call.inputs.filter((input) => input !== value).map((input) => shapes.get(input)!);
      const enough = isElementwise(call) && makesShape(others, shapes.get(call.value)!);
      return enough ? builder.number(number) : filled(value, number);
    },
    outputOf(value) {
      const number = uniform.get(value);
      return number === undefined ? table(value) : filled(value, number);
    },
  };
}

function missing(value: number): never {
  throw new Error(`the value ${value} is taken before it is made`);
}

/** Whether shapes broadcast to `shape` without any other. */
function makesShape(shapes: readonly BatchShape[], shape: BatchShape): boolean {
  return (
    shape.every(
      (length, axis) => length === 1 || shapes.some((other) => other[axis - shape.length + other.length] === length),
    ) && shapes.some((other) => other.length === shape.length)
  );
}

/** `layer1.0.conv1` → `layer1/0/conv1`. */
function scopeOf(path: string): string {
  return path.replaceAll(".", "/");
}

/** What a constant is called: the path of its weight, or what those that it was made of have in common. */
function weightName(paths: readonly string[]): string {
  const [first, ...others] = paths;
  if (first === undefined) return "constants/table";
  if (others.length === 0) return scopeOf(first);
  const parts = first.split(".");
  const common = parts.findIndex((part, i) => others.some((path) => path.split(".")[i] !== part));
  return [...parts.slice(0, common), "folded"].join("/");
}
