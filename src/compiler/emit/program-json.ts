/** A program for one device as canonical JSON, without graphs: what the runtime's `readProgram` reads. */
import { graphSignature } from "../../graph-signature.ts";
import type { Graph } from "../graph/graph.ts";
import type { GraphName, Program } from "../graph/program.ts";
import type { Plan, TargetName } from "../plan/plan.ts";
import { canonicalJson, checkPlan, parseJson, planHash } from "../plan/plan-json.ts";

const FORMAT = "bcosc program";
/** Of the file: a runtime refuses others. */
const VERSION = 1;

export function programToJson(program: Program, target: TargetName): string {
  const { graphs, wasm, webgpu, ...facts } = program;
  const signatures = Object.entries(graphs as Record<string, Graph>).map(([name, graph]) => [
    name,
    graphSignature(graph),
  ]);
  const code = target === "wasm" ? { plans: wasm!.plans } : webgpu!;
  return `${canonicalJson({
    format: FORMAT,
    version: VERSION,
    target,
    program: { ...facts, signatures: Object.fromEntries(signatures) as Program["signatures"] },
    code: { ...code, plans: leanPlans(code.plans) },
  })}\n`;
}

function leanPlans(plans: Readonly<Partial<Record<GraphName, Plan>>>): Record<string, Plan> {
  return Object.fromEntries(Object.entries(plans).map(([name, plan]) => [name, leanPlan(plan)]));
}

export type ReadPlans =
  | { readonly plans: readonly Plan[]; readonly problems?: never }
  | { readonly plans?: never; readonly problems: readonly string[] };

/** The plans of a file that `programToJson` or `planToJson` wrote, checked, their hashes included. Never throws. */
export function plansFromJson(text: string): ReadPlans {
  const { value, problems } = parseJson(text);
  if (problems !== undefined) return { problems };
  const { format, code } = (value ?? {}) as { format?: unknown; code?: { plans?: unknown } };
  const given = format === FORMAT ? Object.values(code?.plans ?? {}) : [value];
  const read = given.map(checkPlan);
  const found = read.flatMap((each) => each.problems ?? []);
  return found.length > 0 ? { problems: found } : { plans: read.map(({ plan }) => plan!) };
}

/** Without what only listings and checks of the compiler need, and places in the source: those are in the kernel map. */
export function leanPlan(plan: Plan): Plan {
  const { fusions: _fusions, hash: _hash, ...rest } = plan;
  const launches = plan.launches.map((launch) => {
    if (launch.kind === "random") {
      const { span: _span, value: _value, ...lean } = launch;
      return lean;
    }
    const { span: _span, values: _values, sizes: _sizes, ...lean } = launch;
    return lean;
  });
  const lean = { ...rest, launches };
  return { ...lean, hash: planHash(lean) };
}
