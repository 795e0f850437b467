/** A run of a plan as it is asked for, checked: the graph is there, the outputs are, and the feeds fit. */
import type { GraphName, Program } from "../../compiler/graph/program.ts";
import type { Plan, TargetName } from "../../compiler/plan/plan.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { graphNamesOf, signatureOf, type GraphSignature } from "../../graph-signature.ts";
import type { Tensor } from "../device.ts";
import { neededLaunches, type Continuation, type NeededLaunches } from "./continuation.ts";
import { checkFeeds } from "./reference/feeds.ts";

export interface PlanRun {
  readonly plan: Plan;
  /** Names of outputs, each once. */
  readonly wanted: readonly string[];
  /** Float32 numbers for the inputs that matter, by name. */
  readonly feeds: ReadonlyMap<string, Float32Array>;
  readonly needed: NeededLaunches;
}

/** As `DeviceSession.run` takes it. */
export interface RunCall {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly only: readonly string[] | undefined;
  readonly resume: boolean;
  /** Feeds that lie on the device already, by name: they count as given, and are none of `PlanRun.feeds`. */
  readonly held?: readonly string[];
}

/** What a device needs to know of a plan to check what is asked of it. */
interface AnyPlan {
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface AskedRun<P extends AnyPlan> {
  readonly plan: P;
  readonly signature: GraphSignature;
  /** Names of outputs, each once. */
  readonly wanted: readonly string[];
  /** Names of the feeds that must be given. */
  readonly demanded: ReadonlySet<string>;
}

/** `given` are the names of the feeds. Fails with `run/no-graph`, `run/no-plan`, `run/no-output` or `run/resume`. */
export function checkAsked<P extends AnyPlan>(
  program: Program,
  device: string,
  plans: Readonly<Partial<Record<GraphName, P>>> | undefined,
  name: GraphName,
  { given, only, resume }: Pick<RunCall, "only" | "resume"> & { readonly given: readonly string[] },
  continuation: Continuation,
): AskedRun<P> {
  const signature = signatureOf(program, name);
  if (signature === undefined) return fail("run/no-graph", { graph: name, available: graphNamesOf(program) });
  const plan = plans?.[name] ?? fail("run/no-plan", { device, graph: name });
  const wanted = only === undefined ? Object.keys(plan.outputs) : [...new Set(only)].sort();
  for (const output of wanted) {
    if (Object.hasOwn(plan.outputs, output)) continue;
    fail("run/no-output", { graph: name, output, available: Object.keys(plan.outputs).join(", ") || "none" });
  }
  const demanded = continuation.demand(name, neededFeeds(signature, wanted), given, resume);
  return { plan, signature, wanted, demanded };
}

/** Fails with `run/no-graph`, `run/no-plan`, `run/no-output`, `run/resume` or `run/feed`. */
export function checkRun(
  program: Program,
  target: TargetName,
  name: GraphName,
  { feeds, only, resume, held = [] }: RunCall,
  continuation: Continuation,
): PlanRun {
  const call = { given: Object.keys(feeds), only, resume };
  const asked = checkAsked(program, target, program[target]?.plans, name, call, continuation);
  const { plan, signature, wanted, demanded } = asked;
  const given = checkFeeds(name, signature.inputs, demanded, feeds, "float32", held) as ReadonlyMap<
    string,
    Float32Array
  >;
  const needed = neededLaunches(plan, wanted, resume ? { changed: [...given.keys(), ...held] } : undefined);
  return { plan, wanted, feeds: given, needed };
}

/** Those that the wanted outputs and the new state depend on. */
function neededFeeds({ outputs, updates }: GraphSignature, wanted: readonly string[]): ReadonlySet<string> {
  return new Set([...wanted.flatMap((output) => outputs[output]!), ...updates]);
}
