/** What cases of single layers have in common: a graph over named inputs, with entries of the layer table in it, is run. */
import { codeFor } from "../../src/compiler/compile.ts";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import { differentiate } from "../../src/compiler/graph/differentiate.ts";
import type { Graph, Shape, ValueId } from "../../src/compiler/graph/graph.ts";
import type { GradientMode } from "../../src/compiler/graph/ops/definition.ts";
import type { Form, Program } from "../../src/compiler/graph/program.ts";
import type { ArgumentValue, LoweringContext } from "../../src/compiler/layers/layer.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { targetsFor } from "../../src/compiler/targets/code-target.ts";
import type { Expected } from "./compare.ts";
import type { Target } from "./outcome.ts";

export interface LayerCase {
  readonly id: string;
  readonly op: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, { tag: string; shape: Shape; rule: string; then?: string }>>;
  readonly expected: Readonly<Record<string, Expected | number>>;
}

export interface Input {
  /** Channels last. */
  readonly values: Float64Array;
  readonly shape: Shape;
}

export type Inputs = Readonly<Record<string, Input>>;

/** A case's graph is built over inputs by name and gives outputs by name. */
export type Build = (b: GraphBuilder, inputs: Readonly<Record<string, ValueId>>) => Readonly<Record<string, ValueId>>;

/** Values by expected name, channels last. */
export type Results = Readonly<Record<string, ArrayLike<number>>>;

export type Runner = (layerCase: LayerCase, inputs: Inputs, target: Target) => Promise<Results>;

/** Builds a graph over the inputs and runs it. */
export async function evaluate(target: Target, inputs: Inputs, build: Build): Promise<Results> {
  const b = createBuilder("case");
  const ids = Object.fromEntries(Object.entries(inputs).map(([name, i]) => [name, g.input(b, name, i.shape)]));
  for (const [name, value] of Object.entries(build(b, ids))) b.output(name, value);
  return runGraph(target, b.finish(), inputs);
}

async function runGraph(target: Target, graph: Graph, inputs: Inputs): Promise<Results> {
  const graphs = { predict: graph };
  const program: Program = {
    model: "case",
    form: "bcos",
    batch: 1,
    input: { name: "x", shape: [], encodedShape: [] },
    classes: 0,
    state: [],
    graphs,
    ...codeFor(graphs, 1, targetsFor(target.device.name)),
  };
  const session = await target.device.open(program, { precision: target.precision });
  const used = new Set(graph.nodes.flatMap((node) => (node.op === "input" ? [node.attributes.name] : [])));
  const array = target.precision === "float64" ? Float64Array : Float32Array;
  const feeds = Object.entries(inputs).filter(([name]) => used.has(name));
  try {
    return await session.run("predict", Object.fromEntries(feeds.map(([name, i]) => [name, array.from(i.values)])));
  } finally {
    await session.dispose();
  }
}

export interface LayerOptions {
  readonly form: Form;
  readonly settings?: Partial<BcosSettings>;
  readonly training?: boolean;
}

/** Emits one layer of the table. Its tensors are the inputs of their names; new running statistics are outputs. */
export function emitLayer(
  b: GraphBuilder,
  name: string,
  args: Readonly<Record<string, ArgumentValue>>,
  ids: Readonly<Record<string, ValueId>>,
  options: LayerOptions,
): { y: ValueId; updates: Record<string, ValueId> } {
  const definition = layerTable[name]!;
  const updates: Record<string, ValueId> = {};
  const tensor = (tensorName: string): ValueId => {
    const id = ids[tensorName];
    if (id === undefined) throw new Error(`the case has no input ${tensorName}`);
    return id;
  };
  const context: LoweringContext = {
    graph: b,
    form: options.form,
    settings: { ...presets.v2, ...options.settings },
    training: options.training ?? false,
    batch: b.shapeOf(ids["x"]!)[0]!,
    weight: (_, tensorName) => tensor(tensorName),
    buffer: (_, tensorName) => tensor(tensorName),
    updateBuffer: (_, tensorName, value) => {
      updates[tensorName] = value;
    },
    step: () => g.filled(b, 1, [1]),
    note: () => undefined,
  };
  const defaults = Object.fromEntries(definition.parameters.map((p) => [p.name, p.default]));
  const x = ids["x"]!;
  const shape = b.shapeOf(x).slice(1);
  const layer = {
    layer: name,
    path: "layer",
    arguments: { ...defaults, ...args },
    inputs: ["input" as const],
    inputShapes: [shape],
    shape,
    span: { file: "case", start: 0, end: 0 },
    expansion: [],
  };
  const y = definition[options.form](context, layer, [x]);
  return { y, updates };
}

/** Gradients of Σ y·g, by input name. */
export function pullback(
  b: GraphBuilder,
  ids: Readonly<Record<string, ValueId>>,
  y: ValueId,
  wrt: readonly string[],
  mode: GradientMode,
): Record<string, ValueId> {
  const cotangent = g.reshape(b, ids["g"]!, b.shapeOf(y));
  const { gradients } = differentiate(
    b,
    [{ value: y, cotangent }],
    wrt.map((name) => ids[name]!),
    mode,
  );
  return Object.fromEntries(wrt.map((name, i) => [name, gradients[i] ?? g.filled(b, 0, b.shapeOf(ids[name]!))]));
}
