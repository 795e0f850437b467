/** Training trajectories of five steps, and learning rate schedules, against golden numbers. */
import { buildProgram } from "../../src/compiler/compile.ts";
import { targetsFor } from "../../src/compiler/targets/code-target.ts";
import type { Program, StateSpec, TrainSettings } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { learningRateAt, type Schedule } from "../../src/runtime/train/schedule.ts";
import { relative, relativeDifference, summarise, type Deviation, type Summary } from "./compare.ts";
import { byRule, fillTensor, formulaImage } from "./generators.ts";
import { toChannelsFirst } from "./layout.ts";
import { describedNetwork, weightPath } from "./models.ts";
import { filledWeights } from "./networks.ts";
import { attempt, Skip, type Outcome, type Target } from "./outcome.ts";

type StateKey = readonly [key: string, shape: readonly number[]];

export interface Trajectory {
  readonly id: string;
  readonly model: string;
  readonly weights_tag: string;
  readonly input: string;
  readonly labels: readonly number[];
  readonly loss: string;
  readonly optimizer: string;
  readonly agc: string | null;
  readonly state_dict: readonly StateKey[];
  readonly expected: {
    readonly loss_per_step: readonly number[];
    readonly first_step_logits: readonly number[];
    readonly first_step_gradient: Readonly<Record<string, Summary>>;
    readonly first_step_gradient_after_agc?: Readonly<Record<string, Summary>>;
    readonly params_after: Readonly<Record<string, Summary>>;
    readonly param_change: Readonly<Record<string, Summary>>;
    readonly running_var_after?: Readonly<Record<string, Summary>>;
    readonly eval_logits_after: readonly number[];
    readonly train_mode_logits_after: readonly number[];
  };
}

interface ScheduleOracle {
  readonly desc: string;
  readonly base_lr: number;
  readonly lr: readonly number[];
}

export interface TrainingOracle {
  readonly trajectories: readonly Trajectory[];
  readonly lr_schedules: readonly ScheduleOracle[];
}

/** Relative deviations allowed; in float64 only rounding, which five steps let grow. */
const bounds = {
  float32: { loss: 2e-4, logits: 2e-3, gradient: 1e-4, parameters: 5e-6, change: 2e-3, running: 1e-5 },
  float64: { loss: 1e-9, logits: 1e-7, gradient: 1e-9, parameters: 1e-9, change: 1e-7, running: 1e-9 },
} as const;

/**
 * Where one pre-activation of a ReLU lies within rounding of 0, so that its side decides the steps behind the first. The
 * description of the golden numbers asks for the first step only there, and has the same with a small rate.
 */
const chaotic = new Set(["standard_resnet20"]);

export async function runTrajectory(t: Trajectory, target: Target): Promise<Outcome> {
  return attempt(`training/${t.id}`, async () => {
    const { network, form } = describe(t);
    const { settings, learningRate } = trainSettings(t);
    const batch = t.labels.length;
    const { program } = buildProgram(network, {
      form,
      batch,
      graphs: ["predict", "train"],
      train: settings,
      outputGradients: true,
      targets: targetsFor(target.device.name),
    });
    const weights = filledWeights(program, t.state_dict, (key, shape) => initialTensor(t.weights_tag, key, shape));
    const { device, precision } = target;
    const session = await openSession(program, { device, precision, weights });
    try {
      return await compareTrajectory(t, program, session, inputOf(t, form === "standard"), learningRate, precision);
    } finally {
      await session.dispose();
    }
  });
}

function describe(t: Trajectory): { network: Network; form: "bcos" | "standard" } {
  const classes = t.expected.first_step_logits.length / t.labels.length;
  const standard = t.id.startsWith("standard_") ? "standard CIFAR ResNet-20" : t.model;
  return describedNetwork(standard, { bias: -Math.log(classes - 1), temperature: 1 });
}

function initialTensor(tag: string, key: string, shape: readonly number[]): Float64Array {
  const values = fillTensor(tag, key, shape, {});
  return key.endsWith("running_var") ? values.fill(1) : values;
}

/** The optimiser and loss that a trajectory describes in words. */
function trainSettings(t: Trajectory): { settings: TrainSettings; learningRate: number } {
  const value = (name: string): number => Number(new RegExp(`${name}=([-\\d.e]+)`).exec(t.optimizer)?.[1] ?? 0);
  const betas = /betas=\(([\d.]+),([\d.]+)\)/.exec(t.optimizer);
  const optimizer: TrainSettings["optimizer"] = t.optimizer.startsWith("Adam")
    ? {
        kind: "adam",
        beta1: Number(betas?.[1] ?? 0.9),
        beta2: Number(betas?.[2] ?? 0.999),
        epsilon: value("eps"),
        weightDecay: value("weight_decay"),
        decoupled: t.optimizer.startsWith("AdamW"),
      }
    : { kind: "sgd", momentum: value("momentum"), weightDecay: value("weight_decay") };
  const loss: TrainSettings["loss"] = t.loss.includes("uniform")
    ? { kind: "uniform_off_label_bce" }
    : t.loss.includes("cross entropy")
      ? { kind: "cross_entropy" }
      : { kind: "bce" };
  const agc = /clip ([\d.e-]+), eps ([\d.e-]+)/.exec(t.agc ?? "");
  const clip = agc === null ? {} : { clip: { kind: "agc" as const, factor: Number(agc[1]), epsilon: Number(agc[2]) } };
  return { settings: { loss, optimizer, ...clip }, learningRate: value("lr") };
}

const cifarMean = [0.49139968, 0.48215841, 0.44653091];
const cifarDeviation = [0.24703223, 0.24348513, 0.26158784];

/** The batch, before the input encoding. */
function inputOf(t: Trajectory, standard: boolean): Float64Array {
  const vector = /tag "([^"]+)" shape \[(\d+), (\d+)\]/.exec(t.input);
  if (vector !== null) return byRule("abs(fround(u))", vector[1]!, [Number(vector[2]), Number(vector[3])]);
  const images = /seeds (\d+)\.\.(\d+), (\d+)x(\d+)/.exec(t.input.startsWith("as ") ? imagesOfStandard : t.input);
  if (images === null) throw new Skip(`unknown input: ${t.input}`);
  const [first = 0, last = 0, height = 0, width = 0] = images.slice(1).map(Number);
  const pixels = Array.from({ length: last - first + 1 }, (_, i) => [...formulaImage(first + i, height, width)]).flat();
  if (!standard) return Float64Array.from(pixels);
  return Float64Array.from(pixels, (v, i) => (v - cifarMean[i % 3]!) / cifarDeviation[i % 3]!);
}

const imagesOfStandard = "seeds 200..203, 32x32";

async function compareTrajectory(
  t: Trajectory,
  program: Program,
  session: Session,
  image: Float64Array,
  learningRate: number,
  precision: Target["precision"],
): Promise<Deviation[]> {
  const bound = bounds[precision];
  const { expected } = t;
  const { classes, input } = program;
  const targets = new Float64Array(t.labels.length * classes);
  t.labels.forEach((label, row) => (targets[row * classes + label] = 1));
  const feeds = (step: number, rate: number) => ({
    [input.name]: image,
    targets,
    learningRate: [rate],
    ...(usesStep(program) ? { step: [step] } : {}),
  });
  const before = await session.exportWeights();
  const deviations: Deviation[] = [];
  const losses: number[] = [];
  const steps = precision === "float32" && chaotic.has(t.id) ? 1 : expected.loss_per_step.length;
  for (let step = 1; step <= steps; step++) {
    const out = await session.run("train", feeds(step, learningRate));
    losses.push(out["loss"]![0]!);
    if (step > 1) continue;
    const logits = relativeDifference(out["logits"]!, expected.first_step_logits);
    deviations.push({ what: "first logits", value: logits, bound: bound.logits });
    const found = (prefix: string) => (spec: StateSpec) =>
      toChannelsFirst(out[`${prefix}/${spec.path}`]!, fileShapeOf(spec));
    deviations.push(
      ...compareTensors("gradient", program, expected.first_step_gradient, found("gradient"), bound.gradient),
    );
    if (expected.first_step_gradient_after_agc !== undefined) {
      const clipped = expected.first_step_gradient_after_agc;
      deviations.push(...compareTensors("clipped gradient", program, clipped, found("clipped"), bound.gradient));
    }
  }
  losses.forEach((loss, i) =>
    deviations.push({
      what: `loss ${i + 1}`,
      value: relative(loss, expected.loss_per_step[i]!),
      bound: bound.loss,
    }),
  );
  if (steps < expected.loss_per_step.length) return deviations;
  const after = await session.exportWeights();
  const valueOf = (spec: StateSpec) => after.get(spec.path)!.data;
  const change = (spec: StateSpec) =>
    Float64Array.from(after.get(spec.path)!.data, (v, i) => v - before.get(spec.path)!.data[i]!);
  deviations.push(
    ...compareTensors("weights", program, expected.params_after, valueOf, bound.parameters),
    ...compareTensors("change", program, expected.param_change, change, bound.change),
    ...compareTensors("running", program, expected.running_var_after ?? {}, valueOf, bound.running),
  );
  const evaluated = (await session.run("predict", { [input.name]: image }))["logits"]!;
  const trained = (await session.run("train", feeds(expected.loss_per_step.length + 1, 0)))["logits"]!;
  deviations.push(
    {
      what: "logits in evaluation",
      value: relativeDifference(evaluated, expected.eval_logits_after),
      bound: bound.logits,
    },
    {
      what: "logits in training",
      value: relativeDifference(trained, expected.train_mode_logits_after),
      bound: bound.logits,
    },
  );
  return deviations;
}

function usesStep(program: Program): boolean {
  return program.graphs.train!.nodes.some((node) => node.op === "input" && node.attributes.name === "step");
}

function fileShapeOf(spec: StateSpec): readonly number[] {
  const [o = 0, kh = 0, kw = 0, i = 0] = spec.shape;
  return spec.layout === "ohwi" ? [o, i, kh, kw] : spec.shape;
}

/** Σ|·| and the dot of each tensor, relative to its Σ|·|. */
function compareTensors(
  what: string,
  program: Program,
  expected: Readonly<Record<string, Summary>>,
  valuesOf: (spec: StateSpec) => ArrayLike<number>,
  bound: number,
): Deviation[] {
  const specs = new Map(program.state.map((spec) => [spec.path, spec]));
  const paths = new Set(specs.keys());
  return Object.entries(expected).flatMap(([key, summary]) => {
    const spec = specs.get(weightPath(key, paths) ?? "");
    if (spec === undefined) throw new Error(`there is no tensor for ${key}`);
    const found = summarise(valuesOf(spec));
    return [
      { what: `${what} of ${key}`, value: relative(found.sumabs, summary.sumabs), bound },
      { what: `${what} of ${key}, dot`, value: relative(found.dot, summary.dot, summary.sumabs), bound },
    ];
  });
}

/** A schedule described in words. */
export function runSchedule(oracle: ScheduleOracle): Promise<Outcome> {
  return attempt(`schedule/${oracle.desc}`, async () => {
    const warmupEpochs = /warmup (\d+) epochs/.exec(oracle.desc);
    const iterations = /(\d+) epochs x (\d+) iterations, warmup_steps (\d+)/.exec(oracle.desc);
    const common = { kind: "cosine", rate: oracle.base_lr } as const;
    const schedule: Schedule = iterations
      ? { ...common, per: "step", warmup: { length: Number(iterations[3]) } }
      : { ...common, per: "epoch", ...(warmupEpochs ? { warmup: { length: Number(warmupEpochs[1]) } } : {}) };
    const perEpoch = iterations ? Number(iterations[2]) : 1;
    const epochs = oracle.lr.length / perEpoch;
    const rates = oracle.lr.map((_, step) =>
      learningRateAt(schedule, { epoch: Math.floor(step / perEpoch), step, epochs, stepsPerEpoch: perEpoch }),
    );
    return [{ what: "learning rates", value: relativeDifference(rates, oracle.lr), bound: 1e-12 }];
  });
}
