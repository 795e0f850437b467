/** `bcosc tune FILE`: measures the variants of a model's WebGPU kernels on this machine and keeps the fastest. */
import { existsSync } from "node:fs";
import { buildProgram } from "../../compiler/compile.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { tuneProgram, type TunedKernel } from "../../runtime/devices/webgpu/tune-program.ts";
import { writeFileAtomic } from "../../runtime/files/atomic-write.node.ts";
import { mergeTunings } from "../../runtime/tuning.ts";
import type { Command } from "../command.ts";
import { compileModel } from "../compile-model.ts";
import { readStorage, storageOption } from "../device-option.ts";
import { exitCodes } from "../exit.ts";
import { createInterrupt } from "../interrupt.ts";
import { writeJson } from "../json.ts";
import { modelOptions, readModelOptions } from "../model-options.ts";
import { createProgress } from "../progress.ts";
import { countOf, formatTable } from "../table.ts";
import { loadTuning } from "../tuning-option.ts";

const graphs = ["predict", "explain", "train"] as const;

export const tune: Command = {
  positionals: "<file>",
  options: [
    { flags: "--graph <name>", summary: `Of ${graphs.join(", ")}: which (predict)` },
    { flags: "--batch <n>", summary: "Images at once (64 for train, else 1)" },
    { flags: "--out <file>", summary: "Where the result goes (tuning.json); what is in the file stays in it" },
    storageOption,
    ...modelOptions,
    { flags: "--json", summary: "Write JSON" },
  ],
  examples: [
    "bcosc tune models/mnist.bcos --graph train --batch 64 --out tuning.json",
    "bcosc train models/mnist.bcos --data mnist --device webgpu --tuning tuning.json --out runs/mnist",
  ],
  run: async (args, { out, err, ...terminal }) => {
    const options = readModelOptions(args);
    const graph = args.choice("--graph", graphs) ?? "predict";
    const storage = readStorage(args);
    if (storage === "f16" && graph === "train") {
      fail("usage/conflict", { option: "--storage f16", other: "--graph train" });
    }
    const batch = args.integer("--batch", { min: 1, max: 65536 }) ?? (graph === "train" ? 64 : 1);
    const file = args.text("--out") ?? "tuning.json";
    const known = existsSync(file) ? await loadTuning(file) : undefined;
    const network = compileModel(args.positionals[0]!, options, { out, err, ...terminal });
    const { form } = options;
    const { program } = buildProgram(network, {
      ...{ form, batch, graphs: [graph], targets: ["webgpu"], storage },
      train: {
        loss: { kind: form === "bcos" ? "bce" : "cross_entropy" },
        optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
      },
    });
    const controller = new AbortController();
    const interrupt = createInterrupt(() => controller.abort());
    try {
      const bar = createProgress(err, "tune", Object.keys(program.webgpu!.kernels).length);
      const onProgress = (done: number, _: number, label: string): void => bar.update(done, label);
      const { adapter, kernels, tuning } = await tuneProgram(program, { signal: controller.signal, onProgress });
      bar.clear();
      if (interrupt.requested) return exitCodes.interrupted;
      await writeFileAtomic(
        file,
        `${JSON.stringify(known === undefined ? tuning : mergeTunings(known, tuning), null, 1)}\n`,
      );
      if (args.flag("--json")) writeJson({ adapter, kernels }, out);
      else out.write(text(adapter, kernels, file));
      return exitCodes.ok;
    } finally {
      interrupt.dispose();
    }
  },
};

function text(adapter: string, kernels: readonly TunedKernel[], file: string): string {
  const rows = kernels.map(({ label, untuned, chosen, milliseconds }) => {
    const [before, now] = [milliseconds[untuned]!, milliseconds[chosen]!];
    return [label, chosen, `${now.toFixed(3)} ms`, chosen === untuned ? "" : `${untuned} ${before.toFixed(3)} ms`];
  });
  const changed = kernels.filter(({ untuned, chosen }) => untuned !== chosen).length;
  const table = formatTable(rows, ["left", "left", "right", "left"]);
  return [
    adapter,
    ...table.map((line) => `  ${line}`),
    `${countOf(kernels.length, "kernel")} measured, ${changed} with another variant than without tuning`,
    `saved ${file}`,
    "",
  ].join("\n");
}
