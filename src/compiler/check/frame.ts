/** What an expansion has in its hands: the budget of the whole model, and the names and values of one instance. */
import type { Code, Details, Params } from "../../diagnostics/catalogue.ts";
import type { ExpansionLink, Span } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../graph/graph.ts";
import type { NetworkValue } from "../network/network.ts";
import type { Binding, Declaration, Flow, Step } from "../syntax/ast.ts";
import type { Constant } from "./constants.ts";
import type { EvaluationContext } from "./evaluate-expression.ts";
import type { Fact } from "./facts.ts";
import { addPassage, type InstanceRecord } from "./instances.ts";
import { limits } from "./limits.ts";
import type { Row } from "./paths.ts";
import type { Report } from "./report.ts";
import type { Module, Resolution, Target } from "./resolution.ts";
import type { Template, TemplateBuilder } from "./template.ts";

/** The expansion of one model. */
export interface Expansion {
  readonly report: Report;
  readonly resolution: Resolution;
  readonly facts: Fact[];
  /** Syntax nodes that have their shape fact already. */
  readonly shown: Set<object>;
  /** One template for each distinct instance: declaration, arguments and input shape. */
  readonly templates: Map<string, Template>;
  readonly reached: Map<Declaration, number>;
  /** Outer ones before those that they call. */
  readonly instances: InstanceRecord[];
  work: number;
  depth: number;
  /** A limit was reached: everything is unknown from then on. */
  stopped: boolean;
}

/** The value of a flow. */
export interface Tensor {
  readonly shape: Shape;
  readonly value: NetworkValue;
  /** The name that was given to it, or the flow that makes it. */
  readonly span: Span;
  /** How a row would get it, where it has a name. */
  readonly text: string | undefined;
}

/** One instance of a declaration while it is expanded. */
export interface Frame {
  readonly expansion: Expansion;
  readonly target: Target;
  readonly environment: Map<string, Constant | undefined>;
  /** `undefined`: a binding with an error. */
  readonly tensors: Map<string, Tensor | undefined>;
  readonly builder: TemplateBuilder;
  /** Innermost first. */
  readonly chain: readonly ExpansionLink[];
  readonly context: EvaluationContext;
  readonly instance: InstanceRecord;
}

/** Where in its row a step stands. */
export interface RowPlace {
  readonly row: Row;
  readonly repeated: boolean;
  readonly iteration: number | undefined;
}

export function createExpansion(
  report: Report,
  resolution: Resolution,
  facts: Fact[],
  shown: Set<object>,
  instances: InstanceRecord[],
): Expansion {
  const spent = { work: 0, depth: 0, stopped: false };
  return { report, resolution, facts, shown, instances, templates: new Map(), reached: new Map(), ...spent };
}

/** How expressions of the target are evaluated inside the instances that `chain` names. */
export function evaluationContext(expansion: Expansion, chain: readonly ExpansionLink[]): EvaluationContext {
  return {
    faulty: expansion.resolution.faulty,
    report: (span, code, params, details) => expansion.report.at(span, code, params, { expansion: chain, ...details }),
  };
}

export function reportAt<C extends Code>(
  frame: Frame,
  span: Span,
  code: C,
  params: Params<C>,
  details: Details = {},
): void {
  frame.expansion.report.at(span, code, params, { expansion: frame.chain, ...details });
}

/** Ends the expansion with the error of a limit. */
export function stopAt<C extends Code>(frame: Frame, span: Span, code: C, params: Params<C>): void {
  if (!frame.expansion.stopped) reportAt(frame, span, code, params);
  frame.expansion.stopped = true;
}

/** Counts work against the limits; `false` where the expansion has to end. */
export function spend(frame: Frame, amount: number, span: Span): boolean {
  const { expansion } = frame;
  expansion.work += amount;
  if (expansion.work > limits.work) stopAt(frame, span, "limit/expansion", { limit: limits.work });
  return !expansion.stopped;
}

/**
 * Runs a part of the expansion deeper, or ends the expansion where that is too deep. `levels` is how much of the call
 * stack the part takes, in flows: a repeat or a block takes several functions where a flow takes one.
 */
export function nested<T>(frame: Frame, span: Span, levels: number, run: () => T | undefined): T | undefined {
  const { expansion } = frame;
  if (expansion.depth + levels > limits.depth) {
    stopAt(frame, span, "limit/depth", { limit: Math.floor(limits.depth / levels) });
  }
  if (expansion.stopped) return undefined;
  expansion.depth += levels;
  const result = run();
  expansion.depth -= levels;
  return result;
}

/** Remembers the shape at a place for tools: as a fact the first time that the node is reached, and for the instance. */
export function show(frame: Frame, node: Binding | Step, span: Span, tensor: Tensor | undefined, from?: Tensor): void {
  const { facts, shown } = frame.expansion;
  if (tensor === undefined) return;
  pass(frame, node, tensor, from);
  if (shown.has(node)) return;
  shown.add(node);
  facts.push({ kind: "shape", span, shape: tensor.shape });
}

/** Remembers the shape behind a node, for its instance alone. */
export function pass(frame: Frame, node: Binding | Flow | Step, tensor: Tensor, from?: Tensor): void {
  addPassage(frame.instance, node, { to: tensor.shape, ...(from === undefined ? {} : { from: from.shape }) });
}

export function sourceText(module: Module, span: Span): string {
  return module.text.slice(span.start, span.end).replace(/\s+/g, " ");
}
