/**
 * Products and convolutions as programs of one graph, so that they run through the devices as networks do. All operands
 * are state and the result is too, so that a run moves nothing in or out, and computes everything.
 */
import { codeFor } from "../../src/compiler/compile.ts";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import { differentiate } from "../../src/compiler/graph/differentiate.ts";
import { sameShape, type ConvAttributes, type Shape, type ValueId } from "../../src/compiler/graph/graph.ts";
import type { Program, StateSpec } from "../../src/compiler/graph/program.ts";
import { simplify } from "../../src/compiler/graph/simplify.ts";
import type { CodeTarget } from "../../src/compiler/targets/code-target.ts";
import type { ConvolutionWorkload, KernelWorkload } from "../workloads.ts";

/** The path of the result. */
export const resultPath = "result";
/** One number of it, an output: a device has finished when it can be read. */
export const probe = "probe";

const same: ConvAttributes = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 };
const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1] } as const;

export function kernelProgram(workload: KernelWorkload, target?: CodeTarget): Program {
  return programOf(workload.id, target, (graph) => {
    return { [resultPath]: body(graph, workload) };
  });
}

/** What the forward pass of a B-cos convolution leaves for its gradients: `o` and `n`. */
export function productAndNormProgram(workload: ConvolutionWorkload): Program {
  return programOf(workload.id, "wasm", (graph) => {
    const { batch, side, inputs, outputs } = workload;
    const x = g.state(graph, "x", [batch, side, side, inputs]);
    const rows = g.unitRows(graph, g.state(graph, "w", [outputs, 3, 3, inputs]));
    return { o: g.conv2d(graph, x, rows, same), n: g.patchNorm(graph, x, [3, 3], same, 1e-6) };
  });
}

/** `body` says which values become which state. */
function programOf(
  model: string,
  target: CodeTarget | undefined,
  body: (graph: GraphBuilder) => Readonly<Record<string, ValueId>>,
): Program {
  const graph = createBuilder("predict");
  const results = Object.entries(body(graph));
  for (const [path, value] of results) graph.update(path, value);
  const [first] = results.map(([, value]) => value) as [ValueId];
  const shape = graph.shapeOf(first);
  const one = g.slice(
    graph,
    first,
    shape.map(() => 0),
    shape.map(() => 1),
  );
  graph.output(probe, one);
  const built = graph.finish();
  const shapes = new Map<string, Shape>(results.map(([path, value]) => [path, graph.shapeOf(value)]));
  for (const node of built.nodes) if (node.op === "state") shapes.set(node.attributes.path, node.shape);
  const weights = shapes.get("w");
  const graphs = { predict: simplify(built) };
  return {
    model,
    form: "bcos",
    batch: 1,
    input: { name: "none", shape: [0], encodedShape: [0] },
    classes: 0,
    state: [...shapes].map(([path, shape]): StateSpec => {
      const layout = weights !== undefined && sameShape(shape, weights) ? "ohwi" : "plain";
      return { path, shape, role: "buffer", layout, initial: { kind: "constant", value: 0 } };
    }),
    graphs,
    ...codeFor(graphs, 1, target === undefined ? [] : [target]),
  };
}

function body(graph: GraphBuilder, workload: KernelWorkload): ValueId {
  switch (workload.kind) {
    case "product":
      return product(graph, workload.size);
    case "stream":
      return g.plus(graph, g.state(graph, "a", [workload.rows, 1024]), 1);
    case "convolution":
      return convolution(graph, workload);
    default:
      throw new Error(`unknown kernel ${JSON.stringify(workload satisfies never)}`);
  }
}

function product(graph: GraphBuilder, size: number): ValueId {
  return g.matmul(graph, g.state(graph, "a", [size, size]), g.state(graph, "b", [size, size]));
}

function convolution(graph: GraphBuilder, workload: ConvolutionWorkload): ValueId {
  const { batch, side, inputs, outputs, pass, form } = workload;
  const image = (path: string, channels: number): ValueId => g.state(graph, path, [batch, side, side, channels]);
  const weightShape = [outputs, 3, 3, inputs];
  const inputShape = [batch, side, side, inputs];
  const w = g.state(graph, "w", weightShape);
  const x = (): ValueId => image("x", inputs);
  const inputGradient = (cotangent: ValueId, rows: ValueId): ValueId =>
    graph.emit("conv2d_input_gradient", [cotangent, rows], { ...same, inputShape });
  const weightGradient = (cotangent: ValueId): ValueId =>
    graph.emit("conv2d_weight_gradient", [x(), cotangent], { ...same, weightShape });
  if (form === "plain") {
    if (pass === "forward") return g.conv2d(graph, x(), w, same);
    return pass === "input-gradient" ? inputGradient(image("g", outputs), w) : weightGradient(image("g", outputs));
  }
  const rows = g.unitRows(graph, w);
  if (pass === "forward") {
    const norm = g.patchNorm(graph, x(), [3, 3], same, 1e-6);
    return g.bcosScale(graph, g.conv2d(graph, x(), rows, same), norm, 2);
  }
  const [o, n] = [image("o", outputs), image("n", 1)];
  const y = g.bcosScale(graph, o, n, 2);
  const [toO, toN] = pullBack(graph, y, image("g", outputs), [o, n]) as [ValueId, ValueId];
  if (pass === "weight-gradient") return pullBack(graph, rows, weightGradient(toO), [w])[0]!;
  const spread = graph.emit("window_spread", [g.div(graph, toN, n)], { ...window, inputShape: [batch, side, side, 1] });
  return g.add(graph, inputGradient(toO, rows), g.mul(graph, x(), spread));
}

function pullBack(
  graph: GraphBuilder,
  value: ValueId,
  cotangent: ValueId,
  wrt: readonly ValueId[],
): readonly (ValueId | undefined)[] {
  return differentiate(graph, [{ value, cotangent }], wrt, "true").gradients;
}
