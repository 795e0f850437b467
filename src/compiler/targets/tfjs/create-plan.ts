/** A simplified graph → the calls of a backend of TensorFlow.js. */
import { fail } from "../../../diagnostics/catalogue.ts";
import type { Graph } from "../../graph/graph.ts";
import type { GraphName } from "../../graph/program.ts";
import { atMostFour } from "./axes.ts";
import type { TfjsPlanTarget } from "./backends.ts";
import { capabilities, kernelsOf, type TfjsCapabilities } from "./capabilities.ts";
import { createCallBuilder, type CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { fuseEpilogue } from "./fuse.ts";
import { joinChannels } from "./join-channels.ts";
import { lowerNode } from "./lower-node.ts";
import { orderCalls } from "./order.ts";
import { broadcastByOnes, dropBroadcasts, moveFactors, subtract, widen } from "./optimise.ts";
import { rewriteCalls, type CallRule, type DraftPlan } from "./passes.ts";
import { createRightSides } from "./right-sides.ts";
import { scaleFilters } from "./scale-filters.ts";
import { tfjsPlanVersion, type TfjsConstant, type TfjsDraw, type TfjsPlan, type TfjsValue } from "./plan.ts";

export interface TfjsPlanOptions {
  readonly name: GraphName;
  readonly batch: number;
}

/** Throws `limit/tfjs` where the backend lacks a kernel that a layer needs. */
export function createTfjsPlan(graph: Graph, target: TfjsPlanTarget, options: TfjsPlanOptions): TfjsPlan {
  return createPlanOf(graph, capabilities[target], options);
}

export function createPlanOf(graph: Graph, backend: TfjsCapabilities, options: TfjsPlanOptions): TfjsPlan {
  const draft = passes().reduce((plan, rule) => rewriteCalls(plan, rule), rewriteCalls(lowerGraph(graph, backend)));
  checkKernels(draft, backend);
  return finishPlan(draft, backend.name, options);
}

const passes = (): readonly (CallRule | undefined)[] => [
  ...[dropBroadcasts, moveFactors, subtract, scaleFilters, fuseEpilogue, joinChannels, broadcastByOnes, widen],
  createRightSides(),
  // What the rules left over goes.
  undefined,
];

function checkKernels({ builder: { entries } }: DraftPlan, { name, lacks }: TfjsCapabilities): void {
  for (const { call } of entries) {
    if (call === undefined) continue;
    const missing = kernelsOf(call).find((kernel) => lacks.includes(kernel));
    if (missing === undefined) continue;
    fail("limit/tfjs", { path: call.layer ?? "", backend: name, lacks: `the kernel ${missing}` });
  }
}

function lowerGraph(graph: Graph, backend: TfjsCapabilities): DraftPlan {
  const builder = createCallBuilder(backend);
  const values: CallValue[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values[input]!);
    const shapes = node.inputs.map((input) => graph.nodes[input]!.shape);
    values.push(builder.within(node.origin?.path, () => lowerNode(builder, node, { inputs, shapes })));
  }
  const placed = (named: Readonly<Record<string, number>>): Record<string, CallValue> =>
    Object.fromEntries(
      Object.entries(named).map(([name, value]) => [
        name,
        c.reshape(builder, values[value]!, atMostFour(graph.nodes[value]!.shape)),
      ]),
    );
  return { builder, outputs: placed(graph.outputs), updates: placed(graph.updates) };
}

function finishPlan(draft: DraftPlan, target: TfjsPlanTarget, { name, batch }: TfjsPlanOptions): TfjsPlan {
  const { entries } = draft.builder;
  const inputs: Record<string, TfjsValue> = {};
  const state: Record<string, TfjsValue> = {};
  const constants: TfjsConstant[] = [];
  const draws: TfjsDraw[] = [];
  entries.forEach(({ leaf, shape }, value) => {
    if (leaf === undefined) return;
    if (leaf.kind === "input") inputs[leaf.name] = { value, shape };
    else if (leaf.kind === "state") state[leaf.path] = { value, shape };
    else if (leaf.kind === "constant") constants.push({ value, shape, values: leaf.values });
    else draws.push({ value, shape, key: leaf.key, ...(leaf.step === undefined ? {} : { step: leaf.step }) });
  });
  const placed = (named: Readonly<Record<string, CallValue>>): Record<string, TfjsValue> =>
    Object.fromEntries(Object.entries(named).map(([key, value]) => [key, { value, shape: entries[value]!.shape }]));
  return {
    version: tfjsPlanVersion,
    ...{ backend: target, graph: name, batch, inputs, state, constants, draws },
    ...orderCalls(draft),
    ...{ outputs: placed(draft.outputs), updates: placed(draft.updates) },
  };
}
