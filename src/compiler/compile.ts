/** The compiler's middle end in one call: a checked network → the graphs of a program. */
import { fail } from "../diagnostics/catalogue.ts";
import { BcosError, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { explainGraph, gradientGraph, predictGraph } from "./graphs/evaluation.ts";
import { trainGraph } from "./graphs/training.ts";
import type { Graph, ValueId } from "./graph/graph.ts";
import type { Form, GraphName, Program, StateSpec, TrainSettings } from "./graph/program.ts";
import { simplify, type SimplifyOptions } from "./graph/simplify.ts";
import { architectureHash } from "./network/architecture.ts";
import { checkForm, encodedShape } from "./network/forms.ts";
import { lastMap } from "./network/last-map.ts";
import { lower, type Lowered } from "./network/lower.ts";
import type { Network } from "./network/network.ts";
import type { StorageType } from "./plan/storage.ts";
import type { CodeTarget } from "./targets/code-target.ts";
import { tfjsBackendOf } from "./targets/tfjs/backends.ts";
import { createTfjsCode } from "./targets/tfjs/plan-code.ts";
import { createWasmCode } from "./targets/wasm/plan-code.ts";
import { createWebgpuCode } from "./targets/webgpu/plan-code.ts";
import { PlanTooLarge } from "./targets/webgpu/plan-limits.ts";

export { summarise, type LayerSummary } from "./network/summary.ts";

export interface ProgramOptions {
  readonly form: Form;
  /** Samples a run, ≥ 1. */
  readonly batch: number;
  /** `explain` exists only in the B-cos form: in the conventional form it is left out. */
  readonly graphs: readonly GraphName[];
  /** Needed for the graph `train`. */
  readonly train?: TrainSettings;
  /** `predict` gets an output `tap/PATH` for each layer, binding and block. */
  readonly keepTaps?: boolean;
  /** `train` gets outputs `gradient/PATH`, and with clipping `clipped/PATH`, for each weight. */
  readonly outputGradients?: boolean;
  /** The last simplification to run, for listings: a name from `passes`, or `build` for none. All without it. */
  readonly stopAfter?: string;
  /** `explain` explains the values of the layer, binding or block of this path instead of the logits. */
  readonly explainedLayer?: string;
  /**
   * `gradient` gives the gradient to the values of the layer, binding or block of this path instead of the input; `true`
   * stands for the last map before the classifier (see `lastMap`).
   */
  readonly gradientLayer?: string | true;
  /**
   * The graphs take inputs as they are behind the encoding, [x, 1 − x]: for methods that feed what is the encoding of no
   * image, such as a pixel whose channels are all 0.
   */
  readonly encodedInput?: boolean;
  /** The program gets code for the devices of these names, at most one of them of TensorFlow.js. Default: none. */
  readonly targets?: readonly CodeTarget[];
  /**
   * What the target `webgpu` keeps activations and prepared weights in; it computes in float32 all the same. Default `f32`.
   * `f16` takes half of their memory and needs an adapter with `shader-f16`. Not with `train`.
   */
  readonly storage?: StorageType;
  /**
   * Where a target's limits allow fewer samples at once, the program has a smaller batch instead. Not with `train`, whose
   * samples depend on each other.
   */
  readonly cutBatch?: boolean;
}

export interface BuiltProgram {
  readonly program: Program;
  /** What the form changed, as `info`. */
  readonly notes: readonly Diagnostic[];
}

/**
 * Throws a `BcosError` where the network can't be lowered in the form (see `checkForm`), for options that make no sense, and
 * where a plan for a target goes beyond its limits (`limit/webgpu`).
 */
export function buildProgram(network: Network, options: ProgramOptions): BuiltProgram {
  try {
    return buildWhole(network, options);
  } catch (error) {
    const most = error instanceof PlanTooLarge ? error.fittingBatch : undefined;
    if (most === undefined || options.cutBatch !== true || options.graphs.includes("train")) throw error;
    // Of about equal size, so that little of the last batch is filling.
    const runs = Math.ceil(options.batch / most);
    return buildWhole(network, { ...options, batch: Math.ceil(options.batch / runs) });
  }
}

function buildWhole(network: Network, options: ProgramOptions): BuiltProgram {
  const { form, batch } = options;
  const problems = checkForm(network, form);
  if (problems.length > 0) throw new BcosError(problems);
  if (!Number.isSafeInteger(batch) || batch < 1) {
    fail("run/input", { name: "batch", expected: "a whole number of at least 1", found: String(batch) });
  }
  checkStorage(options);

  const encodedInput = options.encodedInput ?? false;
  const base = lower(network, { name: "predict", form, batch, training: false, encodedInput });
  const gradientLayer = gradientLayerOf(network, options);
  const layerAt = (path: string) => ({ path, shape: base.graph.shapeOf(findTap(base, path)).slice(1) });
  const encoded = encodedShape(network.input.shape, network.settings, form);
  const state = new Map<string, StateSpec>(base.state.map((spec) => [spec.path, spec]));
  const graphs: Partial<Record<GraphName, Graph>> = {};
  for (const name of new Set(options.graphs)) {
    if (name === "explain" && form === "standard") continue;
    const { graph, state: added } = build(name, network, options, base);
    graphs[name] = options.stopAfter === "build" ? graph : simplify(graph, simplifyOptions(options));
    for (const spec of added) state.set(spec.path, spec);
  }
  const program: Program = {
    model: network.name,
    form,
    batch,
    input: {
      name: network.input.name,
      shape: encodedInput ? encoded : network.input.shape,
      encodedShape: encoded,
      ...(encodedInput ? { imageShape: network.input.shape } : {}),
    },
    architecture: architectureHash(network, form),
    classes: base.graph.shapeOf(base.logits).at(-1) ?? 0,
    state: [...state.values()],
    graphs,
    ...(options.explainedLayer === undefined ? {} : { explainedLayer: layerAt(options.explainedLayer) }),
    ...(gradientLayer === undefined ? {} : { gradientLayer: layerAt(gradientLayer) }),
    ...codeFor(graphs, batch, options.targets ?? [], options.storage),
  };
  return { program, notes: base.notes };
}

/** Weights change by less than f16 tells apart, and gradients become smaller than it can be. */
function checkStorage({ storage, targets = [], graphs }: ProgramOptions): void {
  if (storage !== "f16") return;
  if (!targets.includes("webgpu")) {
    fail("run/input", { name: "storage", expected: "`f32` without the target `webgpu`", found: "`f16`" });
  }
  if (graphs.includes("train")) {
    fail("run/input", { name: "storage", expected: "`f32` with the graph `train`", found: "`f16`" });
  }
}

/** The path that is meant. Throws `run/input` where no map stands before the classifier. */
function gradientLayerOf(network: Network, { form, gradientLayer }: ProgramOptions): string | undefined {
  if (gradientLayer !== true) return gradientLayer;
  const expected = "the path of a map: this network has none before its classifier";
  return lastMap(network, form) ?? fail("run/input", { name: "gradientLayer", expected, found: "`true`" });
}

function findTap({ taps }: Lowered, path: string): ValueId {
  const value = taps.get(path);
  if (value !== undefined) return value;
  const near = closest(path, taps.keys());
  return fail("run/no-layer", { path }, near === undefined ? {} : { hints: [`did you mean \`${near}\`?`] });
}

/** Plans, and kernels where the target has its own, for each target. `storage` is that of `webgpu`. Throws `limit/webgpu`. */
export function codeFor(
  graphs: Program["graphs"],
  batch: number,
  targets: readonly CodeTarget[],
  storage: StorageType = "f32",
): Pick<Program, "wasm" | "webgpu" | "tfjs"> {
  const [backend] = targets.flatMap((target) => tfjsBackendOf(target) ?? []);
  return {
    ...(targets.includes("wasm") ? { wasm: createWasmCode(graphs, batch) } : {}),
    ...(targets.includes("webgpu") ? { webgpu: createWebgpuCode(graphs, batch, { storage }) } : {}),
    ...(backend === undefined ? {} : { tfjs: createTfjsCode(graphs, batch, backend) }),
  };
}

function simplifyOptions({ keepTaps, stopAfter }: ProgramOptions): SimplifyOptions {
  return { ...(keepTaps === undefined ? {} : { keepTaps }), ...(stopAfter === undefined ? {} : { stopAfter }) };
}

interface BuiltGraph {
  readonly graph: Graph;
  /** State beyond the network's own. */
  readonly state: readonly StateSpec[];
}

/** `base` is the network as `predict` has it. */
function build(name: GraphName, network: Network, options: ProgramOptions, base: Lowered): BuiltGraph {
  const { form, batch, encodedInput = false } = options;
  const evaluation = () => lower(network, { name, form, batch, training: false, encodedInput });
  const tapOf = (lowered: Lowered, path: string | undefined) => (path === undefined ? path : findTap(lowered, path));
  switch (name) {
    case "predict":
      return { graph: predictGraph(base, options.keepTaps ?? false), state: [] };
    case "explain": {
      const lowered = evaluation();
      return { graph: explainGraph(lowered, tapOf(lowered, options.explainedLayer)), state: [] };
    }
    case "gradient": {
      const lowered = evaluation();
      return { graph: gradientGraph(lowered, tapOf(lowered, gradientLayerOf(network, options))), state: [] };
    }
    case "train": {
      if (options.train === undefined) {
        return fail("run/input", { name: "train", expected: "a loss and an optimizer", found: "undefined" });
      }
      const lowered = lower(network, { name, form, batch, training: true, encodedInput });
      return trainGraph(lowered, options.train, options.outputGradients ?? false);
    }
    default:
      throw new Error(`unknown graph ${JSON.stringify(name satisfies never)}`);
  }
}
