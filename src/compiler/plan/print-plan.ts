/** Plans as text, a line a launch. The same plan always gives the same text: golden tests compare it. */
import { fusionRules, rematerialisation } from "./fusion.ts";
import { sideBySide } from "./side-by-side.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";
import { layerName } from "../../layer-name.ts";
import { scaled } from "../scaled.ts";
import type { BufferRef, KernelLaunch, Launch, Plan } from "./plan.ts";

/** What a plan costs before anything runs. */
export interface PlanTotals {
  /** Launches of every run, without those that prepare weights. */
  readonly launches: number;
  readonly prepare: number;
  readonly flops: number;
  /** Read and written by the launches of every run. */
  readonly bytes: number;
  /** Bytes of all slots: what a device allocates for the plan, beside the three that follow. */
  readonly peakBytes: number;
  readonly constantBytes: number;
  /** Of the state that it reads or writes; 0 in plans without the sizes of what launches read and write. */
  readonly stateBytes: number;
  /** For each thread. */
  readonly scratchBytes: number;
  readonly savedBytes: number;
}

export function planTotals(plan: Plan): PlanTotals {
  const run = plan.launches.filter((launch) => !prepares(launch));
  const kernels = run.filter((launch) => launch.kind === "kernel");
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  return {
    launches: run.length,
    prepare: plan.launches.length - run.length,
    flops: sum(kernels.map((launch) => launch.flops)),
    bytes: sum(kernels.map((launch) => launch.bytes)),
    peakBytes: sum(plan.slots),
    constantBytes: sum(plan.constants.map((values) => 4 * values.length)),
    stateBytes: sum([...stateSizes(plan).values()]),
    scratchBytes: plan.scratchBytes,
    savedBytes: sum(Object.values(plan.saved)),
  };
}

function stateSizes(plan: Plan): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const launch of plan.launches) {
    if (launch.kind === "random") continue;
    launch.buffers.forEach((ref, i) => {
      if (ref.kind === "state") sizes.set(ref.path, Math.max(sizes.get(ref.path) ?? 0, launch.sizes?.[i] ?? 0));
    });
  }
  return sizes;
}

function prepares(launch: Launch): boolean {
  return launch.kind === "kernel" && launch.prepare === true;
}

/**
 * The whole plan: totals, launches, slots, what is kept for the backward pass, and the fusions. Ends with a newline. With
 * `placeOf` launches have the places in the source of the layers that they belong to.
 */
export function printPlan(plan: Plan, placeOf?: (span: Span) => string): string {
  const totals = planTotals(plan);
  // Plans of compiled modules do not have the sizes that it is counted from.
  const state = totals.stateBytes === 0 ? "" : `${scaled(totals.stateBytes)}B of state, `;
  const prepare = totals.prepare === 0 ? "" : `, and ${totals.prepare} that prepare weights (marked *)`;
  return [
    `plan ${plan.graph} for ${plan.target}, batch ${plan.batch}${plan.storage === "f16" ? ", activations and prepared weights in f16" : ""}`,
    `${totals.launches} launches a run${prepare}`,
    `${scaled(totals.flops)}FLOP, ${scaled(totals.bytes)}B moved, ${scaled(totals.peakBytes)}B at most in ${plan.slots.length} slots`,
    `beside them ${state}${scaled(totals.constantBytes)}B of constants and ${scaled(totals.scratchBytes)}B of scratch memory a thread`,
    ...repeatLine(plan),
    `sha256 ${plan.hash}`,
    "",
    ...table(
      plan.launches.map((launch, i) => row(launch, i, { units: plan.target === "wasm" ? "units" : "groups", placeOf })),
    ),
    ...section("in and out", [
      ...Object.entries(plan.inputs).map(
        ([name, { shape, buffer }]) => `input ${name} [${shape.join(",")}] in ${place(buffer)}`,
      ),
      ...Object.entries(plan.outputs).map(
        ([name, { shape, buffer }]) => `output ${name} [${shape.join(",")}] in ${place(buffer)}`,
      ),
    ]),
    ...section(
      "slots",
      plan.slots.map((bytes, i) => `s${i} ${scaled(bytes)}B`),
    ),
    ...section(`kept for the backward pass, ${scaled(totals.savedBytes)}B`, savedLines(plan)),
    ...section("fusions", fusionLines(plan)),
    "",
  ].join("\n");
}

function repeatLine({ repeat, launches }: Plan): readonly string[] {
  if (repeat === undefined) return [];
  const again = launches.slice(repeat.first).filter((launch) => launch.kind === "kernel");
  const flops = again.reduce((sum, launch) => sum + launch.flops, 0);
  const bytes = again.reduce((sum, launch) => sum + launch.bytes, 0);
  return [
    `from launch ${repeat.first} on again for another ${repeat.feeds.join(", ")}: ` +
      `${launches.length - repeat.first} launches, ${scaled(flops)}FLOP, ${scaled(bytes)}B moved`,
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function savedLines(plan: Plan): readonly string[] {
  return Object.entries(plan.saved).map(([path, bytes]) => `${path === "" ? "(no layer)" : path} ${scaled(bytes)}B`);
}

function fusionLines(plan: Plan): readonly string[] {
  return (plan.fusions ?? []).map(({ rule, count }) => {
    const known = [...fusionRules, rematerialisation, sideBySide].find(({ name }) => name === rule);
    return `${rule} ×${count}${known === undefined ? "" : `: ${known.does} ${known.because}`}`;
  });
}

type Row = readonly [string, string, string, string, string, string, string, string];

interface Words {
  /** What the units of work are. */
  readonly units: string;
  readonly placeOf: ((span: Span) => string) | undefined;
}

function row(launch: Launch, index: number, { units, placeOf }: Words): Row {
  const source = launch.span === undefined ? "" : (placeOf?.(launch.span) ?? "");
  const number = `${index}${prepares(launch) ? "*" : ""}`;
  const path = layerName(launch) || "-";
  const ops = summarise(launch.ops);
  if (launch.kind === "random") {
    return [number, path, ops, source, "", "", `${scaled(launch.count * 4)}B`, `→ ${place(launch.out)}`];
  }
  const flops = launch.flops === 0 ? "" : `${scaled(launch.flops)}FLOP`;
  return [number, path, ops, source, `${launch.units} ${units}`, flops, `${scaled(launch.bytes)}B`, traffic(launch)];
}

/** `conv2d patch_norm bcos_scale mul`, runs of the same as `mul×3`. */
function summarise(ops: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const op of ops) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts].map(([op, count]) => (count === 1 ? op : `${op}×${count}`)).join(" ");
}

function traffic(launch: KernelLaunch): string {
  const text = (buffers: readonly BufferRef[]): string => buffers.map(place).join(" ");
  const reads = text(launch.buffers.slice(0, launch.reads));
  return `${launch.kernel}: ${reads === "" ? "" : `${reads} `}→ ${text(launch.buffers.slice(launch.reads))}`;
}

function place(buffer: BufferRef): string {
  if (buffer.kind === "state") return buffer.path;
  return `${buffer.kind === "slot" ? "s" : "c"}${buffer.index}`;
}

function table(rows: readonly Row[]): readonly string[] {
  const widths = [0, 1, 2, 3, 4, 5, 6].map((column) => Math.max(0, ...rows.map((r) => r[column]!.length)));
  return rows.map((cells) =>
    cells
      .flatMap((cell, column) => {
        const width = widths[column];
        if (width === undefined) return [cell];
        // Nothing has a place in a plan that is printed without them.
        if (width === 0) return [];
        return column >= 1 && column <= 3 ? [cell.padEnd(width)] : [cell.padStart(width)];
      })
      .join("  ")
      .trimEnd(),
  );
}
