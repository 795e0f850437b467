/** The thread that runs jobs. */
import { parentPort } from "node:worker_threads";
import type { Answer } from "./job-thread.node.ts";
import { runJob, type Job } from "./jobs.ts";

parentPort!.on("message", (job: Job) => parentPort!.postMessage(answerTo(job)));

function answerTo(job: Job): Answer {
  try {
    return { result: runJob(job) };
  } catch (error) {
    return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
