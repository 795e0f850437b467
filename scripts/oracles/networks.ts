/** Whole networks: logits, the outputs of named modules, and two explanations, against golden numbers. */
import { buildProgram } from "../../src/compiler/compile.ts";
import { targetsFor } from "../../src/compiler/targets/code-target.ts";
import { sameShape } from "../../src/compiler/graph/graph.ts";
import type { Program } from "../../src/compiler/graph/program.ts";
import { colourExplanation } from "../../src/runtime/explain/colour.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { usualTarget, type SourceName } from "../../src/runtime/weights/exchange/sources.ts";
import type { WeightTensor } from "../../src/runtime/weights/weights.ts";
import { relative, relativeDifference, summarise, type Deviation } from "./compare.ts";
import { fillTensor, formulaImage, type Fill } from "./generators.ts";
import { toChannelsFirst } from "./layout.ts";
import { compareKeys } from "./keys.ts";
import { describedNetwork, tapPath, weightPath } from "./models.ts";
import { attempt, Skip, type Outcome, type Target } from "./outcome.ts";
import { photoInput } from "./photo.ts";

export type StateKey = readonly [key: string, shape: readonly number[], ...unknown[]];

export interface NetworkOracle {
  readonly name: string;
  /** `T` and `logit_bias` are the logit layer's; absent, they are the preset's. */
  readonly config: {
    readonly constructor: string;
    readonly T?: number;
    readonly logit_bias?: number;
    readonly B?: number;
    /** Of the networks without a rule for it. */
    readonly scale?: number;
  };
  readonly tag: string;
  readonly input: { readonly seed: number; readonly H: number; readonly W: number };
  readonly fill: Fill;
  readonly total_parameters: number;
  readonly state_dict: readonly StateKey[];
  readonly expected: NetworkExpected;
  readonly photo?: { readonly source: string; readonly expected: NetworkExpected };
}

interface NetworkExpected {
  readonly logits_first10: readonly number[];
  readonly logits_minus_bias_first10?: readonly number[];
  readonly argmax: number;
  readonly sumabs_minus_bias?: number;
  readonly dot_minus_bias?: number;
  readonly stages?: Readonly<Record<string, { shape: readonly number[]; mean: number; sumabs: number; dot: number }>>;
  readonly explanations?: Readonly<Record<string, ExpectedExplanation>>;
  /** Of the logit of the argmax to the image; of conventional networks. */
  readonly input_gradient_argmax?: {
    readonly shape: readonly number[];
    readonly sumabs: number;
    readonly dot: number;
  };
}

interface ExpectedExplanation {
  readonly class: number;
  readonly logit: number;
  readonly contribution_sum: number;
  readonly contribution_sumabs: number;
  readonly contribution_dot: number;
  readonly W_sum: number;
  readonly W_sumabs: number;
  readonly W_dot: number;
  readonly completeness_residual: number;
  readonly positions_row_col: readonly (readonly [number, number])[];
  readonly contribution_at: readonly number[];
  readonly W_at_first8: readonly (readonly number[])[];
  readonly rgba_at?: readonly (readonly number[])[];
  readonly alpha_sum?: number;
}

/** Bounds of relative deviations. In float64 all but pictures agree to rounding. */
interface Bounds {
  readonly logits: number;
  readonly sums: number;
  readonly stageSumabs: number;
  readonly stageDot: number;
  readonly contributionSum: number;
  readonly explanationSums: number;
  readonly samples: number;
  /** Colour is discontinuous where a weight or contribution is near zero: most pixels, and all of them. */
  readonly colour: readonly [most: number, all: number];
  readonly alpha: number;
  readonly residual: number;
}

const float32: Bounds = {
  logits: 2e-4,
  sums: 5e-5,
  stageSumabs: 2e-5,
  stageDot: 1e-5,
  contributionSum: 2e-4,
  explanationSums: 5e-4,
  samples: 1e-3,
  colour: [2e-3, 2e-2],
  alpha: 2e-3,
  residual: 1e-5,
};

const exact = (bound: number): Bounds => ({
  logits: bound,
  sums: bound,
  stageSumabs: bound,
  stageDot: bound,
  contributionSum: bound,
  explanationSums: bound,
  samples: bound,
  colour: [1e-6, 1e-6],
  alpha: 1e-6,
  residual: bound,
});

/** A network on a device. */
interface Opened {
  readonly session: Session;
  /** Our name of a module of the reference implementation. */
  readonly tap: (stage: string) => string;
  /** Whose names its weights have. */
  readonly names: SourceName;
}

export async function runNetwork(oracle: NetworkOracle, target: Target, folder: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let opened: Opened | undefined;
  try {
    outcomes.push(
      await attempt(`net/${oracle.name}`, async () => {
        opened = await open(oracle, target);
        const { seed, H, W } = oracle.input;
        const bounds = target.precision === "float64" ? exact(1e-9) : float32;
        const counted = parameters(opened.session.program);
        return [
          { what: "parameters", value: Math.abs(counted - oracle.total_parameters), bound: 0 },
          ...(await compareNetwork(opened, oracle, oracle.expected, formulaImage(seed, H, W), bounds)),
        ];
      }),
    );
    if (opened !== undefined) {
      const { session, names } = opened;
      outcomes.push(
        await attempt(`net/${oracle.name}/names`, () =>
          Promise.resolve(compareKeys(oracle.state_dict, session.program, names)),
        ),
      );
    }
    const { photo } = oracle;
    if (photo !== undefined && opened !== undefined) {
      const network = opened;
      outcomes.push(
        await attempt(`net/${oracle.name}/photo`, async () => {
          // The reference rounds 1 − x to float32 also in its float64 run.
          const bounds = target.precision === "float64" ? exact(2e-6) : float32;
          return compareNetwork(network, oracle, photo.expected, await photoInput(folder), bounds);
        }),
      );
    }
  } finally {
    await opened?.session.dispose();
  }
  return outcomes;
}

async function open(oracle: NetworkOracle, target: Target): Promise<Opened> {
  const { T: temperature, logit_bias: bias, B: b, scale } = oracle.config;
  const {
    network,
    form,
    rename = (name: string) => name,
  } = describedNetwork(oracle.config.constructor, { bias, temperature, b, scale });
  const built = buildProgram(network, {
    form,
    batch: 1,
    graphs: ["predict", oracle.expected.input_gradient_argmax === undefined ? "explain" : "gradient"],
    keepTaps: true,
    targets: targetsFor(target.device.name),
  });
  const [height, width] = built.program.input.shape;
  if (height !== oracle.input.H || width !== oracle.input.W) throw new Skip("the model has another input size");
  const fill = (key: string, shape: readonly number[]) => fillTensor(oracle.tag, key, shape, oracle.fill);
  const session = await openSession(built.program, {
    device: target.device,
    precision: target.precision,
    weights: filledWeights(built.program, oracle.state_dict, fill, rename),
  });
  return { session, tap: (stage) => tapPath(rename(stage)), names: usualTarget(form, network.settings.preset) };
}

/** Weights by our paths from a state dict's keys. Keys without a tensor of ours are left out (unused buffers). */
export function filledWeights(
  program: Program,
  keys: readonly StateKey[],
  values: (key: string, shape: readonly number[]) => Float64Array,
  rename: (key: string) => string = (key) => key,
): Map<string, WeightTensor> {
  const known = new Set(program.state.map((spec) => spec.path));
  const weights = new Map<string, WeightTensor>();
  for (const [key, shape] of keys) {
    const path = weightPath(rename(key), known);
    if (path === undefined || (!known.has(path) && path.endsWith("running_mean"))) continue;
    // One number a channel, which the reference shapes for its layout of images.
    const own = path.endsWith("layer_scale.weight") ? shape.slice(0, 1) : shape;
    weights.set(path, { shape: own, data: values(key, shape) });
  }
  return weights;
}

function parameters(program: Program): number {
  return program.state
    .filter((spec) => spec.role === "weight")
    .reduce((sum, spec) => sum + spec.shape.reduce((a, b) => a * b, 1), 0);
}

async function compareNetwork(
  { session, tap: tapOf }: Opened,
  oracle: NetworkOracle,
  expected: NetworkExpected,
  image: Float64Array,
  bounds: Bounds,
): Promise<Deviation[]> {
  const { input, classes } = session.program;
  const bias = oracle.config.logit_bias ?? -Math.log(classes - 1);
  const out = await session.run("predict", { [input.name]: image });
  const logits = Array.from(out["logits"]!);
  const free = logits.map((v) => v - bias);
  const summary = summarise(free);
  const deviations: Deviation[] = [
    { what: "argmax", value: logits.indexOf(Math.max(...logits)) === expected.argmax ? 0 : 1, bound: 0 },
    {
      what: "logits",
      value: relativeDifference(
        free.slice(0, 10),
        expected.logits_minus_bias_first10 ?? expected.logits_first10.map((v) => v - bias),
      ),
      bound: bounds.logits,
    },
  ];
  if (expected.sumabs_minus_bias !== undefined) {
    const value = relative(summary.sumabs, expected.sumabs_minus_bias);
    deviations.push({ what: "sum of |logits|", value, bound: bounds.sums });
  }
  if (expected.dot_minus_bias !== undefined) {
    const value = relative(summary.dot, expected.dot_minus_bias, summary.sumabs);
    deviations.push({ what: "dot of logits", value, bound: bounds.sums });
  }
  for (const [name, stage] of Object.entries(expected.stages ?? {})) {
    const path = tapOf(name);
    const tap = out[`tap/${path}`];
    if (tap === undefined) throw new Error(`the network has no place named ${path}`);
    const graph = session.program.graphs.predict!;
    const own = graph.nodes[graph.outputs[`tap/${path}`]!]!.shape;
    // Modules of transformers have their channels last, as we do.
    const found = summarise(sameShape(own, stage.shape) ? tap : toChannelsFirst(tap, stage.shape));
    deviations.push(
      { what: `${name} size`, value: relative(found.sumabs, stage.sumabs), bound: bounds.stageSumabs },
      { what: `${name} dot`, value: relative(found.dot, stage.dot, stage.sumabs), bound: bounds.stageDot },
    );
  }
  for (const [name, explanation] of Object.entries(expected.explanations ?? {})) {
    const cotangent = oneHot(classes, explanation.class);
    const result = await session.run("explain", { [input.name]: image, cotangent });
    deviations.push(...compareExplanation(name, explanation, result, session, bounds));
  }
  const { input_gradient_argmax: wanted } = expected;
  if (wanted !== undefined) {
    const cotangent = oneHot(classes, expected.argmax);
    const { gradient } = await session.run("gradient", { [input.name]: image, cotangent });
    const found = summarise(toChannelsFirst(gradient!, wanted.shape));
    const bound = bounds.explanationSums;
    deviations.push(
      { what: "Σ |gradient|", value: relative(found.sumabs, wanted.sumabs), bound },
      { what: "dot of the gradient", value: relative(found.dot, wanted.dot, wanted.sumabs), bound },
    );
  }
  return deviations;
}

function oneHot(classes: number, at: number): Float64Array {
  return Float64Array.from({ length: classes }, (_, i) => (i === at ? 1 : 0));
}

function compareExplanation(
  name: string,
  expected: ExpectedExplanation,
  result: Readonly<Record<string, ArrayLike<number>>>,
  session: Session,
  bounds: Bounds,
): Deviation[] {
  const [height = 0, width = 0, channels = 0] = session.program.input.encodedShape;
  const contributions = result["contributions"]!;
  const weights = result["weights"]!;
  const c = summarise(contributions);
  const w = summarise(toChannelsFirst(weights, [1, channels, height, width]));
  const total = expected.contribution_sumabs;
  const at = expected.positions_row_col.map(([row, column]) => row * width + column);
  const weightsAt = at
    .slice(0, 8)
    .flatMap((p) => Array.from({ length: channels }, (_, k) => weights[p * channels + k]!));
  const explained = result["explained"]![0]!;
  const residual = Math.abs(explained - result["constant"]![0]! - c.sum);
  const of = (what: string, value: number, bound: number): Deviation => ({ what: `${name} ${what}`, value, bound });
  return [
    of("logit", relative(explained, expected.logit, Math.max(Math.abs(expected.logit), 1)), bounds.logits),
    of("Σ contributions", relative(c.sum, expected.contribution_sum, total), bounds.contributionSum),
    of("Σ |contributions|", relative(c.sumabs, total), bounds.explanationSums),
    of("dot of contributions", relative(c.dot, expected.contribution_dot, total), bounds.explanationSums),
    of("Σ |W|", relative(w.sumabs, expected.W_sumabs), bounds.explanationSums),
    of("dot of W", relative(w.dot, expected.W_dot, expected.W_sumabs), bounds.explanationSums),
    of(
      "contributions",
      relativeDifference(
        at.map((p) => contributions[p]!),
        expected.contribution_at,
      ),
      bounds.samples,
    ),
    of("W", relativeDifference(weightsAt, expected.W_at_first8.flat()), bounds.samples),
    of("residual", residual / total, bounds.residual),
    ...compareColour(of, expected, { height, width, channels: channels / 2, weights, contributions, at }, bounds),
  ];
}

function compareColour(
  of: (what: string, value: number, bound: number) => Deviation,
  expected: ExpectedExplanation,
  image: {
    readonly height: number;
    readonly width: number;
    readonly channels: number;
    readonly weights: ArrayLike<number>;
    readonly contributions: ArrayLike<number>;
    readonly at: readonly number[];
  },
  bounds: Bounds,
): Deviation[] {
  if (expected.rgba_at === undefined || expected.alpha_sum === undefined) return [];
  const { rgba } = colourExplanation(image);
  const differences = expected.rgba_at
    .map((pixel, i) => Math.max(...pixel.map((v, k) => Math.abs(v - rgba[image.at[i]! * 4 + k]!))))
    .sort((a, b) => a - b);
  const alpha = rgba.reduce((sum, v, i) => (i % 4 === 3 ? sum + v : sum), 0);
  return [
    of("colour of most pixels", differences.at(-3)!, bounds.colour[0]),
    of("colour of all pixels", differences.at(-1)!, bounds.colour[1]),
    of("Σ opacity", relative(alpha, expected.alpha_sum), bounds.alpha),
  ];
}
