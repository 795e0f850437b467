/**
 * A profile as text: for each graph the totals, the layers and the launches, the costliest first. What takes little of the
 * time is put together in one line; a Chrome trace has all of it.
 */
import { layerName } from "../layer-name.ts";
import {
  someWeight,
  type GraphProfile,
  type LaunchProfile,
  type LayerProfile,
  type Rates,
} from "../runtime/profile/report.ts";
import { formatTable, type Align } from "./table.ts";

export function profileText(graphs: readonly GraphProfile[]): string {
  return graphs.map(graphText).join("\n");
}

function graphText(profile: GraphProfile): string {
  const { graph, runs, milliseconds, busy, best, launches, layers } = profile;
  const rest = launches.some((one) => one.times !== runs) ? ", * not once in every run" : "";
  return [
    `profile of ${graph}: ${time(milliseconds)} ms a run (median of ${runs}), of which ${time(busy.milliseconds)} ms in ` +
      `${launches.length} launches, ${busy.gigaflops.toFixed(1)} GFLOP/s, ${busy.gigabytes.toFixed(1)} GB/s`,
    `best rates of its launches: ${best.flops.toFixed(1)} GFLOP/s, ${best.bytes.toFixed(1)} GB/s; "reached" is the nearer one${rest}`,
    "",
    ...formatTable(
      [
        ["layer", "launches", "ms", "share", "GFLOP/s", "GB/s"],
        ...cut(
          layers,
          (one) => [name(one.path), String(one.launches), ...numbers(one, one.share)],
          busy.milliseconds,
          layerRest,
        ),
      ],
      ["left", "right", ...numberAligns],
    ),
    "",
    ...formatTable(
      [
        ["launch", "layer", "operations", "ms", "share", "GFLOP/s", "GB/s", "reached"],
        ...cut(
          launches,
          (one) => [
            number(one, runs),
            name(layerName(one.launch)),
            operations(one),
            ...numbers(one, one.share),
            reached(one),
          ],
          busy.milliseconds,
          launchRest,
        ),
      ],
      ["right", "left", "left", ...numberAligns, "left"],
    ),
    "",
  ].join("\n");
}

const numberAligns: readonly Align[] = ["right", "right", "right", "right"];

function cut<T extends LayerProfile | LaunchProfile>(
  list: readonly T[],
  row: (one: T) => readonly string[],
  total: number,
  rest: (count: number, milliseconds: string, share: string) => readonly string[],
): readonly (readonly string[])[] {
  const small = list.filter((one) => one.share < someWeight);
  const rows = list.filter((one) => one.share >= someWeight).map(row);
  if (small.length === 0) return rows;
  const share = small.reduce((sum, one) => sum + one.share, 0);
  return [...rows, rest(small.length, time(share * total), percent(share))];
}

function layerRest(count: number, milliseconds: string, share: string): readonly string[] {
  return [`${count} more`, "", milliseconds, share];
}

function launchRest(count: number, milliseconds: string, share: string): readonly string[] {
  return [String(count), "more", "", milliseconds, share];
}

function number({ index, times }: LaunchProfile, runs: number): string {
  return `${index}${times === runs ? "" : "*"}`;
}

function name(path: string): string {
  return path === "" ? "-" : path;
}

/** The main operation and how many more there are. */
function operations({ launch: { ops } }: LaunchProfile): string {
  const [first = "", ...rest] = ops;
  return rest.length === 0 ? first : `${first} +${rest.length}`;
}

function reached({ bound }: LaunchProfile): string {
  return bound === undefined ? "" : `${percent(bound.reached)} ${bound.by}`;
}

function numbers(one: Rates, share: number): readonly string[] {
  return [time(one.milliseconds), percent(share), one.gigaflops.toFixed(1), one.gigabytes.toFixed(1)];
}

function time(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 3 : 1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
