/**
 * A plan for TensorFlow.js: a graph as a list of calls of one backend, in SSA form. Plain data. Values have numbers; each
 * is made once: fed, read from the state, a constant, drawn, or by a call.
 */
import type { Shape } from "../../../shape.ts";
import type { GraphName } from "../../graph/program.ts";
import type { TfjsPlanTarget } from "./backends.ts";
import type { TfjsCall } from "./call.ts";

export const tfjsPlanVersion = 1;

export interface TfjsPlan {
  readonly version: typeof tfjsPlanVersion;
  readonly backend: TfjsPlanTarget;
  readonly graph: GraphName;
  readonly batch: number;
  /** By the name of the graph's input. */
  readonly inputs: Readonly<Record<string, TfjsValue>>;
  /** State that is read, by path, in the program's layout (convolutions [O,kh,kw,I]), under `shape`: rank at most 4. */
  readonly state: Readonly<Record<string, TfjsValue>>;
  readonly constants: readonly TfjsConstant[];
  /** Made on the processor for each run: `counterUniform` of the key, and of the step that the input names. */
  readonly draws: readonly TfjsDraw[];
  /** In an order in which they can be made; those that `repeat` speaks of come last. */
  readonly calls: readonly TfjsCall[];
  readonly outputs: Readonly<Record<string, TfjsValue>>;
  /** The new state after a run: path → value. */
  readonly updates: Readonly<Record<string, TfjsValue>>;
  /**
   * The calls from `first` on may be made again with other numbers in `feeds`, and all else as it was: nothing before them
   * depends on these feeds.
   */
  readonly repeat?: { readonly first: number; readonly feeds: readonly string[] };
}

export interface TfjsValue {
  readonly value: number;
  readonly shape: Shape;
}

export interface TfjsConstant extends TfjsValue {
  /** One number for all elements, or one an element, row-major. */
  readonly values: readonly number[];
}

export interface TfjsDraw extends TfjsValue {
  readonly key: number;
  /** Name of the input that holds the step; absent: the numbers are the same in every run. */
  readonly step?: string;
}

/** Everything that a device `tfjs:BACKEND` needs for the graphs of a program. */
export interface TfjsCode {
  readonly backend: TfjsPlanTarget;
  readonly plans: Readonly<Partial<Record<GraphName, TfjsPlan>>>;
}
