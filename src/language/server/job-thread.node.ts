/** Runs jobs in a thread of their own, one after the other, so that the server answers other requests meanwhile. */
import { Worker } from "node:worker_threads";
import type { Job, JobResult, JobRunner } from "./jobs.ts";

/** What the thread answers. */
export type Answer = { readonly result: unknown } | { readonly fault: string };

interface Waiting {
  readonly job: Job;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** The thread starts with the first job. */
export function createJobThread(): JobRunner {
  const queue: Waiting[] = [];
  let running: Waiting | undefined;
  let worker: Worker | undefined;

  const start = (): Worker => {
    // Of the built package: what a thread loads is JavaScript. Nothing that it writes may come into the protocol.
    const started = new Worker(new URL("./job-worker.node.js", import.meta.url), { stdout: true, stderr: true });
    const fail = (error: Error): void => {
      if (worker !== started) return;
      worker = undefined;
      const failed = running;
      running = undefined;
      failed?.reject(error);
      next();
    };
    started.on("message", (answer: Answer) => {
      const done = running;
      running = undefined;
      if ("fault" in answer) done?.reject(new Error(answer.fault));
      else done?.resolve(answer.result as never);
      next();
    });
    started.on("error", fail).on("exit", (code) => fail(new Error(`the thread of jobs ended with ${code}`)));
    started.unref();
    return started;
  };
  const next = (): void => {
    if (running !== undefined) return;
    running = queue.shift();
    if (running === undefined) return;
    worker ??= start();
    worker.postMessage(running.job);
  };
  const cancel = (waiting: Waiting): void => {
    if (running === waiting) {
      const ended = worker;
      worker = undefined;
      running = undefined;
      void ended?.terminate();
      next();
    } else if (queue.includes(waiting)) queue.splice(queue.indexOf(waiting), 1);
  };

  return {
    run<J extends Job>(job: J) {
      let waiting: Waiting;
      const result = new Promise<JobResult<J>>((resolve, reject) => {
        waiting = { job, resolve: resolve as (result: never) => void, reject };
        queue.push(waiting);
        next();
      });
      return { result, cancel: () => cancel(waiting) };
    },
  };
}
