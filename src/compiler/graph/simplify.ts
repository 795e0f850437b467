/** The passes that make a graph smaller, by name and in order. Each keeps results bit for bit but where it says so. */
import type { Graph } from "./graph.ts";
import { dropBroadcasts } from "./passes/broadcasts.ts";
import { removeDead } from "./passes/dead.ts";
import { foldConstants } from "./passes/fold.ts";
import { removeIdentities } from "./passes/identities.ts";
import { lowerMarkers } from "./passes/markers.ts";
import { shareNodes } from "./passes/share.ts";
import { assertSound } from "./verify.ts";

export interface PassOptions {
  /** Whether taps keep their nodes alive. Without it, taps of dead nodes are dropped. */
  readonly keepTaps?: boolean;
}

export interface Pass {
  readonly name: string;
  /** One line, for help texts. */
  readonly doc: string;
  readonly run: (graph: Graph, options: PassOptions) => Graph;
  /** It writes nodes itself. The others have a `GraphBuilder` emit them, which checks each as the verifier does. */
  readonly writes?: true;
}

export const passes: readonly Pass[] = [
  { name: "markers", doc: "dynamic becomes nothing, shift becomes add", run: lowerMarkers },
  {
    name: "dead",
    doc: "remove what no output or update needs",
    run: (g, o) => removeDead(g, o.keepTaps ?? false),
    writes: true,
  },
  { name: "broadcasts", doc: "drop broadcasts that the next op does by itself", run: dropBroadcasts },
  { name: "fold", doc: "compute arithmetic on constants", run: foldConstants },
  { name: "identities", doc: "remove nodes that change nothing", run: removeIdentities },
  { name: "share", doc: "compute equal nodes once", run: shareNodes },
  {
    name: "sweep",
    doc: "remove what the passes left over",
    run: (g, o) => removeDead(g, o.keepTaps ?? false),
    writes: true,
  },
];

export interface SimplifyOptions extends PassOptions {
  /** Name of the last pass to run; all without it. */
  readonly stopAfter?: string;
}

/**
 * Runs the passes in order and verifies the graph before the first, after those that write nodes, and at the end. Not for graphs that are still to be
 * differentiated: explanations need the markers. Throws an `Error` for an unknown pass or a broken graph.
 */
export function simplify(graph: Graph, options: SimplifyOptions = {}): Graph {
  const { stopAfter } = options;
  if (stopAfter !== undefined && !passes.some(({ name }) => name === stopAfter)) {
    throw new Error(`there is no pass ${stopAfter}; there are ${passes.map(({ name }) => name).join(", ")}`);
  }
  assertSound(graph, "building");
  let current = graph;
  for (const { name, run, writes } of passes) {
    current = run(current, options);
    if (writes === true || name === stopAfter) assertSound(current, `the pass ${name}`);
    if (name === stopAfter) break;
  }
  return current;
}
