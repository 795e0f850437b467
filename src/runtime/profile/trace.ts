/**
 * A profile as a Chrome trace: the JSON that chrome://tracing and Perfetto load, one track for the runs and one a thread.
 * Format: "Trace Event Format" of the Chromium project, complete events ("X") and metadata ("M").
 */
import { layerName } from "../../layer-name.ts";
import type { Launch } from "../../compiler/plan/plan.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";
import type { Profile } from "../device.ts";

export interface ChromeTrace {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
}

export type TraceEvent = CompleteEvent | MetadataEvent;

export interface CompleteEvent {
  readonly ph: "X";
  readonly name: string;
  readonly cat: "run" | "launch";
  readonly pid: number;
  readonly tid: number;
  /** Microseconds, from the first run on. */
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface MetadataEvent {
  readonly ph: "M";
  readonly name: "process_name" | "thread_name";
  readonly pid: number;
  readonly tid: number;
  readonly args: { readonly name: string };
}

const PROCESS = 1;
const RUNS = 0;

/** `placeOf` turns a source range into what is shown, such as `net.bcos:12:3`; without it the range's offsets are. */
export function chromeTrace(profile: Profile, placeOf: (span: Span) => string = offsetsOf): ChromeTrace {
  const begin = Math.min(...profile.runs.map((run) => run.start));
  const time = (start: number, end: number): { readonly ts: number; readonly dur: number } => ({
    ts: microseconds(start - begin),
    dur: microseconds(end - start),
  });
  const threads = [...new Set(profile.launches.map(({ thread }) => thread))].sort((a, b) => a - b);
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      { ph: "M", name: "process_name", pid: PROCESS, tid: RUNS, args: { name: "bcosc" } },
      { ph: "M", name: "thread_name", pid: PROCESS, tid: RUNS, args: { name: "runs" } },
      ...threads.map((thread): MetadataEvent => ({
        ph: "M",
        name: "thread_name",
        pid: PROCESS,
        tid: RUNS + 1 + thread,
        args: { name: `thread ${thread}` },
      })),
      ...profile.runs.map(({ graph, resumed, start, end }, run): CompleteEvent => ({
        ph: "X",
        name: resumed ? `${graph}, resumed` : graph,
        cat: "run",
        pid: PROCESS,
        tid: RUNS,
        ...time(start, end),
        args: { run },
      })),
      ...profile.launches.map(({ run, launch, thread, start, end }): CompleteEvent => {
        const { graph } = profile.runs[run]!;
        const known = profile.plans[graph]!.launches[launch]!;
        return {
          ph: "X",
          name: nameOf(known),
          cat: "launch",
          pid: PROCESS,
          tid: RUNS + 1 + thread,
          ...time(start, end),
          args: { graph, run, launch, ...argumentsOf(known, placeOf) },
        };
      }),
    ],
  };
}

/** Layer path and operations. */
function nameOf(launch: Launch): string {
  const layer = layerName(launch);
  return `${layer === "" ? "" : `${layer}: `}${launch.ops.join(" ")}`;
}

/** Operations and bytes are those of the whole launch, also where threads share it. */
function argumentsOf(launch: Launch, placeOf: (span: Span) => string): Readonly<Record<string, unknown>> {
  const source = {
    ...(launch.span === undefined ? {} : { source: placeOf(launch.span) }),
    ...(launch.parts === undefined ? {} : { layers: launch.parts.map((part) => part.path) }),
  };
  if (launch.kind === "random") return { flops: 0, bytes: 4 * launch.count, ...source };
  const { kernel, flops, bytes, units, prepare } = launch;
  return { kernel, flops, bytes, units, ...(prepare === true ? { prepare } : {}), ...source };
}

function microseconds(milliseconds: number): number {
  return Number((milliseconds * 1000).toFixed(3));
}

function offsetsOf({ file, start, end }: Span): string {
  return `${file}[${start}, ${end})`;
}
