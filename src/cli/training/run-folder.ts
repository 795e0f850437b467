/** The folder of one training: settings, metrics, the model, and the checkpoint from which it can go on. */
import { access, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../diagnostics/catalogue.ts";
import { writeFileAtomic } from "../../runtime/files/atomic-write.node.ts";
import { readBytes } from "../../runtime/files/read.node.ts";
import { reasonOf } from "../../runtime/files/reason.ts";
import type { Session } from "../../runtime/session.ts";
import type { TrainPosition } from "../../runtime/train/trainer.ts";
import { architectureNote } from "../../runtime/weights/architecture.ts";
import { loadSafetensors, saveSafetensors } from "../../runtime/weights/files.node.ts";
import { weightsFromSafetensors, weightsToSafetensors, type Weights } from "../../runtime/weights/weights.ts";
import type { SavedSettings } from "./settings.ts";

/** One line of `metrics.jsonl`. */
export interface MetricsLine {
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Share of the training images that were right at the time of their step. */
  readonly accuracy: number;
  readonly testAccuracy: number | null;
  readonly learningRate: number;
  readonly images: number;
  readonly seconds: number;
}

/** Where a training stands. */
export interface Standing {
  readonly next: TrainPosition;
  /** What the epoch that is under way has come to. */
  readonly tally: Tally;
}

export interface Tally {
  readonly images: number;
  /** Sum over the images. */
  readonly loss: number;
  readonly correct: number;
  readonly seconds: number;
}

export const emptyTally: Tally = { images: 0, loss: 0, correct: 0, seconds: 0 };

export interface Checkpoint {
  readonly weights: Weights;
  readonly standing: Standing;
}

export interface RunFolder {
  readonly path: string;
  readonly modelPath: string;
  readonly checkpointPath: string;
  /** Whether it holds the results of a training. */
  exists(): Promise<boolean>;
  /**
   * Prepares the folder for a training: one that is resumed at `next`, or a new one, for which what an earlier training
   * left is removed. Of the metrics the whole epochs before `next` are kept: a crash may have left more.
   */
  begin(settings: SavedSettings, next: TrainPosition | undefined): Promise<void>;
  readSettings(): Promise<SavedSettings>;
  /** Adds a line, and makes sure that it is on the disk. */
  appendMetrics(line: MetricsLine): Promise<void>;
  /** Writes the checkpoint, then the model. */
  save(session: Session, standing: Standing): Promise<void>;
  readCheckpoint(): Promise<Checkpoint>;
}

const checkpointName = "checkpoint.safetensors";

export function createRunFolder(path: string): RunFolder {
  const settingsPath = join(path, "settings.json");
  const metricsPath = join(path, "metrics.jsonl");
  const checkpointPath = join(path, checkpointName);
  const modelPath = join(path, "model.safetensors");
  const exists = (file: string): Promise<boolean> =>
    access(file).then(
      () => true,
      () => false,
    );
  return {
    path,
    modelPath,
    checkpointPath,
    exists: async () => (await exists(checkpointPath)) || (await exists(modelPath)),
    begin: async (settings, next) => {
      if (next === undefined) {
        for (const file of [checkpointPath, modelPath, metricsPath]) await rm(file, { force: true });
      } else {
        await trimMetrics(metricsPath, next);
      }
      await writeFileAtomic(settingsPath, `${JSON.stringify(settings, null, 2)}\n`);
    },
    readSettings: async () => {
      if (!(await exists(settingsPath)) || !(await exists(checkpointPath))) {
        fail("usage/nothing-to-resume", { folder: path });
      }
      return parseSettings(settingsPath, new TextDecoder().decode(await readBytes(settingsPath)));
    },
    appendMetrics: (line) => appendLine(metricsPath, JSON.stringify(line)),
    save: async (session, standing) => {
      const all = await session.exportWeights({ optimizer: true });
      const note = architectureNote(session.program);
      const metadata = [["training", JSON.stringify(standing)] as const, ...note];
      await saveSafetensors(checkpointPath, weightsToSafetensors(all), metadata);
      await saveSafetensors(modelPath, weightsToSafetensors(await session.exportWeights()), note);
    },
    readCheckpoint: async () => {
      const file = await loadSafetensors(checkpointPath);
      const standing = parseStanding(checkpointPath, file.metadata.get("training"));
      return { weights: weightsFromSafetensors(file), standing };
    },
  };
}

function parseSettings(path: string, text: string): SavedSettings {
  const refuse = (): never => fail("data/unreadable", { file: path, reason: "it is not the settings of a training" });
  const scalar = (v: unknown): boolean => ["string", "number", "boolean"].includes(typeof v);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null) return refuse();
    const fine = Object.values(json).every(
      (v) => scalar(v) || (Array.isArray(v) && v.every((i) => typeof i === "string")),
    );
    return fine ? (json as SavedSettings) : refuse();
  } catch {
    return refuse();
  }
}

function parseStanding(path: string, text: string | undefined): Standing {
  try {
    const { next, tally } = JSON.parse(text ?? "") as Standing;
    const counts = [next.epoch, next.step, tally.images, tally.correct];
    if (counts.every(isCount) && Number.isFinite(tally.loss) && Number.isFinite(tally.seconds)) return { next, tally };
  } catch {
    // Said below.
  }
  return fail("data/unreadable", { file: path, reason: "it does not say where the training stopped" });
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The epoch of a metrics line; infinity for what is none, such as a line that was cut off. */
function epochOf(line: string): number {
  try {
    const { epoch } = JSON.parse(line) as { epoch?: unknown };
    return isCount(epoch) ? epoch : Infinity;
  } catch {
    return Infinity;
  }
}

async function trimMetrics(path: string, next: TrainPosition): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => "");
  const kept = text.split("\n").filter((line) => epochOf(line) <= next.epoch);
  const trimmed = kept.map((line) => `${line}\n`).join("");
  if (trimmed !== text) await writeFileAtomic(path, trimmed);
}

async function appendLine(path: string, line: string): Promise<void> {
  try {
    const handle = await open(path, "a");
    try {
      await handle.writeFile(`${line}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    fail("data/unwritable", { file: path, reason: reasonOf(error) });
  }
}
