/** Runs steps in one worker with a memory of its own: for browsers' main threads on pages that are not cross-origin isolated. */
import { StepFailure, type Engine, type EngineSource } from "../engine.ts";
import { compile } from "../instance.ts";
import { spawn } from "../threads/spawn.ts";
import type { FromWorker, ToWorker } from "../threads/worker-main.ts";

/** Throws a `SpawnFailure` where the worker can not be started, also for want of memory. */
export async function createIsolatedEngine(source: EngineSource): Promise<Engine> {
  const module = await compile(source.module, false);
  const thread = await spawn({ kind: "isolated", module, pages: source.pages, steps: source.steps[0]! });

  // Answers come in the order of the questions.
  let last: Promise<unknown> = Promise.resolve();
  function ask(question: ToWorker): Promise<FromWorker> {
    thread.post(question);
    const answer = last.then(() => thread.next());
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
      const answer = await ask({ kind: "run", first, end });
      if (answer.kind === "failed") throw new StepFailure(answer.step, answer.reason);
      if (answer.kind !== "done") unexpected(answer);
    },
    dispose: () => thread.end(),
  };
}

function unexpected(answer: FromWorker): never {
  throw new Error(`a worker says ${answer.kind}`);
}
