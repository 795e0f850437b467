/** The results as tables for people. */
import { agrees } from "./agreement.ts";
import type { Measured } from "./measure.ts";
import { format, table } from "./table.ts";
import { flopsOf, type Workload } from "./workloads.ts";

export interface Outcome {
  readonly workload: Workload;
  readonly measured: readonly Measured[];
}

type Cell = (outcome: Outcome, one: Measured) => string;

export function report(outcomes: readonly Outcome[]): readonly string[] {
  const kernels = outcomes.filter(({ workload }) => workload.kind !== "network");
  const networks = outcomes.filter(({ workload }) => workload.kind === "network");
  return [
    ...section("Milliseconds, medians", outcomes, (_, { milliseconds }) => format(milliseconds, 1)),
    ...section("GFLOP/s, of the product alone", kernels, ({ workload }, { milliseconds }) =>
      milliseconds === undefined ? "–" : format(flopsOf(workload)! / milliseconds / 1e6, 1),
    ),
    ...ratios(outcomes),
    ...explainOverPredict(networks),
    ...section("Difference to the first column (relative; times count only below the limit)", outcomes, (_, one) =>
      one.agreement === undefined
        ? ""
        : `${one.agreement.difference.toExponential(0)}${agrees(one.agreement) ? "" : " !"}`,
    ),
    ...reasons(outcomes),
  ];
}

function section(title: string, outcomes: readonly Outcome[], cell: Cell): string[] {
  if (outcomes.length === 0) return [];
  const columns = columnsOf(outcomes);
  const rows = outcomes.map((outcome) => [
    outcome.workload.id,
    ...columns.map((column) => {
      const one = outcome.measured.find((entry) => columnOf(entry) === column);
      return one === undefined ? "" : cell(outcome, one);
    }),
  ]);
  return [title, "", ...table([["", ...columns], ...rows]), ""];
}

function columnsOf(outcomes: readonly Outcome[]): readonly string[] {
  return [...new Set(outcomes.flatMap(({ measured }) => measured.map(columnOf)))];
}

export function columnOf({ contender, threads }: Measured): string {
  return `${contender} ×${threads}`;
}

/** Others' time over ours, with as many threads as they have and with all that we have. */
function ratios(outcomes: readonly Outcome[]): string[] {
  const ours = new Map<number, string>();
  for (const { measured } of outcomes) {
    for (const one of measured) if (isOurs(one)) ours.set(one.threads, columnOf(one));
  }
  const peers = outcomes.flatMap(({ measured }) => measured.filter((one) => !one.contender.startsWith("bcosc")));
  const pairs = new Map<string, readonly [string, string]>();
  for (const peer of peers) {
    for (const [threads, own] of ours) {
      if (threads >= peer.threads) pairs.set(`${columnOf(peer)} : ours ×${threads}`, [columnOf(peer), own]);
    }
  }
  if (pairs.size === 0) return [];
  const time = ({ measured }: Outcome, column: string): number | undefined =>
    measured.find((one) => columnOf(one) === column)?.milliseconds;
  const rows = outcomes.map((outcome) => [
    outcome.workload.id,
    ...[...pairs.values()].map(([peer, own]) => {
      const [theirs, mine] = [time(outcome, peer), time(outcome, own)];
      return theirs === undefined || mine === undefined ? "–" : format(theirs / mine, 2);
    }),
  ]);
  return ["Their time over ours: above 1 we are faster", "", ...table([["", ...pairs.keys()], ...rows]), ""];
}

export function isOurs({ contender }: Measured): boolean {
  return contender === "bcosc wasm";
}

function explainOverPredict(outcomes: readonly Outcome[]): string[] {
  const pairs = outcomes.flatMap((explain) => {
    const id = explain.workload.id.replace(/explain$/, "predict");
    const predict = outcomes.find(({ workload }) => workload.id === id);
    return predict === undefined || predict === explain ? [] : [{ explain, predict }];
  });
  if (pairs.length === 0) return [];
  const columns = columnsOf(pairs.map(({ explain }) => explain));
  const rows = pairs.map(({ explain, predict }) => [
    predict.workload.id.replace(/\/predict$/, ""),
    ...columns.map((column) => {
      const [a, b] = [explain, predict].map(
        ({ measured }) => measured.find((one) => columnOf(one) === column)?.milliseconds,
      );
      return a === undefined || b === undefined ? "–" : format(a / b, 2);
    }),
  ]);
  return ["Time of an explanation over that of a prediction", "", ...table([["", ...columns], ...rows]), ""];
}

function reasons(outcomes: readonly Outcome[]): string[] {
  const lines = outcomes.flatMap(({ workload, measured }) =>
    measured.flatMap((one) => (one.reason === undefined ? [] : [`${workload.id}: ${columnOf(one)} ${one.reason}`])),
  );
  return lines.length === 0 ? [] : ["Without a time", "", ...lines, ""];
}
