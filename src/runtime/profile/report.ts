/** What a profile comes to: time, operations and bytes a second for each launch and each layer. Pure functions. */
import type { GraphName } from "../../compiler/graph/program.ts";
import type { Launch, LaunchPart, Plan } from "../../compiler/plan/plan.ts";
import type { LaunchTiming, Profile } from "../device.ts";

/** Of one graph, a mean run: what ran only now and then, as the preparation of weights does, counts in proportion. */
export interface GraphProfile {
  readonly graph: GraphName;
  /** How many runs were timed. What goes on from a run, for other cotangents, belongs to it. */
  readonly runs: number;
  /** Of a run as a whole, the median: launches, the gaps between them, and waking threads. */
  readonly milliseconds: number;
  /** In launches. */
  readonly busy: Rates;
  /** The best rates that a launch of some weight reached here, an estimate of what the machine can do. */
  readonly best: { readonly flops: number; readonly bytes: number };
  /** Those that ran, the costliest first. */
  readonly launches: readonly LaunchProfile[];
  /** The same by weight path, the costliest first. A launch of several layers counts for each of them. */
  readonly layers: readonly LayerProfile[];
}

/** An amount of work, and how long it took. */
export interface Rates {
  readonly milliseconds: number;
  readonly flops: number;
  /** Read and written, as the plan counts them: what a cache holds is counted each time. */
  readonly bytes: number;
  /** 10⁹ a second. */
  readonly gigaflops: number;
  readonly gigabytes: number;
}

export interface LaunchProfile extends Rates {
  /** Index in the plan. */
  readonly index: number;
  readonly launch: Launch;
  /** How often it ran. Its time is the median of those times. */
  readonly times: number;
  /** Of the time of all launches, from 0 to 1. */
  readonly share: number;
  /** What would bound it at the best rates, and how near it is to them, from 0 to about 1; nothing for random numbers. */
  readonly bound?: { readonly by: "compute" | "memory"; readonly reached: number };
}

export interface LayerProfile extends Rates {
  readonly path: string;
  readonly launches: number;
  readonly share: number;
}

/** What a layer has of a launch. */
interface Share extends Rates {
  readonly path: string;
  readonly times: number;
}

type Measured = Omit<LaunchProfile, "share" | "bound">;

/** Launches that take less of the time than this say nothing about the machine: clocks are too coarse. */
export const someWeight = 0.005;

/** One part a graph that ran, in the order of their first runs. */
export function profileReport(profile: Profile): readonly GraphProfile[] {
  const graphs = [...new Set(profile.runs.map((run) => run.graph))];
  return graphs.flatMap((graph) => {
    const plan = profile.plans[graph];
    return plan === undefined ? [] : [graphProfile(profile, graph, plan)];
  });
}

function graphProfile(profile: Profile, graph: GraphName, plan: Plan): GraphProfile {
  const runs = wholeRuns(profile, graph);
  const times = launchTimes(profile, graph, plan);
  const measured = plan.launches.flatMap((launch, index): Measured[] => {
    const own = times[index]!;
    return own.length === 0 ? [] : [{ index, launch, times: own.length, ...ratesOf(launch, median(own)) }];
  });
  const weightOf = (one: Measured): number => (one.milliseconds * one.times) / runs.length;
  const total = measured.reduce((sum, one) => sum + weightOf(one), 0);
  const shareOf = (time: number): number => (total === 0 ? 0 : time / total);

  const heavy = measured.filter((one) => shareOf(weightOf(one)) >= someWeight);
  const best = {
    flops: Math.max(0, ...heavy.map((one) => one.gigaflops)),
    bytes: Math.max(0, ...heavy.map((one) => one.gigabytes)),
  };
  const launches = measured
    .map((one): LaunchProfile => {
      const bound = one.launch.kind === "kernel" ? boundOf(one, best) : undefined;
      return { ...one, share: shareOf(weightOf(one)), ...(bound === undefined ? {} : { bound }) };
    })
    .sort((a, b) => b.share - a.share || a.index - b.index);

  type Counted = Rates & { readonly times: number };
  const amounts = (list: readonly Counted[]): Rates => {
    const sum = (of: (one: Counted) => number): number =>
      list.reduce((total, one) => total + (of(one) * one.times) / runs.length, 0);
    return rates(
      sum((one) => one.milliseconds),
      sum((one) => one.flops),
      sum((one) => one.bytes),
    );
  };
  const byPath = groupBy(
    measured.flatMap((one) => shares(one, best)),
    (one) => one.path,
  );
  const layers = [...byPath]
    .map(([path, list]): LayerProfile => {
      const own = amounts(list);
      return { path, launches: list.length, ...own, share: shareOf(own.milliseconds) };
    })
    .sort((a, b) => b.share - a.share);

  return {
    graph,
    runs: runs.length,
    milliseconds: median(runs),
    busy: amounts(measured),
    best,
    launches,
    layers,
  };
}

/** A launch by layers: where it is of several its time is divided as long as each would take at the best rates. */
function shares({ launch, times, ...own }: Measured, best: GraphProfile["best"]): readonly Share[] {
  const { parts } = launch;
  if (parts === undefined) return [{ ...own, path: launch.path, times }];
  const estimate = ({ flops, bytes }: LaunchPart): number =>
    Math.max(best.flops === 0 ? 0 : flops / best.flops, best.bytes === 0 ? 0 : bytes / best.bytes);
  const total = parts.reduce((sum, part) => sum + estimate(part), 0);
  return parts.map((part) => {
    const share = total === 0 ? 1 / parts.length : estimate(part) / total;
    return { ...rates(share * own.milliseconds, part.flops, part.bytes), path: part.path, times };
  });
}

/** How long runs took, with what goes on from them. */
function wholeRuns({ runs }: Profile, graph: GraphName): readonly number[] {
  const times: number[] = [];
  for (const { start, end, resumed } of runs.filter((run) => run.graph === graph)) {
    if (resumed && times.length > 0) times.push(times.pop()! + end - start);
    else times.push(end - start);
  }
  return times;
}

/** For each launch of the plan, its time in each run in which it ran: as long as any thread was busy with it. */
function launchTimes(profile: Profile, graph: GraphName, plan: Plan): readonly (readonly number[])[] {
  const times = plan.launches.map((): number[] => []);
  const own = profile.launches.filter(({ run }) => profile.runs[run]?.graph === graph);
  for (const timings of groupBy(own, ({ run, launch }) => run * plan.launches.length + launch).values()) {
    times[timings[0]!.launch]!.push(unionOf(timings));
  }
  return times;
}

/** In the order of the first of each group. */
function groupBy<T, K>(list: readonly T[], keyOf: (one: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

/** The length of the union of intervals. */
function unionOf(timings: readonly LaunchTiming[]): number {
  let total = 0;
  let until = -Infinity;
  for (const { start, end } of [...timings].sort((a, b) => a.start - b.start)) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}

function ratesOf(launch: Launch, milliseconds: number): Rates {
  if (launch.kind === "random") return rates(milliseconds, 0, 4 * launch.count);
  return rates(milliseconds, launch.flops, launch.bytes);
}

/** A time of 0, which clocks of some browsers give, has no rate. */
function rates(milliseconds: number, flops: number, bytes: number): Rates {
  const rate = (amount: number): number => (milliseconds === 0 ? 0 : amount / milliseconds / 1e6);
  return { milliseconds, flops, bytes, gigaflops: rate(flops), gigabytes: rate(bytes) };
}

/** The roofline of Williams et al. 2009, with the best rates of the profile itself as the roof. */
function boundOf(one: Rates, best: GraphProfile["best"]): LaunchProfile["bound"] {
  const compute = best.flops === 0 ? 0 : one.gigaflops / best.flops;
  const memory = best.bytes === 0 ? 0 : one.gigabytes / best.bytes;
  if (compute === 0 && memory === 0) return undefined;
  return compute >= memory ? { by: "compute", reached: compute } : { by: "memory", reached: memory };
}

/** Of at least one number; the lower one of two in the middle. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
}
