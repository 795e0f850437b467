/** Lowering: the expanded network as operations of a graph, in the conventional or in the B-cos form. */
import { diagnose, type Code, type Params } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { encodeInput, inputMeanName, normaliseInput, takeEncoded } from "../composites/encode.ts";
import { automaticLogitBias, logitLayer } from "../composites/logits.ts";
import * as g from "../graph/build.ts";
import { createBuilder, type GraphBuilder } from "../graph/builder.ts";
import type { Shape, ValueId } from "../graph/graph.ts";
import type { Form, StateSpec } from "../graph/program.ts";
import type { LoweringContext } from "../layers/layer.ts";
import { layerTable } from "../layers/table.ts";
import { encodedShape, inForm } from "./forms.ts";
import { auxiliaryOutputs, type LayerInstance, type Network, type NetworkValue } from "./network.ts";
import { collectNotes, type NoteCollector } from "./notes.ts";
import type { BcosSettings } from "./settings.ts";

export interface LowerOptions {
  /** Name of the graph. */
  readonly name: string;
  readonly form: Form;
  readonly batch: number;
  /** Statistics of the batch and random layers, instead of running statistics and none. */
  readonly training: boolean;
  /** The input is fed as it is behind the encoding. */
  readonly encodedInput?: boolean;
}

export interface Lowered {
  /** Still open: the caller adds outputs, gradients and updates. */
  readonly graph: GraphBuilder;
  /** What is fed, [N, ...]: the image, or its encoding. */
  readonly input: ValueId;
  /** Behind the input encoding: what contributions and gradients refer to. */
  readonly encoded: ValueId;
  /** [N, classes] */
  readonly logits: ValueId;
  /** Of each auxiliary classifier, [N, classes]: as its layers make them, without temperature and bias. */
  readonly auxiliary: readonly ValueId[];
  /** Outputs of layers, bindings and blocks by path. Where a layer and a binding share one, the binding's. */
  readonly taps: ReadonlyMap<string, ValueId>;
  /** Weights and buffers, in the order of the layers. */
  readonly state: readonly StateSpec[];
  /** New values of buffers, in training. */
  readonly updates: ReadonlyMap<string, ValueId>;
  /** Every change that the form made, as `info`. */
  readonly notes: readonly Diagnostic[];
}

/** The network must have passed `checkForm`; anything that doesn't fit here is a bug and throws. */
export function lower(source: Network, options: LowerOptions): Lowered {
  const { form, batch } = options;
  const { network, moved } = inForm(source, form);
  const { settings } = network;
  const graph = createBuilder(options.name);
  const notes = collectNotes();
  const state = new Map<string, StateSpec>();
  const updates = new Map<string, ValueId>();
  const context = createContext(graph, settings, options, { state, updates, notes });

  const fed = options.encodedInput === true ? encodedShape(network.input.shape, settings, form) : network.input.shape;
  const input = g.input(graph, network.input.name, [batch, ...fed]);
  const enterBcos = options.encodedInput === true ? takeEncoded : encodeInput;
  const enter = form === "bcos" ? enterBcos : normaliseInput;
  const { encoded, value: first } = enter(graph, input, settings.encode);
  if (form === "bcos") noteInput(network, notes);
  for (const layer of moved) noteMoved(layer, settings.bias, notes);

  const values: ValueId[] = [];
  const valueOf = (value: NetworkValue): ValueId => {
    const found = value === "input" ? first : values[value];
    if (found === undefined) throw new Error(`layer ${value} is used before it is made`);
    return found;
  };
  for (const layer of network.layers) {
    const definition = layerTable[layer.layer];
    if (definition === undefined) throw new Error(`there is no layer ${layer.layer}`);
    const inputs = layer.inputs.map(valueOf);
    values.push(graph.within({ path: layer.path, span: layer.span }, () => definition[form](context, layer, inputs)));
  }

  const output = network.outputs[0];
  if (output === undefined) throw new Error(`${network.name} has no output`);
  const scores = valueOf(output.value);
  if (form === "bcos") noteSigmoids(graph, scores, network, notes);
  const logits = form === "bcos" ? withLogitLayer(graph, scores, network, notes) : scores;

  const auxiliary = auxiliaryOutputs(network).map(({ value }) => valueOf(value));

  const taps = new Map<string, ValueId>();
  network.layers.forEach((layer, i) => taps.set(layer.path, valueOf(i)));
  for (const scope of network.scopes) taps.set(scope.path, valueOf(scope.value));
  return {
    graph,
    input,
    encoded,
    logits,
    auxiliary,
    taps,
    state: [...state.values()],
    updates,
    notes: notes.diagnostics(),
  };
}

export interface LoweredLayer {
  readonly graph: GraphBuilder;
  readonly value: ValueId;
  readonly state: readonly StateSpec[];
}

/** One layer in a graph of its own, for a batch of one in evaluation. It must fit the shapes, which are without the batch. */
export function lowerAlone(
  layer: LayerInstance,
  inputShapes: readonly Shape[],
  settings: BcosSettings,
  form: Form,
): LoweredLayer {
  const options: LowerOptions = { name: layer.path, form, batch: 1, training: false };
  const graph = createBuilder(options.name);
  const state = new Map<string, StateSpec>();
  const context = createContext(graph, settings, options, { state, updates: new Map(), notes: collectNotes() });
  const inputs = inputShapes.map((shape, i) => g.input(graph, `input${i}`, [1, ...shape]));
  const value = layerTable[layer.layer]![form](context, layer, inputs);
  return { graph, value, state: [...state.values()] };
}

interface Collected {
  readonly state: Map<string, StateSpec>;
  readonly updates: Map<string, ValueId>;
  readonly notes: NoteCollector;
}

function createContext(
  graph: GraphBuilder,
  settings: BcosSettings,
  options: LowerOptions,
  { state, updates, notes }: Collected,
): LoweringContext {
  function tensor(spec: StateSpec): ValueId {
    if (state.has(spec.path)) throw new Error(`two state tensors at ${spec.path}`);
    state.set(spec.path, spec);
    return g.state(graph, spec.path, spec.shape);
  }
  return {
    graph,
    form: options.form,
    settings,
    training: options.training,
    batch: options.batch,
    weight: (layer, name, shape, initial, layout = "plain") =>
      tensor({ path: `${layer.path}.${name}`, shape, role: "weight", layout, initial }),
    buffer: (layer, name, shape, value) =>
      tensor({
        path: `${layer.path}.${name}`,
        shape,
        role: "buffer",
        layout: "plain",
        initial: { kind: "constant", value },
      }),
    updateBuffer: (layer, name, value) => updates.set(`${layer.path}.${name}`, value),
    step: () => g.input(graph, "step", [1]),
    note: <C extends Code>(layer: LayerInstance, code: C, params: Params<C>) => notes.add(code, params, layer),
  };
}

function noteMoved(layer: LayerInstance, keepBias: boolean, notes: NoteCollector): void {
  notes.add("bcos/head-before-pool", { path: layer.path }, layer);
  if (layer.arguments["bias"] === true && !keepBias)
    notes.add("bcos/bias-dropped", { layer: layer.layer, path: layer.path, count: 1 }, layer);
}

function noteInput(network: Network, notes: NoteCollector): void {
  const { input, settings } = network;
  if (settings.encode.variant === "none") return;
  const [from, to] = [input.shape.at(-1) ?? 0, encodedShape(input.shape, settings, "bcos").at(-1) ?? 0];
  const place = { span: input.span };
  notes.put(diagnose("bcos/input-encoded", { name: input.name, from, to }, place));
  if (settings.encode.variant === "add_inverse_normalized") {
    const what = "the mean that the input encoding subtracts";
    notes.put(diagnose("bcos/constant-part", { what, path: inputMeanName, count: 1 }, place));
  }
}

/**
 * A sigmoid that isn't the gate of a product reaches the logits as a constant part. All shifts do that the walk back from
 * the scores meets without passing a dynamic factor.
 */
function noteSigmoids(graph: GraphBuilder, scores: ValueId, network: Network, notes: NoteCollector): void {
  const names = new Set<string>();
  const seen = new Set<ValueId>();
  const pending = [scores];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    const node = graph.node(value);
    if (node.op === "dynamic") continue;
    if (node.op === "shift") names.add(node.attributes.name);
    // Nothing of an explanation flows on into the amount that a shift adds.
    pending.push(...(node.op === "shift" ? node.inputs.slice(0, 1) : node.inputs));
  }
  const what = "a `sigmoid` that is no gate of a product";
  for (const layer of network.layers)
    if (layer.layer === "sigmoid" && names.has(layer.path))
      notes.add("bcos/constant-part", { what, path: layer.path, count: 1 }, layer);
}

function withLogitLayer(graph: GraphBuilder, scores: ValueId, network: Network, notes: NoteCollector): ValueId {
  const { logitBias, logitTemperature } = network.settings;
  const classes = graph.shapeOf(scores).at(-1) ?? 0;
  const bias = logitBias === "auto" ? automaticLogitBias(classes) : logitBias;
  if (!Number.isFinite(bias)) throw new Error(`the logit bias of ${classes} classes is ${bias}`);
  const last = network.outputs[0]?.value;
  const layer = typeof last === "number" ? network.layers[last] : undefined;
  if (bias !== 0 || logitTemperature !== 1)
    notes.put(
      diagnose(
        "bcos/logit-layer",
        { temperature: String(logitTemperature), bias: String(Number(bias.toFixed(6))) },
        { span: layer?.span ?? network.input.span },
      ),
    );
  return logitLayer(graph, scores, logitTemperature, bias);
}
