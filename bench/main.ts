/**
 * Times a whole network on our devices and on PyTorch where it is installed: one training step, one prediction and one
 * explanation of a batch, medians of interleaved runs.
 *
 *     npm run build && node dist/bench/main.js [--json] [--model FILE] [--batch N] [--runs N] [--kernels]
 */
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { tasks, type Contender, type Task } from "./contender.ts";
import { pytorchContenders } from "./peers/pytorch.ts";
import { compileForBench, sessionContender } from "./sessions.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    model: { type: "string", default: "models/cifar/resnet20.bcos" },
    batch: { type: "string", default: "32" },
    runs: { type: "string", default: "9" },
    kernels: { type: "boolean", default: false },
  },
});

/** The package's folder, from the sources and from what is built. */
const here = dirname(fileURLToPath(import.meta.url));
const root = here.endsWith(join("dist", "bench")) ? join(here, "../..") : join(here, "..");

interface Row {
  readonly name: string;
  readonly threads: number;
  readonly milliseconds: Readonly<Record<Task, number>>;
  readonly memory?: Contender["memory"];
}

async function measure(contenders: readonly Contender[], runs: number): Promise<Row[]> {
  const times = contenders.map(() => ({ train: [], predict: [], explain: [] }) as Record<Task, number[]>);
  for (let round = -2; round < runs; round++) {
    for (const [i, contender] of contenders.entries()) {
      const most = contender.mostRuns ?? Infinity;
      if (round < 0 ? round + 2 >= most - 1 : round >= most) continue;
      for (const task of tasks) {
        const time = await contender.run(task);
        // The first rounds warm up.
        if (round >= 0) times[i]![task].push(time);
      }
    }
  }
  return contenders.map(({ name, threads, memory }, i) => ({
    name,
    threads,
    milliseconds: {
      train: median(times[i]!.train),
      predict: median(times[i]!.predict),
      explain: median(times[i]!.explain),
    },
    ...(memory === undefined ? {} : { memory }),
  }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function print(rows: readonly Row[]): void {
  const header = ["", "threads", ...tasks.map((task) => `${task} ms`), "explain/predict", "memory MiB"];
  const cells = rows.map(({ name, threads, milliseconds, memory }) => [
    name,
    String(threads),
    ...tasks.map((task) => milliseconds[task].toFixed(1)),
    (milliseconds.explain / milliseconds.predict).toFixed(2),
    memory === undefined ? "" : `${(memory.bytes / 2 ** 20).toFixed(0)} (${memory.what})`,
  ]);
  const widths = header.map((_, i) => Math.max(...[header, ...cells].map((row) => row[i]!.length)));
  for (const row of [header, ...cells]) {
    console.log(
      row.map((cell, i) => (i === 0 || i === 6 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
    );
  }
}

const batch = Number(options.batch);
const program = compileForBench(join(root, options.model), batch);
const threads = [1, availableParallelism()].filter((count, i, all) => all.indexOf(count) === i);
const own = [
  await sessionContender(program, "reference", 1),
  ...(await Promise.all(threads.map((count) => sessionContender(program, "wasm", count)))),
];
// The PyTorch program is this network; there is none for others.
const peers = options.model.endsWith("cifar/resnet20.bcos") ? await pytorchContenders(root, batch, threads) : [];
const contenders = [...own, ...peers];
const rows = await measure(contenders, Number(options.runs));
if (options.json) console.log(JSON.stringify({ model: options.model, batch, rows }, null, 2));
else {
  console.log(`${program.model}, batch ${batch}`);
  if (peers.length === 0) console.log("PyTorch is not compared: no Python that has it, or another model");
  print(rows);
}
for (const contender of contenders) await contender.end();
if (options.kernels) await import("./wasm-kernels.ts");
