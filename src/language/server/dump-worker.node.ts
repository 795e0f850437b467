/** The thread that runs one dump. */
import { parentPort, workerData } from "node:worker_threads";
import { runDump, type DumpJob } from "../dump.ts";

parentPort!.postMessage(runDump(workerData as DumpJob));
