/** Times the contenders at one workload: results compared first, then interleaved runs, medians. */
import type { Profile } from "../src/runtime/device.ts";
import { agrees, compare, type Agreement } from "./agreement.ts";
import { isDeclined, type Contender, type Prepared, type Work } from "./contender.ts";
import { inputsOf } from "./inputs.ts";
import type { Workload } from "./workloads.ts";

export interface Measured {
  readonly contender: string;
  readonly threads: number;
  /** Median; absent where the contender can't do it or computes something else. */
  readonly milliseconds?: number;
  readonly fastest?: number;
  readonly runs: number;
  readonly work?: Work;
  /** With the first contender, which has none. */
  readonly agreement?: Agreement;
  /** Why there is no time. */
  readonly reason?: string;
}

export interface Settings {
  /** Timed runs of each contender, at most. */
  readonly runs: number;
  /** Milliseconds that the timed runs of one contender may take together; at least one is done. */
  readonly budget: number;
  /** Gets a profile, of runs of their own, of every contender that can make one. */
  readonly onProfile?: (workload: Workload, contender: Contender, profile: Profile) => Promise<void>;
}

const WARM_UP = 2;

interface Racer {
  readonly contender: Contender;
  readonly prepared?: Prepared;
  readonly agreement?: Agreement;
  readonly reason?: string;
  readonly times: number[];
}

export async function measure(
  workload: Workload,
  contenders: readonly Contender[],
  settings: Settings,
): Promise<readonly Measured[]> {
  const racers = await line(workload, contenders);
  const running = racers.filter(({ prepared, reason }) => prepared !== undefined && reason === undefined);
  const left = new Map<Racer, number>();
  for (let round = -WARM_UP; round < settings.runs; round++) {
    for (const racer of running) {
      const more = left.get(racer) ?? settings.runs;
      if (round >= 0 && racer.times.length >= more) continue;
      // What is slow was warm after the runs that were compared.
      if (round < 0 && more === 1) continue;
      const time = await racer.prepared!.run();
      left.set(racer, Math.max(1, Math.min(settings.runs, Math.floor(settings.budget / time))));
      if (round >= 0) racer.times.push(time);
    }
  }
  for (const { contender, prepared, times } of running) {
    if (settings.onProfile === undefined || prepared?.profile === undefined) continue;
    await settings.onProfile(workload, contender, await prepared.profile(times.length));
  }
  for (const { prepared } of racers) await prepared?.dispose();
  return racers.map(({ contender, prepared, agreement, reason, times }) => ({
    contender: contender.name,
    threads: contender.threads,
    ...(times.length === 0 ? {} : { milliseconds: median(times), fastest: Math.min(...times) }),
    runs: times.length,
    ...(prepared?.work === undefined ? {} : { work: prepared.work }),
    ...(agreement === undefined ? {} : { agreement }),
    ...(reason === undefined ? {} : { reason }),
  }));
}

/** Everybody gets ready; whoever disagrees with the first does not run. */
async function line(workload: Workload, contenders: readonly Contender[]): Promise<readonly Racer[]> {
  const given = await inputsOf(workload);
  const racers: Racer[] = [];
  let first: ReadonlyMap<string, Float32Array> | undefined;
  for (const contender of contenders) {
    const entry = { contender, times: [] };
    try {
      const prepared = await contender.prepare(workload, given);
      if (isDeclined(prepared)) {
        racers.push({ ...entry, reason: prepared.declined });
        continue;
      }
      const results = await prepared.results();
      const agreement = first === undefined ? undefined : compare(workload, first, results, given, contender.tolerance);
      first ??= results;
      if (agreement === undefined) racers.push({ ...entry, prepared });
      else if (agrees(agreement)) racers.push({ ...entry, prepared, agreement });
      else racers.push({ ...entry, prepared, agreement, reason: "computes something else" });
    } catch (error) {
      racers.push({ ...entry, reason: `fails: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  return racers;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
