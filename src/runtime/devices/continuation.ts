/** What a session of a device may go on from: its last run, as long as nothing has changed what that left. */
import type { GraphName } from "../../compiler/graph/program.ts";
import type { Plan } from "../../compiler/plan/plan.ts";
import { fail } from "../../diagnostics/catalogue.ts";

export interface Continuation {
  /**
   * The feeds that must be given to a run which needs `needed` and is given `given`: those that it does not hold already,
   * and what is given anyway. Throws `run/resume` where the last run was not one of this graph.
   */
  demand(graph: GraphName, needed: ReadonlySet<string>, given: readonly string[], resume: boolean): ReadonlySet<string>;
  /** A run of the graph is done that was given these feeds. */
  done(graph: GraphName, given: Iterable<string>, resume: boolean): void;
  /** What the last run left is no longer there, or no longer true. */
  forget(): void;
}

export function createContinuation(): Continuation {
  let last: { readonly graph: GraphName; readonly held: Set<string> } | undefined;
  return {
    demand(graph, needed, given, resume) {
      if (!resume) return needed;
      if (last?.graph !== graph) return fail("run/resume", { graph });
      const { held } = last;
      return new Set([...[...needed].filter((name) => !held.has(name)), ...given]);
    },
    done(graph, given, resume) {
      const before = resume && last !== undefined ? last.held : [];
      last = { graph, held: new Set([...before, ...given]) };
    },
    forget() {
      last = undefined;
    },
  };
}

/** Which launches of a plan a run needs: the range of them, without those that prepare. */
export interface NeededLaunches {
  readonly from: number;
  readonly until: number;
}

/**
 * Leaves out what a resumed run has from the one before (`changed`: the feeds that are new), and what only outputs need
 * that are not wanted, as far as the plan's repeated part tells.
 */
export function neededLaunches(
  plan: Plan,
  wanted: readonly string[],
  resumed: { readonly changed: readonly string[] } | undefined,
): NeededLaunches {
  const all = plan.launches.length;
  const { repeat } = plan;
  if (repeat === undefined) return { from: 0, until: all };
  const early = wanted.every((output) => !writtenFrom(plan, repeat.first, output));
  const again = resumed?.changed.every((feed) => repeat.feeds.includes(feed)) === true;
  return { from: again ? repeat.first : 0, until: early ? repeat.first : all };
}

/** Whether a launch from `first` on writes the output. */
function writtenFrom({ launches, outputs }: Plan, first: number, output: string): boolean {
  const { buffer } = outputs[output]!;
  return launches.slice(first).some((launch) => {
    const written = launch.kind === "random" ? [launch.out] : launch.buffers.slice(launch.reads);
    return written.some((ref) =>
      ref.kind === "state"
        ? buffer.kind === "state" && ref.path === buffer.path
        : ref.kind === buffer.kind && ref.index === buffer.index,
    );
  });
}
