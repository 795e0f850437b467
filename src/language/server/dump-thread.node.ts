/** Runs dumps in a thread of their own, so that the server answers other requests meanwhile. */
import { Worker } from "node:worker_threads";
import type { Dump, DumpJob } from "../dump.ts";
import type { RunningDump } from "./host.ts";

/** `result` rejects where the job has a fault. */
export function dumpInThread(job: DumpJob): RunningDump {
  // Of the built package: what a thread loads is JavaScript. Nothing that it writes may come into the protocol.
  const options = { workerData: job, stdout: true, stderr: true };
  const worker = new Worker(new URL("./dump-worker.node.js", import.meta.url), options);
  const result = new Promise<Dump>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread of a dump ended with ${code}`)));
  });
  return { result, cancel: () => void worker.terminate() };
}
