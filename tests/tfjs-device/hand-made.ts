/** Programs with plans of TensorFlow.js made by hand, so that every part of the device is reached. */
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import type { TfjsBackend } from "../../src/compiler/targets/tfjs/backends.ts";
import type { TfjsAttributes, TfjsCall, TfjsOp } from "../../src/compiler/targets/tfjs/call.ts";
import type { TfjsPlan } from "../../src/compiler/targets/tfjs/plan.ts";
import type { GraphSignature } from "../../src/graph-signature.ts";
import type { Shape } from "../../src/shape.ts";

export interface HandMade {
  readonly plan: Omit<TfjsPlan, "version" | "backend" | "graph" | "batch">;
  readonly signature: GraphSignature;
}

export function handMadeProgram(
  backend: TfjsBackend,
  state: Readonly<Record<string, Shape>>,
  graphs: Readonly<Partial<Record<GraphName, HandMade>>>,
): Program {
  const entries = Object.entries(graphs) as [GraphName, HandMade][];
  const plans = entries.map(([graph, { plan }]) => [graph, { version: 1, backend, graph, batch: 1, ...plan } as const]);
  return {
    model: "HandMade",
    form: "bcos",
    batch: 1,
    input: { name: "x", shape: [4], encodedShape: [4] },
    classes: 4,
    state: Object.entries(state).map(([path, shape]) => ({
      ...{ path, shape, role: "weight", layout: "plain", initial: { kind: "constant", value: 0 } },
    })) as Program["state"],
    graphs: {},
    signatures: Object.fromEntries(entries.map(([graph, { signature }]) => [graph, signature])),
    tfjs: { backend, plans: Object.fromEntries(plans) },
  };
}

export function call<K extends TfjsOp>(
  op: K,
  inputs: readonly number[],
  value: number,
  shape: Shape,
  attributes: TfjsAttributes[K],
  more: Partial<Pick<TfjsCall, "layer" | "prepare">> = {},
): TfjsCall {
  return { op, inputs, value, shape, attributes, ...more } as TfjsCall;
}

const none = {};
const V: Shape = [4];
const at = (value: number, shape: Shape = V) => ({ value, shape });

/**
 * State `w`, `m` and `n`. `explain`: logits = x · w² + 10, explained = Σ logits · v, of which the last part repeats, and w²
 * is prepared; `both` = logits + v is read beside. `train`: w becomes w + x + u for uniform numbers u of the step; m and n
 * change places; loss = Σ w.
 */
export function mixedProgram(backend: TfjsBackend): Program {
  return handMadeProgram(
    backend,
    { w: V, m: V, n: V },
    {
      explain: {
        signature: {
          inputs: { x: V, v: V },
          outputs: { logits: ["x"], explained: ["v", "x"], both: ["v", "x"], w: [] },
          updates: [],
        },
        plan: {
          inputs: { x: at(0), v: at(1) },
          state: { w: at(2) },
          constants: [{ value: 3, shape: [], values: [10] }],
          draws: [],
          calls: [
            call("square", [2], 4, V, none, { prepare: true }),
            call("mul", [0, 4], 5, V, none),
            call("add", [5, 3], 6, V, none),
            call("mul", [6, 1], 7, V, none),
            call("sum", [7], 8, [1], { axes: [0] }),
            call("add", [6, 1], 9, V, none),
          ],
          outputs: { logits: at(6), explained: at(8, [1]), both: at(9), w: at(2) },
          updates: {},
          repeat: { first: 3, feeds: ["v"] },
        },
      },
      train: {
        signature: {
          inputs: { x: V, step: [1] },
          outputs: { loss: ["step", "x"], drawn: ["step"] },
          updates: ["step", "x"],
        },
        plan: {
          inputs: { x: at(0), step: at(1, [1]) },
          state: { w: at(2), m: at(3), n: at(4) },
          constants: [],
          draws: [{ value: 5, shape: V, key: 7, step: "step" }],
          calls: [
            call("add", [2, 0], 6, V, none),
            call("add", [6, 5], 7, V, none),
            call("sum", [7], 8, [1], { axes: [0] }),
          ],
          outputs: { loss: at(8, [1]), drawn: at(5) },
          updates: { w: at(7), m: at(4), n: at(3) },
        },
      },
    },
  );
}

/** `predict` works for some calls and then makes one that no backend can: a product of shapes that do not fit. */
export function brokenProgram(backend: TfjsBackend): Program {
  const plain = { transposeA: false, transposeB: false, bias: false, activation: "linear" } as const;
  return handMadeProgram(
    backend,
    { w: V },
    {
      predict: {
        signature: { inputs: { x: V }, outputs: { y: ["x"] }, updates: [] },
        plan: {
          inputs: { x: at(0) },
          state: { w: at(1) },
          constants: [{ value: 2, shape: V, values: [1, 2, 3, 4] }],
          draws: [],
          calls: [
            call("square", [1], 3, V, none, { prepare: true }),
            call("add", [0, 3], 4, V, none),
            call("reshape", [4], 5, [1, 4], { shape: [1, 4] }),
            call("matMul", [5, 5], 6, [1, 4], plain, { layer: "layer1.fc" }),
          ],
          outputs: { y: at(6, [1, 4]) },
          updates: {},
        },
      },
      train: {
        signature: { inputs: { x: V }, outputs: {}, updates: ["x"] },
        plan: {
          inputs: { x: at(0) },
          state: { w: at(1) },
          constants: [],
          draws: [],
          calls: [
            call("add", [0, 1], 3, V, none),
            call("reshape", [3], 4, [1, 4], { shape: [1, 4] }),
            call("matMul", [4, 4], 5, [1, 4], plain),
            call("reshape", [5], 6, V, { shape: V }),
          ],
          outputs: {},
          updates: { w: at(6) },
        },
      },
    },
  );
}
