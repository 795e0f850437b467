/** The settings of a training: read from the options, kept with its results, and read again to go on. */
import type { Form, LossSettings, OptimizerSettings, TrainSettings } from "../../compiler/graph/program.ts";
import { adam, defaultLoss } from "../../compiler/training/default-settings.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Augmentation } from "../../runtime/data/augment.ts";
import type { Schedule } from "../../runtime/train/schedule.ts";
import { type Arguments, readers } from "../arguments.ts";
import { optionName, type OptionSpec } from "../command.ts";
import { dataSummary } from "../data.ts";
import { type ModelOptions, modelOptions, readModelOptions } from "../model-options.ts";

export interface RunSettings {
  readonly model: ModelOptions;
  readonly data: string;
  /** Weights to start from. */
  readonly init: string | undefined;
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  readonly train: TrainSettings;
  readonly schedule: Schedule;
  readonly augment: Augmentation;
}

export const settingOptions: readonly OptionSpec[] = [
  { flags: "--data <name>", summary: dataSummary },
  { flags: "--epochs <n>", summary: "How often every image is seen (10)" },
  { flags: "--batch <n>", summary: "Images a step (64)" },
  { flags: "--optimizer <name>", summary: "`adam` (the default) or `sgd`" },
  { flags: "--lr <rate>", summary: "Learning rate (0.001 for adam, 0.1 for sgd)" },
  { flags: "--momentum <m>", summary: "Momentum of sgd (0.9)" },
  { flags: "--weight-decay <w>", summary: "Weight decay (0)" },
  {
    flags: "--schedule <name>",
    summary: "How the rate falls: `cosine` (the default), `constant`, or `step`: a tenth twice",
  },
  { flags: "--warmup <epochs>", summary: "Epochs in which the rate rises (0)" },
  { flags: "--loss <name>", summary: "`bce` (B-cos), `uniform_off_label_bce` or `cross_entropy` (standard)" },
  { flags: "--smoothing <a>", summary: "Label smoothing (0)" },
  { flags: "--aux-weight <w>", summary: "What losses of auxiliary classifiers count (1)" },
  { flags: "--agc <factor>", summary: "Adaptive gradient clipping, e.g. 0.01 (off)" },
  { flags: "--shift <pixels>", summary: "Move every image by up to so many pixels (0)" },
  { flags: "--flip", summary: "Mirror every other image" },
  { flags: "--seed <n>", summary: "Of weights, order and augmentation (0)" },
  { flags: "--init <file>", summary: "Start from these weights instead of random ones" },
  ...modelOptions,
];

/** What the graph `train` depends on: see `readTrainSettings`. */
export const graphOptionNames: readonly string[] = [
  "--optimizer",
  "--momentum",
  "--weight-decay",
  "--loss",
  "--smoothing",
  "--aux-weight",
  "--agc",
];

export const graphOptions: readonly OptionSpec[] = settingOptions.filter((o) =>
  graphOptionNames.includes(optionName(o)),
);

/** What is written to `settings.json`: every setting by its option's name, without the dashes. */
export type SavedSettings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

const optimizers = ["adam", "sgd"] as const;
const schedules = ["cosine", "constant", "step"] as const;
const losses = ["bce", "uniform_off_label_bce", "cross_entropy"] as const;

/** All settings with their defaults; throws a code of the area `usage`. */
export function readSettings(args: Arguments): RunSettings {
  const model = readModelOptions(args);
  const data = args.required("--data", ["`--data mnist`, or a folder"]);
  const epochs = args.integer("--epochs", { min: 1 }) ?? 10;
  return {
    model,
    data,
    init: args.text("--init"),
    epochs,
    batch: args.integer("--batch", { min: 1, max: 65536 }) ?? 64,
    seed: args.integer("--seed", { min: 0 }) ?? 0,
    train: readTrainSettings(args, model.form),
    schedule: readSchedule(args, epochs),
    augment: { shift: args.integer("--shift", { min: 0 }) ?? 0, flip: args.flag("--flip") },
  };
}

/** Loss, optimiser and clipping: what the graph `train` is built from. */
export function readTrainSettings(args: Arguments, form: Form): TrainSettings {
  const auxiliaryWeight = args.number("--aux-weight", { min: 0 }) ?? 1;
  return { loss: readLoss(args, form), optimizer: readOptimizer(args), auxiliaryWeight, ...readClip(args) };
}

function readLoss(args: Arguments, form: Form): LossSettings {
  const kind = args.choice("--loss", losses) ?? defaultLoss(form).kind;
  const smoothing = args.number("--smoothing", { min: 0, below: 1 });
  if (kind !== "uniform_off_label_bce") return { kind, ...(smoothing === undefined ? {} : { smoothing }) };
  if (smoothing !== undefined) fail("usage/conflict", { option: "--smoothing", other: "--loss uniform_off_label_bce" });
  return { kind };
}

function optimizerOf(args: Arguments): (typeof optimizers)[number] {
  return args.choice("--optimizer", optimizers) ?? "adam";
}

function readOptimizer(args: Arguments): OptimizerSettings {
  const weightDecay = args.number("--weight-decay", { min: 0 }) ?? 0;
  const momentum = args.number("--momentum", { min: 0, below: 1 });
  if (optimizerOf(args) === "sgd") return { kind: "sgd", momentum: momentum ?? 0.9, weightDecay };
  if (momentum !== undefined) fail("usage/needs-option", { option: "--momentum", other: "--optimizer sgd" });
  return { ...adam, weightDecay, decoupled: weightDecay > 0 };
}

function readClip(args: Arguments): Pick<TrainSettings, "clip"> {
  const factor = args.number("--agc", { above: 0 });
  // The epsilon of Brock et al. 2021, which keeps weights that start at zero from never moving.
  return factor === undefined ? {} : { clip: { kind: "agc", factor, epsilon: 1e-3 } };
}

function readSchedule(args: Arguments, epochs: number): Schedule {
  const kind = args.choice("--schedule", schedules) ?? "cosine";
  const rate = args.number("--lr", { above: 0 }) ?? (optimizerOf(args) === "adam" ? 1e-3 : 0.1);
  const length = args.number("--warmup", { min: 0 }) ?? 0;
  const common = { rate, smooth: true, ...(length === 0 ? {} : { warmup: { length } }) };
  if (kind === "step") return { kind, ...common, milestones: [epochs / 2, (3 * epochs) / 4] };
  return { kind, ...common };
}

/** The settings by option, as they hold: the defaults included. */
export function savedSettings(file: string, settings: RunSettings): SavedSettings {
  const { model, train, schedule, augment } = settings;
  const { optimizer, loss, clip } = train;
  return {
    file,
    data: settings.data,
    ...(settings.init === undefined ? {} : { init: settings.init }),
    as: model.form,
    ...(model.model === undefined ? {} : { model: model.model }),
    ...(model.preset === undefined ? {} : { preset: model.preset }),
    ...(model.settings === undefined ? {} : { settings: model.settings }),
    set: Object.entries(model.parameters).map(([name, value]) => `${name}=${value}`),
    epochs: settings.epochs,
    batch: settings.batch,
    optimizer: optimizer.kind,
    lr: schedule.rate,
    ...(optimizer.kind === "sgd" ? { momentum: optimizer.momentum } : {}),
    "weight-decay": optimizer.weightDecay,
    schedule: schedule.kind,
    warmup: schedule.warmup?.length ?? 0,
    loss: loss.kind,
    ...("smoothing" in loss && loss.smoothing !== undefined ? { smoothing: loss.smoothing } : {}),
    ...((train.auxiliaryWeight ?? 1) === 1 ? {} : { "aux-weight": train.auxiliaryWeight }),
    ...(clip === undefined ? {} : { agc: clip.factor }),
    shift: augment.shift ?? 0,
    flip: augment.flip ?? false,
    seed: settings.seed,
  };
}

/** The options of `args`, with those of a saved training where they are not given. */
export function overSaved(args: Arguments, saved: SavedSettings): Arguments {
  const values = new Map<string, readonly string[]>();
  for (const spec of settingOptions) {
    const option = spec.flags.split(" ")[0]!;
    const kept = saved[option.slice(2)];
    const texts = kept === undefined || kept === false ? [] : [kept].flat().map(String);
    const given = args.given.get(option);
    if (given !== undefined) values.set(option, given);
    else if (texts.length > 0) values.set(option, texts);
  }
  return readers(args.positionals, values);
}

/** Settings that may differ from those that a training was begun with. */
const changeable = new Set(["epochs", "file"]);

/** `usage/resumed-setting` for the first setting that differs. */
export function checkUnchanged(saved: SavedSettings, now: SavedSettings): void {
  const names = new Set([...Object.keys(saved), ...Object.keys(now)]);
  for (const name of names) {
    const [before, after] = [saved[name], now[name]].map((v) => (v === undefined ? "not given" : String(v)));
    if (!changeable.has(name) && before !== after) {
      fail("usage/resumed-setting", { option: `--${name}`, saved: before!, given: after! });
    }
  }
}
