/** Post-hoc explainers on a small network, and the scores and layouts of the grid pointing game, against golden numbers. */
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { targetsFor } from "../../src/compiler/targets/code-target.ts";
import { gridScores, layOutGrid } from "../../src/runtime/evaluate/grid-pointing.ts";
import { attribute, type AttributeOptions, type Method } from "../../src/runtime/posthoc/attribute.ts";
import type { Attribution } from "../../src/runtime/posthoc/attribution.ts";
import { gaussLegendre } from "../../src/runtime/posthoc/gauss-legendre.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { compareArray, relativeDifference, type Deviation, type Expected } from "./compare.ts";
import { byRule, fillTensor, formulaImage } from "./generators.ts";
import { toChannelsFirst } from "./layout.ts";
import { filledWeights, type StateKey } from "./networks.ts";
import { attempt, Skip, type Outcome, type Target } from "./outcome.ts";

interface TinyCnn {
  readonly description: string;
  readonly weights_tag: string;
  readonly scaleExp_by_key: Readonly<Record<string, number>>;
  readonly state_dict: readonly StateKey[];
  readonly input: { readonly seed: number; readonly H: number; readonly W: number };
  readonly targets: { readonly argmax: number; readonly other: number };
  /** Begins with a number of masks and a rule, and names their tag and shape. */
  readonly rise_masks: string;
}

interface ExpectedMap {
  readonly channel_sum?: Expected;
  readonly per_channel?: Expected;
  readonly value?: Expected;
}

interface GridPointing {
  readonly n_imgs: number;
  readonly cell: number;
  readonly smooth: number;
  readonly attribution: {
    readonly tag: string;
    readonly shape: readonly [number, number, number, number];
    readonly rule: string;
    readonly modification: string;
  };
  readonly scores: readonly number[];
}

interface GridCase {
  readonly n_imgs: number;
  readonly dataset_labels: readonly number[];
  readonly grid_of_dataset_indices_row_major: readonly (readonly number[])[];
  readonly targets: readonly number[];
  readonly next_offset: number;
  readonly second_grid?: readonly (readonly number[])[];
  readonly second_targets?: readonly number[];
  readonly second_next_offset?: number;
}

export interface ExplainersOracle {
  readonly tiny_cnn: TinyCnn;
  /** `logits`, `rise_given_masks`, and `argmax/NAME` and `other/NAME`. */
  readonly methods: Readonly<Record<string, ExpectedMap>>;
  readonly grid_pointing: readonly GridPointing[];
  readonly grid_layout: readonly GridCase[];
}

const bounds = { float32: { map: 5e-5, score: 1e-5 }, float64: { map: 1e-9, score: 1e-9 } } as const;

/** More than one sample, so that what is made of an image fills several batches, and the last one in part. */
const batch = 4;

/** The network on a device, for the methods that look at its input, and for Grad-CAM. */
interface Opened {
  readonly oracle: ExplainersOracle;
  readonly plain: Session;
  readonly lastMap: Session;
  readonly image: Float64Array;
}

export async function runExplainers(oracle: ExplainersOracle, target: Target): Promise<Outcome[]> {
  const { map, score } = bounds[target.precision];
  const opened = await open(oracle, target);
  try {
    const outcomes: Outcome[] = [];
    for (const [name, expected] of Object.entries(oracle.methods)) {
      outcomes.push(await attempt(`explainers/${name}`, () => compareMethod(opened, name, expected, map)));
    }
    for (const [i, grid] of oracle.grid_pointing.entries()) {
      outcomes.push(await attempt(`explainers/grid/${i}`, () => Promise.resolve(compareScores(grid, score))));
    }
    for (const [i, grid] of oracle.grid_layout.entries()) {
      outcomes.push(await attempt(`explainers/layout/${i}`, () => Promise.resolve(compareLayout(grid))));
    }
    return outcomes;
  } finally {
    await opened.plain.dispose();
    await opened.lastMap.dispose();
  }
}

async function open(oracle: ExplainersOracle, { device, precision }: Target): Promise<Opened> {
  const { weights_tag: tag, scaleExp_by_key, state_dict, input } = oracle.tiny_cnn;
  const network = tinyCnn(oracle.tiny_cnn);
  const session = (options: { gradientLayer?: true }): Promise<Session> => {
    const graphs = options.gradientLayer ? (["gradient"] as const) : (["predict", "gradient", "explain"] as const);
    const { program } = buildProgram(network, {
      ...{ form: "bcos", batch, graphs, encodedInput: true, targets: targetsFor(device.name) },
      ...options,
    });
    const fill = (key: string, shape: readonly number[]) => fillTensor(tag, key, shape, { scaleExp_by_key });
    return openSession(program, { device, precision, weights: filledWeights(program, state_dict, fill) });
  };
  return {
    oracle,
    plain: await session({}),
    lastMap: await session({ gradientLayer: true }),
    image: formulaImage(input.seed, input.H, input.W),
  };
}

/** `features = [conv 6->8 k3 s1 p1 B2, BNU 8, …]; classifier = conv1x1 16->5 B2; …` */
function tinyCnn({ description, input }: TinyCnn): Network {
  const convolutions = Array.from(description.matchAll(/conv \d+->(\d+) k(\d) s(\d) p(\d) B([\d.]+), BNU \d+/g));
  const classifier = /classifier = conv1x1 \d+->(\d+) B([\d.]+)/.exec(description);
  if (convolutions.length === 0 || classifier === null) throw new Skip(`no network is described by ${description}`);
  const steps = convolutions.map(([, width, kernel, stride, padding, b], i) => {
    const conv = `conv(${width}, kernel: ${kernel}, stride: ${stride}, padding: ${padding}, b: ${b})`;
    return `features.${2 * i}: ${conv} -> features.${2 * i + 1}: norm`;
  });
  const [, classes, b] = classifier;
  const text = `bcos { preset: v2 }
    model TinyCnn() {
      input image: [${input.H}, ${input.W}, 3]
      output logits: [${classes}]
      features = image -> ${steps.join(" -> ")}
      logits = features -> global_avg_pool -> classifier: linear(${classes}, b: ${b})
    }`;
  const { networks, diagnostics } = checkFile(createMemoryHost({ "tiny.bcos": text }), "tiny.bcos");
  const [network] = networks;
  if (network === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return network;
}

const methods: Readonly<Record<string, readonly [method: Method, options?: AttributeOptions]>> = {
  grad: ["gradient"],
  ixg: ["ixg"],
  deeplift: ["deeplift"],
  guided_backprop: ["guided"],
  gradcam: ["gradcam"],
  ours: ["bcos"],
  ours_relative: ["bcos", { relative: true }],
};

async function compareMethod(
  { oracle, plain, lastMap, image }: Opened,
  name: string,
  expected: ExpectedMap,
  bound: number,
): Promise<Deviation[]> {
  const { targets } = oracle.tiny_cnn;
  if (name === "logits") {
    const [{ logits, predicted } = missing()] = await attribute(plain, image, "gradient");
    return [
      { what: "logits", value: compareArray(logits, expected.value!), bound },
      { what: "argmax", value: predicted === targets.argmax ? 0 : 1, bound: 0 },
    ];
  }
  if (name === "rise_given_masks") {
    // Both targets, of the same runs.
    const [, rule, tag, shape] = /^\d+ masks (\S+) tag "([^"]+)" shape \[([\d,]+)\]/.exec(oracle.tiny_cnn.rise_masks)!;
    const givenMasks = byRule(rule!, tag!, shape!.split(",").map(Number));
    const target = { classes: [[targets.argmax, targets.other]] };
    const maps = await attribute(plain, image, "rise", { target, givenMasks, keep: 0.1 });
    return [
      {
        what: "maps",
        value: compareArray(
          maps.flatMap(({ map }) => [...map]),
          expected.value!,
        ),
        bound,
      },
    ];
  }
  const [which, method] = name.split("/") as ["argmax" | "other", string];
  const [run, options] = methodOf(method);
  const session = run === "gradcam" ? lastMap : plain;
  const [found = missing()] = await attribute(session, image, run, { ...options, target: targets[which] });
  return compareMap(found, expected, bound, session);
}

/** `occlusion_ks5_s2`, `intgrad50` and the names of the table. */
function methodOf(name: string): readonly [method: Method, options?: AttributeOptions] {
  const steps = /^intgrad(\d+)$/.exec(name);
  if (steps !== null) {
    // The reference rounds the weights of the rule to float32, which is more than the bound in float64.
    const { nodes, weights } = gaussLegendre(Number(steps[1]));
    return ["intgrad", { steps: { nodes, weights: weights.map(Math.fround) } }];
  }
  const squares = /^occlusion_ks(\d+)_s(\d+)$/.exec(name);
  if (squares !== null) return ["occlusion", { kernel: Number(squares[1]), stride: Number(squares[2]) }];
  const method = methods[name];
  if (method === undefined) throw new Skip(`there is no method ${name}`);
  return method;
}

function compareMap(found: Attribution, expected: ExpectedMap, bound: number, { program }: Session): Deviation[] {
  const deviations: Deviation[] = [];
  const map = expected.value ?? expected.channel_sum;
  if (map !== undefined) deviations.push({ what: "map", value: compareArray(found.map, map), bound });
  if (expected.per_channel !== undefined) {
    const [height = 0, width = 0, channels = 0] = program.input.shape;
    const own = toChannelsFirst(found.channels ?? missing(), [1, channels, height, width]);
    deviations.push({ what: "channels", value: compareArray(own, expected.per_channel), bound });
  }
  return deviations;
}

function compareScores({ n_imgs, cell, smooth, attribution, scores }: GridPointing, bound: number): Deviation[] {
  const side = Math.sqrt(n_imgs);
  const [, channels, height, width] = attribution.shape;
  const values = byRule(attribution.rule, attribution.tag, attribution.shape);
  const pixels = height * width;
  const { modification } = attribution;
  const maps = scores.map((_, target) => {
    const map = new Float64Array(pixels);
    for (let i = 0; i < channels * pixels; i++) {
      const pixel = i % pixels;
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      const own = Math.floor(x / cell) === Math.floor(target / side) && Math.floor(y / cell) === target % side;
      let value = values[target * channels * pixels + i]!;
      if (modification.includes("add 0.75") && own) value += 0.75;
      if (modification.includes("-abs") && target === 0) value = -Math.abs(value);
      map[pixel]! += value;
    }
    return map;
  });
  const found = gridScores(maps, height, width, { side, smooth });
  return [{ what: "scores", value: relativeDifference(found, scores), bound }];
}

function compareLayout(grid: GridCase): Deviation[] {
  const side = Math.sqrt(grid.n_imgs);
  const first = layOutGrid(grid.dataset_labels, side);
  const second = first && layOutGrid(grid.dataset_labels, side, first.next);
  const same = (found: unknown, expected: unknown): number =>
    expected === undefined || JSON.stringify(found) === JSON.stringify(expected) ? 0 : 1;
  const different = [
    same(first?.rows, grid.grid_of_dataset_indices_row_major),
    same(first?.targets, grid.targets),
    same(first?.next, grid.next_offset),
    same(second?.rows, grid.second_grid),
    same(second?.targets, grid.second_targets),
    same(second?.next, grid.second_next_offset),
  ];
  return [{ what: "parts that differ", value: different.reduce((a, b) => a + b), bound: 0 }];
}

function missing(): never {
  throw new Error("nothing was computed");
}
