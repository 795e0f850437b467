/** `bcosc train FILE`: trains a model, keeps what is needed to go on, and stops in good order on Ctrl-C. */
import { join } from "node:path";
import { buildProgram } from "../../compiler/compile.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { checkFit } from "../../runtime/data/fit.ts";
import { evaluate } from "../../runtime/evaluate/evaluate.ts";
import { openSession, type Session } from "../../runtime/session.ts";
import {
  train as trainSession,
  type EpochMetrics,
  type StepMetrics,
  type TrainPosition,
} from "../../runtime/train/trainer.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { compileModel } from "../compile-model.ts";
import { loadData, type DataSplits } from "../data.ts";
import { deviceOptions, readDevice } from "../device-option.ts";
import { exitCodes } from "../exit.ts";
import { createInterrupt } from "../interrupt.ts";
import { profiled, profileOption, readProfile } from "../profile.ts";
import { createProgress } from "../progress.ts";
import { countOf, formatDuration } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { loadWeights } from "../weights.ts";
import {
  createRunFolder,
  emptyTally,
  type Checkpoint,
  type MetricsLine,
  type RunFolder,
  type Tally,
} from "../training/run-folder.ts";
import {
  checkUnchanged,
  overSaved,
  readSettings,
  savedSettings,
  settingOptions,
  type RunSettings,
  type SavedSettings,
} from "../training/settings.ts";

export const train: Command = {
  positionals: "<file>",
  options: [
    ...settingOptions,
    ...deviceOptions,
    { flags: "--out <folder>", summary: "Where the results go (runs/ and the model's name)" },
    { flags: "--resume", summary: "Go on with the training in the folder, with its settings" },
    { flags: "--overwrite", summary: "Start anew in a folder that holds a training" },
    profileOption,
    { flags: "--json", summary: "Write the line of each epoch as JSON" },
  ],
  examples: [
    "bcosc train models/mnist.bcos --data mnist --epochs 3 --out runs/mnist",
    "bcosc train models/mnist.bcos --data mnist --out runs/mnist --resume --epochs 6",
    "bcosc train models/mnist.bcos --data mnist --as standard --optimizer sgd --lr 0.05",
  ],
  run: async (args, terminal) => {
    if (args.flag("--resume") && args.flag("--overwrite")) {
      fail("usage/conflict", { option: "--resume", other: "--overwrite" });
    }
    const controller = new AbortController();
    const interrupt = createInterrupt(() => {
      controller.abort();
      terminal.err.write("\nstopping after this step; Ctrl-C again stops at once\n");
    });
    try {
      return await runTraining(args, terminal, controller.signal);
    } finally {
      interrupt.dispose();
    }
  },
};

async function runTraining(args: Arguments, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const file = args.positionals[0]!;
  const device = await readDevice(args, terminal);
  const profile = readProfile(args);
  const { settings, folder, checkpoint } = await prepare(args, file);
  const network = compileModel(file, settings.model, terminal);
  const fresh = checkpoint === undefined && settings.init !== undefined;
  const initial = fresh ? await loadWeights(settings.init) : undefined;
  const { program } = buildProgram(network, {
    form: settings.model.form,
    batch: settings.batch,
    graphs: ["train", "predict"],
    train: settings.train,
    ...device.program,
  });
  const data = await loadData(settings.data, program, ["train", "test"]);
  for (const split of [data.train, data.test]) checkFit(program, split);
  const session = await openSession(program, { seed: settings.seed, ...device.session });
  try {
    if (checkpoint !== undefined) await session.importWeights(checkpoint.weights, folder.checkpointPath);
    else if (initial !== undefined) await session.importWeights(initial, settings.init);
    const saved = savedSettings(file, settings);
    const json = args.flag("--json");
    const traceFile = profile && (profile.file ?? join(folder.path, "profile.json"));
    const run = { session, data, settings, saved, folder, terminal, signal, json };
    return await profiled(session, traceFile, json ? terminal.err : terminal.out, () => trainAndSave(run, checkpoint));
  } finally {
    await session.dispose();
  }
}

const start: TrainPosition = { epoch: 0, step: 0 };

interface Prepared {
  readonly settings: RunSettings;
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint | undefined;
}

/** Everything that can be wrong before the model is compiled. */
async function prepare(args: Arguments, file: string): Promise<Prepared> {
  const folder = createRunFolder(args.text("--out") ?? join("runs", modelName(file)));
  if (!args.flag("--resume")) {
    const settings = readSettings(args);
    if (!args.flag("--overwrite") && (await folder.exists())) fail("usage/run-exists", { folder: folder.path });
    return { settings, folder, checkpoint: undefined };
  }
  const saved = await folder.readSettings();
  const settings = readSettings(overSaved(args, saved));
  checkUnchanged(saved, savedSettings(file, settings));
  return { settings, folder, checkpoint: await folder.readCheckpoint() };
}

/** `mnist` of `models/mnist.bcos`. */
function modelName(file: string): string {
  return file.replace(/^.*[\\/]/, "").replace(/\.bcos$/, "");
}

interface Run {
  readonly session: Session;
  readonly data: DataSplits;
  readonly settings: RunSettings;
  readonly saved: SavedSettings;
  readonly folder: RunFolder;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly json: boolean;
}

async function trainAndSave(run: Run, checkpoint: Checkpoint | undefined): Promise<number> {
  const { session, data, settings, folder, terminal, signal } = run;
  const { epochs } = settings;
  const begin = checkpoint?.standing.next ?? start;
  if (begin.epoch >= epochs) {
    terminal.err.write(`the training has its ${epochs} epochs already; \`--epochs\` asks for more\n`);
    return exitCodes.ok;
  }
  if (!run.json) terminal.out.write(headline(run, begin));
  // Only once a step is done: a training that can't begin must not harm what is in the folder.
  let opened: Promise<void> | undefined;
  const openFolder = (): Promise<void> => (opened ??= folder.begin(run.saved, checkpoint?.standing.next));
  let bar = createProgress(terminal.err, "", 0);
  const tally = createTally(checkpoint?.standing.tally ?? emptyTally);
  const result = await trainSession(session, data.train, {
    epochs,
    schedule: settings.schedule,
    seed: settings.seed,
    augment: settings.augment,
    start: begin,
    signal,
    onStep: async (metrics) => {
      await openFolder();
      const { epoch, step, stepsPerEpoch, loss } = metrics;
      tally.add(metrics);
      if (step === 0 || (epoch === begin.epoch && step === begin.step)) {
        bar = createProgress(terminal.err, `epoch ${epoch + 1}/${epochs}`, stepsPerEpoch);
      }
      bar.update(step + 1, `loss ${loss.toFixed(4)}`);
    },
    onEpoch: async (metrics) => {
      const line = await metricsLine(run, metrics, tally.take());
      bar.clear();
      terminal.out.write(run.json ? `${JSON.stringify(line)}\n` : epochText(line, epochs));
      await folder.appendMetrics(line);
      await folder.save(session, { next: { epoch: metrics.epoch + 1, step: 0 }, tally: emptyTally });
      tally.restart();
    },
  });
  bar.clear();
  if (result.finished) {
    if (!run.json) terminal.out.write(`saved ${folder.modelPath}\n`);
    return exitCodes.ok;
  }
  await openFolder();
  await folder.save(session, { next: result.next, tally: tally.take() });
  terminal.err.write(
    `stopped in epoch ${result.next.epoch + 1} after ${result.next.step} steps and saved ${folder.path}; \`--resume\` goes on\n`,
  );
  return exitCodes.interrupted;
}

function headline({ session, data, settings }: Run, begin: TrainPosition): string {
  const { program } = session;
  const from = begin.epoch === 0 && begin.step === 0 ? "" : `, from epoch ${begin.epoch + 1}, step ${begin.step + 1}`;
  return (
    `training ${program.model} (${program.form}) on ${countOf(data.train.count, "image")}: ` +
    `${countOf(settings.epochs, "epoch")} in batches of ` +
    `${settings.batch}, ${settings.train.optimizer.kind}, ${settings.train.loss.kind}, device ${session.device}${from}\n`
  );
}

/** Adds up an epoch, also one that began in an earlier call. */
function createTally(before: Tally): { add(metrics: StepMetrics): void; take(): Tally; restart(): void } {
  let sum = before;
  let begin = performance.now();
  return {
    add: ({ images, loss, correct }) => {
      sum = {
        ...sum,
        images: sum.images + images,
        loss: sum.loss + loss * images,
        correct: sum.correct + correct,
      };
    },
    take: () => ({ ...sum, seconds: sum.seconds + (performance.now() - begin) / 1000 }),
    restart: () => {
      sum = emptyTally;
      begin = performance.now();
    },
  };
}

async function metricsLine(
  { session, data, terminal, signal }: Run,
  metrics: EpochMetrics,
  tally: Tally,
): Promise<MetricsLine> {
  const bar = createProgress(terminal.err, "test", data.test.count);
  const test = await evaluate(session, data.test, { signal, onProgress: (done) => bar.update(done, "") });
  bar.clear();
  return {
    epoch: metrics.epoch + 1,
    loss: tally.loss / tally.images,
    accuracy: tally.correct / tally.images,
    testAccuracy: test.count === data.test.count ? test.accuracy : null,
    learningRate: metrics.learningRate,
    images: tally.images,
    seconds: tally.seconds,
  };
}

function epochText(line: MetricsLine, epochs: number): string {
  const test = line.testAccuracy === null ? "" : `  test ${percent(line.testAccuracy)}`;
  const time = `${formatDuration(line.seconds)}, ${Math.round(line.images / line.seconds)} images/s`;
  return `epoch ${line.epoch}/${epochs}  loss ${line.loss.toFixed(4)}  train ${percent(line.accuracy)}${test}  ${time}\n`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
