/**
 * Runs every oracle file of a folder on a chosen device, prints a line a case and closes with the counts.
 *
 *     npm run oracles -- DIR [--device NAME] [--precision float32|float64] [--only TEXT]
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cac } from "cac";
import { runConversion, type ConversionOracle } from "./oracles/conversion.ts";
import { runExplainers, type ExplainersOracle } from "./oracles/explainers.ts";
import { runLayerCase, type LayerCase } from "./oracles/layers.ts";
import { runNetwork, type NetworkOracle } from "./oracles/networks.ts";
import { lineOf, type Outcome, type Target } from "./oracles/outcome.ts";
import { runPhoto, type PhotoOracle } from "./oracles/photo.ts";
import { runSchedule, runTrajectory, type TrainingOracle } from "./oracles/training.ts";
import { findDevice } from "../src/runtime/devices/registry.ts";

/** One or more cases that run together. */
interface Task {
  readonly id: string;
  readonly run: () => Promise<readonly Outcome[]>;
}

const single = (id: string, run: () => Promise<Outcome>): Task => ({ id, run: async () => [await run()] });

function tasksOf(folder: string, file: string, target: Target): Task[] {
  const read = (): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  if (file === "layers.json") {
    const { cases } = read() as { cases: LayerCase[] };
    return cases.map((c) => single(c.id, () => runLayerCase(c, target)));
  }
  if (file.startsWith("net_")) {
    const oracle = read() as NetworkOracle | (NetworkOracle & ConversionOracle);
    const network = { id: `net/${oracle.name}`, run: () => runNetwork(oracle, target, folder) };
    if (!("conversion" in oracle)) return [network];
    return [network, single(`net/${oracle.name}/conversion`, () => runConversion(oracle, target))];
  }
  if (file === "training.json") {
    const oracle = read() as TrainingOracle;
    return [
      ...oracle.trajectories.map((t) => single(`training/${t.id}`, () => runTrajectory(t, target))),
      ...oracle.lr_schedules.map((s) => single(`schedule/${s.desc}`, () => runSchedule(s))),
    ];
  }
  if (file === "photo.json") return [{ id: "photo", run: () => runPhoto(read() as PhotoOracle) }];
  if (file === "explainers.json") {
    return [{ id: "explainers", run: () => runExplainers(read() as ExplainersOracle, target) }];
  }
  return [];
}

const cli = cac("oracles");
let status = 2;
cli
  .command("<dir>", "Run every oracle file of a folder")
  .option("--device <name>", "Device to run on", { default: "reference" })
  .option("--precision <name>", "float32 or float64 (reference device only)")
  .option("--only <text>", "Run only cases whose name contains the text")
  .action(async (dir: string, options: { device: string; precision?: string; only?: string }) => {
    const precision = options.precision ?? (options.device === "reference" ? "float64" : "float32");
    if (precision !== "float32" && precision !== "float64") throw new Error(`no precision ${precision}`);
    const target: Target = { device: await findDevice(options.device), precision };
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const file of readdirSync(dir).sort()) {
      if (!file.endsWith(".json")) continue;
      for (const { id, run } of tasksOf(dir, file, target)) {
        if (options.only !== undefined && !id.includes(options.only)) continue;
        for (const outcome of await run()) {
          counts[outcome.status]++;
          console.log(lineOf(outcome));
        }
      }
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    status = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  });
cli.help();
try {
  cli.parse(process.argv, { run: false });
  await cli.runMatchedCommand();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}
process.exitCode = status;
