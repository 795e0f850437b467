/** From launches and kernels back to the source: which layer each belongs to, and where that stands. */
import type { Program } from "../graph/program.ts";
import { targetNames, type Plan, type TargetName } from "../plan/plan.ts";
import type { SourcePlace, Sources } from "./sources.ts";

/** By target and graph: the launches of the plan, in order. */
export type KernelMap = Readonly<Partial<Record<TargetName, Readonly<Record<string, readonly MappedLaunch[]>>>>>;

export interface MappedLaunch {
  /** Absent for random numbers that the host makes. */
  readonly kernel?: string;
  /** Weight path of the layer; "" for what belongs to none or to several. */
  readonly path: string;
  /** Those of several small launches in one. */
  readonly paths?: readonly string[];
  /** The graph operations in it, the main one first. */
  readonly ops: readonly string[];
  readonly source?: SourcePlace;
}

export function createKernelMap(program: Program, sources: Sources): KernelMap {
  const map: Partial<Record<TargetName, Record<string, readonly MappedLaunch[]>>> = {};
  for (const target of targetNames) {
    const plans = program[target]?.plans;
    if (plans === undefined) continue;
    map[target] = Object.fromEntries(Object.entries(plans).map(([name, plan]) => [name, mapLaunches(plan, sources)]));
  }
  return map;
}

function mapLaunches(plan: Plan, sources: Sources): readonly MappedLaunch[] {
  return plan.launches.map((launch) => ({
    ...(launch.kind === "kernel" ? { kernel: launch.kernel } : {}),
    path: launch.path,
    ...(launch.parts === undefined ? {} : { paths: launch.parts.map(({ path }) => path) }),
    ops: launch.ops,
    ...(launch.span === undefined ? {} : { source: sources.placeOf(launch.span) }),
  }));
}
