/**
 * Times our devices and what else can do the same, in one process group, from the same inputs and weights.
 *
 *     npm run bench -- [--only TEXT,…] [--contenders TEXT,…] [--runs N] [--quick] [--slow] [--json FILE]
 *
 * Trust the ratios: they are from one run.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { fieldOf } from "./contenders.ts";
import { installPeers } from "./install.ts";
import { measure } from "./measure.ts";
import { report, type Outcome } from "./report.ts";
import { workloads } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    contenders: { type: "string", default: "" },
    runs: { type: "string" },
    quick: { type: "boolean", default: false },
    slow: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

const texts = (list: string): string[] => list.split(",").filter((text) => text !== "");
const only = texts(options.only);
const runs = Number(options.runs ?? (options.quick ? 3 : 15));
const settings = { runs, budget: options.quick ? 1000 : 5000 };

installPeers();
const { contenders, absent } = await fieldOf(texts(options.contenders), options.slow);
console.log(`${cpus()[0]?.model ?? "processor"}, ${cpus().length} threads, Node ${process.version}`);
for (const line of absent) console.log(`not compared: ${line}`);
const outcomes: Outcome[] = [];
for (const workload of workloads) {
  if (only.length > 0 && !only.some((text) => workload.id.includes(text))) continue;
  const start = performance.now();
  outcomes.push({ workload, measured: await measure(workload, contenders, settings) });
  console.error(`${workload.id}: took ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
console.log(`\n${report(outcomes)}`);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ settings, absent, outcomes }, null, 2)}\n`);
}
for (const contender of contenders) await contender.end();
