/**
 * A linear network written by hand, for tests of the runtime alone: an image [2, 2, 1] is encoded as [x, 1 − x], one
 * convolution over all of it gives three logits, to which a bias of −ln 2 is added.
 */
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import type { Graph, ValueId } from "../../src/compiler/graph/graph.ts";
import type { Program, StateSpec } from "../../src/compiler/graph/program.ts";
import { createRandom } from "../../src/runtime/random.ts";
import { createDataset, type Dataset } from "../../src/runtime/data/dataset.ts";

export const WEIGHT = "conv.weight";
export const MOMENTUM = "sgd.momentum/conv.weight";

const GEOMETRY = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
const WEIGHT_SHAPE = [3, 2, 2, 2];

interface Forward {
  readonly graph: GraphBuilder;
  readonly encoded: ValueId;
  readonly weight: ValueId;
  readonly logits: ValueId;
}

function forward(name: string, batch: number): Forward {
  const graph = createBuilder(name);
  const image = graph.emit("input", [], { name: "image" }, [batch, 2, 2, 1]);
  const one = graph.emit("constant", [], { values: [1] }, [1]);
  const encoded = graph.emit("concat", [image, graph.emit("sub", [one, image], {})], { axis: 3 });
  const weight = graph.emit("state", [], { path: WEIGHT }, WEIGHT_SHAPE);
  const map = graph.emit("conv2d", [encoded, weight], GEOMETRY);
  const bias = graph.emit("constant", [], { values: [-Math.log(2)] }, [1]);
  const flat = graph.emit("reshape", [map], { shape: [batch, 3] });
  const logits = graph.emit("shift", [flat, bias], { name: "logit_bias" });
  graph.output("logits", logits);
  return { graph, encoded, weight, logits };
}

/** Mean binary cross entropy, SGD with momentum 0.9, and a buffer that holds the last step. */
function trainGraph(batch: number): Graph {
  const { graph, encoded, weight, logits } = forward("train", batch);
  const constant = (value: number) => graph.emit("constant", [], { values: [value] }, [1]);
  const targets = graph.emit("input", [], { name: "targets" }, [batch, 3]);
  const rate = graph.emit("input", [], { name: "learningRate" }, [1]);
  const step = graph.emit("input", [], { name: "step" }, [1]);
  const each = graph.emit("sub", [graph.emit("softplus", [logits], {}), graph.emit("mul", [targets, logits], {})], {});
  graph.output("loss", graph.emit("reshape", [graph.emit("reduce_mean", [each], { axes: [0, 1] })], { shape: [1] }));
  const error = graph.emit("sub", [graph.emit("sigmoid", [logits], {}), targets], {});
  const scaled = graph.emit("div", [error, constant(3 * batch)], {});
  const onMap = graph.emit("reshape", [scaled], { shape: [batch, 1, 1, 3] });
  const gradient = graph.emit("conv2d_weight_gradient", [encoded, onMap], { ...GEOMETRY, weightShape: WEIGHT_SHAPE });
  const old = graph.emit("state", [], { path: MOMENTUM }, WEIGHT_SHAPE);
  const momentum = graph.emit("add", [graph.emit("mul", [old, constant(0.9)], {}), gradient], {});
  graph.update(MOMENTUM, momentum);
  graph.update(WEIGHT, graph.emit("sub", [weight, graph.emit("mul", [momentum, rate], {})], {}));
  graph.update("steps", step);
  return graph.finish();
}

/** `factor` other than 1 makes weights, and so contributions, that do not add up. */
function explainGraph(batch: number, factor: number): Graph {
  const { graph, encoded, weight, logits } = forward("explain", batch);
  const cotangent = graph.emit("input", [], { name: "cotangent" }, [batch, 3]);
  const onMap = graph.emit("reshape", [cotangent], { shape: [batch, 1, 1, 3] });
  const exact = graph.emit("conv2d_input_gradient", [onMap, weight], { ...GEOMETRY, inputShape: [batch, 2, 2, 2] });
  const weights = graph.emit("mul", [exact, graph.emit("constant", [], { values: [factor] }, [1])], {});
  const sum = (value: ValueId, axis: number, shape: number[]) =>
    graph.emit("reshape", [graph.emit("reduce_sum", [value], { axes: [axis] })], { shape });
  graph.output("explained", sum(graph.emit("mul", [cotangent, logits], {}), 1, [batch]));
  graph.output("weights", weights);
  graph.output("contributions", sum(graph.emit("mul", [weights, encoded], {}), 3, [batch, 2, 2]));
  const bias = graph.emit("constant", [], { values: [-Math.log(2)] }, [1]);
  const constant = sum(graph.emit("mul", [cotangent, bias], {}), 1, [batch]);
  graph.output("constant", constant);
  graph.output("constant/logit_bias", constant);
  return graph.finish();
}

export function toyProgram(options: { batch?: number; factor?: number } = {}): Program {
  const { batch = 4, factor = 1 } = options;
  const zero = { kind: "constant", value: 0 } as const;
  const state: StateSpec[] = [
    {
      path: WEIGHT,
      shape: WEIGHT_SHAPE,
      role: "weight",
      layout: "ohwi",
      initial: { kind: "kaiming_normal", fan: "out" },
    },
    { path: "steps", shape: [1], role: "buffer", layout: "plain", initial: zero },
    { path: MOMENTUM, shape: WEIGHT_SHAPE, role: "optimizer", layout: "ohwi", initial: zero },
  ];
  return {
    model: "Toy",
    form: "bcos",
    batch,
    input: { name: "image", shape: [2, 2, 1], encodedShape: [2, 2, 2] },
    classes: 3,
    state,
    graphs: {
      predict: forward("predict", batch).graph.finish(),
      train: trainGraph(batch),
      explain: explainGraph(batch, factor),
    },
  };
}

/** Images whose class is the brightest of the first three pixels: a linear network can tell them apart. */
export function toyDataset(count: number, seed = 1): Dataset {
  const random = createRandom(seed, "toy");
  const labels = Uint32Array.from({ length: count }, () => random.integer(3));
  const images = new Uint8Array(count * 4);
  labels.forEach((label, i) => {
    for (let p = 0; p < 4; p++) images[i * 4 + p] = p === label ? 200 + random.integer(56) : random.integer(60);
  });
  return createDataset({ shape: [2, 2, 1], images, labels, classes: ["left", "right", "below"] });
}
