/**
 * Times our devices and what else can do the same, in one process group, from the same inputs and weights.
 *
 *     npm run bench -- [--only TEXT,…] [--contenders TEXT,…] [--runs N] [--quick] [--slow] [--gpu] [--json FILE]
 *                      [--profile FOLDER]
 *
 * --gpu: workloads for graphics cards. --profile: where the time of our devices goes, with Chrome traces. Trust the
 * ratios: they are from one run.
 */
import { existsSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fieldOf } from "./contenders.ts";
import { goalsOf, goalTable } from "./goals.ts";
import { installPeers } from "./install.ts";
import { measure, type Settings } from "./measure.ts";
import { measureMemory, memoryTable, type MemoryRow } from "./memory.ts";
import { adapterName } from "./peers/dawn.ts";
import { saveProfile } from "./profile.ts";
import { columnOf, report, type Outcome } from "./report.ts";
import { root } from "./root.ts";
import { format } from "./table.ts";
import { sets } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    contenders: { type: "string", default: "" },
    runs: { type: "string" },
    quick: { type: "boolean", default: false },
    slow: { type: "boolean", default: false },
    gpu: { type: "boolean", default: false },
    json: { type: "string" },
    profile: { type: "string" },
  },
});

const texts = (list: string): string[] => list.split(",").filter((text) => text !== "");
const only = texts(options.only);
const runs = Number(options.runs ?? (options.quick ? 3 : 15));
const folder = options.profile;
const settings: Settings = {
  runs,
  budget: options.quick ? 1000 : 5000,
  ...(folder === undefined ? {} : { onProfile: (...made) => saveProfile(folder, ...made) }),
};

installPeers();
const { contenders, absent } = await fieldOf(texts(options.contenders), options.slow, !options.gpu);
const machine = {
  processor: cpus()[0]?.model ?? "unknown",
  threads: cpus().length,
  node: process.version,
  adapter: adapterName() ?? "none asked for",
};
console.log(
  `${machine.processor}, ${machine.threads} threads, Node ${machine.node}, WebGPU adapter: ${machine.adapter}`,
);
for (const line of absent) console.log(`not compared: ${line}`);
const wanted = (id: string): boolean => only.length === 0 || only.some((text) => id.includes(text));
const outcomes: Outcome[] = [];
let memory: readonly MemoryRow[] = [];
for (const workload of sets[options.gpu ? "gpu" : "default"]) {
  if (!wanted(workload.id)) continue;
  if (workload.kind === "network" && !existsSync(join(root, workload.network.file))) {
    console.log(`not measured: ${workload.id}, there is no ${workload.network.file}`);
    continue;
  }
  const measured = await measure(workload, contenders, settings);
  outcomes.push({ workload, measured });
  // Long runs may be cut off: what is known so far is told and kept.
  const times = measured.map((one) => `${columnOf(one)} ${format(one.milliseconds, 1)}`);
  console.error(`${workload.id}: ${times.join(", ")}`);
  save();
}
memory = await measureMemory(contenders, wanted);
save();
console.log(["", ...report(outcomes), ...memoryTable(memory), ...goalTable(goalsOf(outcomes, memory))].join("\n"));
for (const contender of contenders) await contender.end();

function save(): void {
  if (options.json === undefined) return;
  const goals = goalsOf(outcomes, memory);
  writeFileSync(options.json, `${JSON.stringify({ machine, settings, absent, outcomes, memory, goals }, null, 2)}\n`);
}
