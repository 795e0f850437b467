/**
 * A plan for TensorFlow.js → a graph model, as `tf.loadGraphModel` loads it: nodes that its reader knows, and the numbers of
 * its constants. What depends on the weights alone is computed here.
 */
import type { TfjsCall } from "../call.ts";
import type { TfjsPlan, TfjsValue } from "../plan.ts";
import { anyBatchShapes, fixedShapes, openShape, type BatchShapes } from "./batch-shape.ts";
import { addCall, NeedsFixedBatch } from "./call-nodes.ts";
import { foldState } from "./fold-state.ts";
import { shapeProto, typeAttribute, type DataType, type GraphDef, type Signature } from "./graph-def.ts";
import { createKnownValues, createOnes, scopeOf } from "./known-values.ts";
import { plainProducts } from "./plain-products.ts";
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
export function createGraphModel(
  given: TfjsPlan,
  options: GraphModelOptions,
  other?: TfjsPlan,
): GraphModel | undefined {
  if (given.draws.length > 0) throw new Error("graph models draw no numbers");
  const plan = plainProducts(given);
  if (other === undefined) return { ...modelOf(plan, fixedShapes(plan), options), batch: plan.batch };
  const shapes = anyBatchShapes(plan, plainProducts(other));
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
  { state, outputs }: GraphModelOptions,
): Omit<GraphModel, "batch"> {
  const builder = createNodeBuilder();
  const { [COTANGENT]: cotangent, ...inputs } = plan.inputs;
  const protoOf = ({ value }: TfjsValue) => shapeProto(openShape(shapes.get(value)!));
  const fed = mapValues(inputs, (input, name) =>
    builder.add("Placeholder", name, [], { dtype: FLOAT, shape: { shape: protoOf(input) } }),
  );
  const { nodeOf, addCalls, calls } = placeCalls(builder, plan, shapes, state, fed);

  const later = cotangent === undefined ? new Set<TfjsCall>() : dependents(calls, cotangent.value);
  addCalls(calls.filter((call) => !later.has(call)));
  let targetNode: string | undefined;
  if (cotangent !== undefined) {
    const logits = plan.outputs["logits"]!;
    targetNode = addTarget(builder, nodeOf(logits), logits.shape.at(-1)!);
    addCalls([...later], { value: cotangent.value, node: targetNode });
  }

  const given: Record<string, TfjsValue> = {};
  for (const name of outputs) given[name] = plan.outputs[name]!;
  if (cotangent !== undefined) given[TARGET] = cotangent;
  // The target's own name is that of the node that may be fed.
  const fetched = mapValues(given, (output, name) =>
    builder.add("Identity", name === TARGET ? `${name}/Identity` : name, [nodeOf(output)], { T: FLOAT }),
  );
  const nodes = neededNodes(builder.nodes, [...Object.values(fed), ...Object.values(fetched)]);
  const kept = new Set(nodes.map(({ name }) => name));
  const infoOf = (names: Readonly<Record<string, string>>) => (value: TfjsValue, name: string) =>
    ({ name: `${names[name]!}:0`, dtype: "DT_FLOAT", tensorShape: protoOf(value) }) as const;
  return {
    topology: { node: nodes, library: {}, versions: { producer: PRODUCER } },
    signature: { inputs: mapValues(inputs, infoOf(fed)), outputs: mapValues(given, infoOf(fetched)) },
    weights: builder.weights.filter(({ name }) => kept.has(name)),
    targetNode,
  };
}

const COTANGENT = "cotangent";
const TARGET = "target";
const FLOAT = typeAttribute("DT_FLOAT");

function mapValues<V, W>(
  record: Readonly<Record<string, V>>,
  map: (value: V, name: string) => W,
): Readonly<Record<string, W>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

interface PlacedCalls {
  /** Those that are left to the model, in the plan's order. */
  readonly calls: readonly TfjsCall[];
  /** With `target`, the node that has the cotangent's value: calls of the explanation. */
  addCalls(calls: readonly TfjsCall[], target?: { readonly value: number; readonly node: string }): void;
  nodeOf(value: TfjsValue): string;
}

function placeCalls(
  builder: NodeBuilder,
  plan: TfjsPlan,
  shapes: BatchShapes,
  state: StateNumbers,
  fed: Readonly<Record<string, string>>,
): PlacedCalls {
  const folded = foldState(plan, state);
  const names = new Map(Object.entries(fed).map(([name, node]) => [plan.inputs[name]!.value, node]));
  const [[first, input] = ["", ""]] = Object.entries(fed);
  const ones = createOnes(builder, input, plan.inputs[first]?.shape.length ?? 1);
  const known = createKnownValues(builder, folded, shapes, ones);
  const pads = new Map(folded.calls.filter(({ op }) => op === "pad").map((call) => [call.value, call]));
  const truths = new Map<string, string>();

  function add(call: TfjsCall, prefix: string): void {
    const operand = (value: number): string => names.get(value) ?? known.operandOf(call, value);
    const [image = -1, weights = -1] = call.inputs;
    const pad = pads.get(image);
    const same = isConvolution(call) && isSamePadded(call, pad, shapes.get(weights)!);
    const inputs = (same ? [pad!.inputs[0]!, ...call.inputs.slice(1)] : call.inputs).map(operand);
    const inputShapes = call.inputs.map((value) => shapes.get(value)!);
    const scope = `${prefix}${call.layer === undefined ? "model" : scopeOf(call.layer)}`;
    const place = { builder, scope, inputs, inputShapes, shape: shapes.get(call.value)!, same, ones, truths };
    names.set(call.value, addCall(call, place));
  }

  return {
    calls: folded.calls,
    addCalls(calls, target) {
      if (target !== undefined) names.set(target.value, target.node);
      for (const call of calls) add(call, target === undefined ? "" : "explain/");
    },
    nodeOf: ({ value }) => names.get(value) ?? known.wholeOf(value),
  };
}

const isConvolution = (call: TfjsCall): call is Convolution => call.op === "conv2d" || call.op === "depthwiseConv2d";

/** Rows with a 1 at the largest logit. Not `OneHot`, whose kernel for wasm writes whole numbers into floats. */
function addTarget(builder: NodeBuilder, logits: string, classes: number): string {
  const T = FLOAT;
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
