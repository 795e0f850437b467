/** Runs steps in one worker with a memory of its own: for browsers' main threads on pages that are not cross-origin isolated. */
import { StepFailure, ThreadLoss, type Engine, type EngineSource, type RecordStep } from "../engine.ts";
import { compile } from "../instance.ts";
import { spawn } from "../threads/spawn.ts";
import type { FromWorker, ToWorker } from "../threads/worker-main.ts";

/** Throws a `SpawnFailure` where the worker can not be started, also for want of memory. */
export async function createIsolatedEngine(source: EngineSource): Promise<Engine> {
  const module = await compile(source.module, false);
  const steps = source.steps[0]!;
  const origin = performance.timeOrigin;
  const thread = await spawn({ kind: "isolated", module, pages: source.pages, steps, origin });
  let observer: RecordStep | undefined;

  // Answers come in the order of the questions.
  let last: Promise<unknown> = Promise.resolve();
  function ask(question: ToWorker): Promise<FromWorker> {
    thread.post(question);
    const answer = last
      .then(() => thread.next())
      .catch((error: Error) => {
        throw new ThreadLoss(error.message);
      });
    last = answer.catch(() => undefined);
    return answer;
  }

  return {
    write: (offset, values) => thread.post({ kind: "write", offset, values }),
    async read(offset, length) {
      const answer = await ask({ kind: "read", offset, length });
      return answer.kind === "values" ? answer.values : unexpected(answer);
    },
    async run(first, end) {
      const record = observer;
      const answer = await ask({ kind: "run", first, end, timed: record !== undefined });
      if (answer.kind === "failed") throw new StepFailure(answer.step, answer.reason);
      if (answer.kind !== "done") return unexpected(answer);
      const { times } = answer;
      if (record === undefined || times === undefined) return;
      for (let i = 0; i < end - first; i++) record(first + i, 0, times[2 * i]!, times[2 * i + 1]!);
    },
    observe: (record) => void (observer = record),
    dispose: () => thread.end(),
  };
}

function unexpected(answer: FromWorker): never {
  throw new Error(`a worker says ${answer.kind}`);
}
