/** Collects the times of launches for the profiler of a session. */
import type { GraphName } from "../../compiler/graph/program.ts";
import type { LaunchTiming, Profile, Profiler, RunTiming } from "../device.ts";

export interface Recorder {
  readonly profiler: Profiler;
  /** A run begins. Nothing where it is not to be timed. One that goes on from the run before is timed with that. */
  begin(graph: GraphName, resumed: boolean): Recording | undefined;
}

/** Of one run. A run that fails never ends, and is neither told nor counted. */
export interface Recording {
  readonly start: number;
  launch(launch: number, thread: number, start: number, end: number): void;
  /** @param end when it did, if that was not just now */
  end(end?: number): void;
}

export function createRecorder(plans: Profile["plans"]): Recorder {
  let most = 0;
  let timing = false;
  const ended = new Map<GraphName, number>();
  const runs: RunTiming[] = [];
  const launches: LaunchTiming[] = [];
  const clear = (): void => {
    ended.clear();
    runs.length = launches.length = 0;
  };

  return {
    profiler: {
      start(options) {
        clear();
        most = options.runs;
        timing = false;
      },
      async stop() {
        most = 0;
        timing = false;
        const profile = { plans, runs: [...runs], launches: [...launches] };
        clear();
        return profile;
      },
    },
    begin(graph, resumed) {
      const before = ended.get(graph) ?? 0;
      if (!resumed) timing = before < most;
      if (!timing) return undefined;
      const start = performance.now();
      const own: LaunchTiming[] = [];
      const run = runs.length;
      return {
        start,
        launch: (launch, thread, from, to) => void own.push({ run, launch, thread, start: from, end: to }),
        end(end = performance.now()) {
          if (!resumed) ended.set(graph, before + 1);
          runs.push({ graph, resumed, start, end });
          for (const timing of own) launches.push(timing);
        },
      };
    },
  };
}
