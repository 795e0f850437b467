/**
 * The part of a plan that runs again for every cotangent: an explanation of another class, or of a difference, needs the
 * forward part no second time.
 */
import type { Graph, ValueId } from "../graph/graph.ts";
import { isForward } from "./phases.ts";
import type { PlannedStep } from "./prepare.ts";
import type { StepValue } from "./steps.ts";
import type { Values } from "./values.ts";

/** Inputs that come in many versions for the same other inputs. */
const REPEATED_FEEDS = ["cotangent"];

/** All that is computed from those inputs. Nothing in graphs that write state: they can't run twice. */
export function repeatedNodes(graph: Graph): ReadonlySet<ValueId> {
  const repeated = new Set<ValueId>();
  if (Object.keys(graph.updates).length > 0) return repeated;
  graph.nodes.forEach((node, value) => {
    const fed = node.op === "input" && REPEATED_FEEDS.includes(node.attributes.name);
    if (fed || node.inputs.some((input) => repeated.has(input))) repeated.add(value);
  });
  return repeated;
}

/** Whether one kernel would compute something of the forward part and something that is to be repeated. */
export function mixesParts({ forward, repeated }: Values, roots: readonly ValueId[]): boolean {
  return roots.some((root) => forward.has(root)) && roots.some((root) => repeated.has(root));
}

export interface Parts<K> {
  readonly prepared: readonly PlannedStep<K>[];
  /** All others where no part can be repeated. */
  readonly once: readonly PlannedStep<K>[];
  readonly again: readonly PlannedStep<K>[];
  /** What the part `again` may be repeated for; none where it is empty. */
  readonly feeds: readonly string[];
}

/**
 * The steps of the forward part apart from the others. What the others compute without the cotangent stays with them: it was
 * put there so that it need not be kept.
 */
export function repeatLast<K>(steps: readonly PlannedStep<K>[], values: Values): Parts<K> {
  const prepared = steps.filter((step) => step.prepare === true);
  const running = steps.filter((step) => step.prepare !== true);
  const whole = { prepared, once: running, again: [], feeds: [] };
  if (values.repeated.size === 0) return whole;
  const again = new Set<PlannedStep<K>>();
  const made = new Set<StepValue>(values.repeated);
  for (const step of running) {
    if (isForward(values, step) && !step.reads.some((value) => made.has(value))) continue;
    again.add(step);
    for (const value of step.writes) made.add(value);
  }
  const once = running.filter((step) => !again.has(step));
  if (again.size === 0 || once.length === 0) return whole;
  return { prepared, once, again: [...again], feeds: REPEATED_FEEDS };
}
