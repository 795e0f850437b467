/** The results as tables for people. */
import { agrees } from "./agreement.ts";
import type { Measured } from "./measure.ts";
import { format, table } from "./table.ts";
import { bytesOf, flopsOf, type Workload } from "./workloads.ts";

export interface Outcome {
  readonly workload: Workload;
  readonly measured: readonly Measured[];
}

type Cell = (outcome: Outcome, one: Measured) => string;

export function report(outcomes: readonly Outcome[]): readonly string[] {
  const kernels = outcomes.filter(({ workload }) => flopsOf(workload) !== undefined);
  const streams = outcomes.filter(({ workload }) => bytesOf(workload) !== undefined);
  const networks = outcomes.filter(({ workload }) => workload.kind === "network");
  return [
    ...section("Milliseconds, medians", outcomes, (_, { milliseconds }) => format(milliseconds, 1)),
    ...section("GFLOP/s, of the product alone", kernels, ({ workload }, { milliseconds }) =>
      speed(flopsOf(workload), milliseconds),
    ),
    ...section("GB/s", streams, ({ workload }, { milliseconds }) => speed(bytesOf(workload), milliseconds)),
    ...ratios(outcomes),
    ...achieved(outcomes),
    ...explainOverPredict(networks),
    ...section("Difference to the first column (relative; times count only below the limit)", outcomes, (_, one) =>
      one.agreement === undefined
        ? ""
        : `${one.agreement.difference.toExponential(0)}${agrees(one.agreement) ? "" : " !"}`,
    ),
    ...reasons(outcomes),
  ];
}

function speed(amount: number | undefined, milliseconds: number | undefined): string {
  return amount === undefined || milliseconds === undefined ? "–" : format(amount / milliseconds / 1e6, 1);
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

/**
 * Others' time over that of ours on the same kind of chip, with as many threads as they have or more. Ours on
 * TensorFlow.js only beside others on the same backend of it.
 */
function ratios(outcomes: readonly Outcome[]): string[] {
  const all = outcomes.flatMap(({ measured }) => measured);
  const pairs = new Map<string, readonly [string, string]>();
  for (const peer of all) {
    if (isOurs(peer)) continue;
    for (const own of all) {
      if (!isOurs(own) || own.contender === reference) continue;
      if (onGraphicsCard(own) !== onGraphicsCard(peer) || own.threads < peer.threads) continue;
      if (backendOf(own) !== undefined && backendOf(own) !== backendOf(peer)) continue;
      pairs.set(`${columnOf(peer)} : ${columnOf(own)}`, [columnOf(peer), columnOf(own)]);
    }
  }
  if (pairs.size === 0) return [];
  const rows = outcomes.map((outcome) => [
    outcome.workload.id,
    ...[...pairs.values()].map(([peer, own]) => {
      const [theirs, mine] = [timeOf(outcome, peer), timeOf(outcome, own)];
      return theirs === undefined || mine === undefined ? "–" : format(theirs / mine, 2);
    }),
  ]);
  return ["Their time over ours: above 1 we are faster", "", ...table([["", ...pairs.keys()], ...rows]), ""];
}

const reference = "bcosc reference";

export function isOurs({ contender }: Measured): boolean {
  return contender.startsWith("bcosc");
}

function onGraphicsCard({ contender }: Measured): boolean {
  return /webgpu|cuda/.test(contender);
}

/** Of TensorFlow.js. */
function backendOf({ contender }: Measured): string | undefined {
  return /\btfjs[:-](\w+)/.exec(contender)?.[1];
}

function timeOf({ measured }: Outcome, column: string): number | undefined {
  return measured.find((one) => columnOf(one) === column)?.milliseconds;
}

/** What our plans compute and move a second, beside the most that anybody got of the same chip in this run. */
function achieved(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.flatMap(({ workload, measured }) =>
    measured.flatMap((one) => {
      const { work, milliseconds } = one;
      if (work === undefined || milliseconds === undefined || workload.kind !== "network") return [];
      const same = onGraphicsCard(one);
      const [flops, bytes] = [work.flops / milliseconds / 1e6, work.bytes / milliseconds / 1e6];
      return [
        [
          workload.id,
          columnOf(one),
          format(flops, 1),
          share(flops, best(outcomes, same, flopsOf)),
          format(bytes, 1),
          share(bytes, best(outcomes, same, bytesOf)),
        ],
      ];
    }),
  );
  const header = ["", "", "GFLOP/s", "of the best product", "GB/s", "of the best stream"];
  return rows.length === 0 ? [] : ["What our plans achieve, by their own count", "", ...table([header, ...rows]), ""];
}

function share(value: number, most: number | undefined): string {
  return most === undefined ? "–" : `${format((100 * value) / most, 0)} %`;
}

/** A million a millisecond of what a workload counts, the most of anybody on such a chip. */
function best(
  outcomes: readonly Outcome[],
  graphicsCard: boolean,
  amount: (workload: Workload) => number | undefined,
): number | undefined {
  const rates = outcomes.flatMap(({ workload, measured }) => {
    const whole = amount(workload);
    const times = measured.filter((one) => onGraphicsCard(one) === graphicsCard).map((one) => one.milliseconds);
    return whole === undefined ? [] : times.flatMap((time) => (time === undefined ? [] : [whole / time / 1e6]));
  });
  return rates.length === 0 ? undefined : Math.max(...rates);
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
      const [a, b] = [timeOf(explain, column), timeOf(predict, column)];
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
