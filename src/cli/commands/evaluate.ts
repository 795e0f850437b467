/** `bcosc evaluate FILE`: the accuracy of trained weights on the test split. */
import { buildProgram } from "../../compiler/compile.ts";
import { evaluate as evaluateSession, type Evaluation } from "../../runtime/evaluate/evaluate.ts";
import { openSession } from "../../runtime/session.ts";
import type { Command } from "../command.ts";
import { compileModel } from "../compile-model.ts";
import { dataSummary, loadData } from "../data.ts";
import { deviceOptions, readDevice, storageOption } from "../device-option.ts";
import { exitCodes } from "../exit.ts";
import { createInterrupt } from "../interrupt.ts";
import { writeJson } from "../json.ts";
import { modelOptions, readModelOptions } from "../model-options.ts";
import { createProgress } from "../progress.ts";
import { checkShorterSide, readShorterSide, resizeOption } from "../resize-option.ts";
import { formatCount, formatTable } from "../table.ts";
import { loadWeights } from "../weights.ts";

export const evaluate: Command = {
  positionals: "<file>",
  options: [
    { flags: "--weights <file>", summary: "The safetensors file with the trained weights" },
    { flags: "--data <name>", summary: dataSummary },
    resizeOption,
    { flags: "--batch <n>", summary: "Images at once, at most (100)" },
    ...modelOptions,
    ...deviceOptions,
    storageOption,
    { flags: "--json", summary: "Write JSON" },
  ],
  examples: ["bcosc evaluate models/mnist.bcos --weights runs/mnist/model.safetensors --data mnist"],
  run: async (args, terminal) => {
    const weightsPath = args.required("--weights");
    const dataName = args.required("--data");
    const options = readModelOptions(args);
    const device = await readDevice(args, terminal);
    const shorterSide = readShorterSide(args);
    const batch = args.integer("--batch", { min: 1, max: 65536 }) ?? 100;
    const network = compileModel(args.positionals[0]!, options, terminal);
    const weights = await loadWeights(weightsPath);
    const { form } = options;
    const { program } = buildProgram(network, {
      form,
      batch,
      graphs: ["predict"],
      ...device.program,
      cutBatch: true,
    });
    checkShorterSide(shorterSide, program.input.shape);
    const { test } = await loadData(dataName, program, ["test"], { shorterSide });
    const session = await openSession(program, device.session);
    const controller = new AbortController();
    const interrupt = createInterrupt(() => controller.abort());
    try {
      await session.importWeights(weights, weightsPath);
      const bar = createProgress(terminal.err, "test", test.count);
      const onProgress = (done: number): void => bar.update(done, "");
      const result = await evaluateSession(session, test, { signal: controller.signal, onProgress });
      bar.clear();
      if (interrupt.requested) return exitCodes.interrupted;
      if (args.flag("--json")) writeJson(evaluationJson(result), terminal.out);
      else terminal.out.write(evaluationText(result));
      return exitCodes.ok;
    } finally {
      interrupt.dispose();
      await session.dispose();
    }
  },
};

function evaluationJson({ count, correct, accuracy, confusion, perClass }: Evaluation): object {
  const rows = perClass.map((_, c) => [...confusion.subarray(c * perClass.length, (c + 1) * perClass.length)]);
  return { count, correct, accuracy, perClass, confusion: rows };
}

function evaluationText({ count, correct, accuracy, perClass }: Evaluation): string {
  const rows = perClass.map((c) => [c.name, formatCount(c.correct), "of", formatCount(c.count), percent(c.accuracy)]);
  const table = formatTable(rows, ["left", "right", "left", "right", "right"]);
  return `${table.map((line) => `  ${line}`).join("\n")}\naccuracy ${percent(accuracy)} (${formatCount(correct)} of ${formatCount(count)})\n`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? "–" : `${(100 * share).toFixed(2)} %`;
}
