/** Published checkpoints on the command line: `--checkpoint` names one, and stands for its model. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Program } from "../compiler/graph/program.ts";
import { fail } from "../diagnostics/catalogue.ts";
import { checkpoints, hashOf, optionsOf, type Checkpoint } from "../runtime/weights/checkpoints.ts";
import type { Arguments } from "./arguments.ts";
import { weightsModelOf } from "./weights-model.ts";
import type { Terminal } from "./terminal.ts";

/** What a checkpoint says itself. */
const settled = ["--model", "--as", "--set", "--preset", "--settings", "--from"];

export function readCheckpoint(args: Arguments): Checkpoint | undefined {
  const name = args.choice(
    "--checkpoint",
    checkpoints.map((c) => c.name),
  );
  const other = name === undefined ? undefined : settled.find((option) => args.given.has(option));
  if (other !== undefined) fail("usage/conflict", { option: "--checkpoint", other });
  return checkpoints.find((c) => c.name === name);
}

/** Throws `weights/checksum` where the file is another one than was published, as far as its hash is known. */
export function checkHash(bytes: Uint8Array, path: string, checkpoint: Checkpoint): void {
  const expected = hashOf(checkpoint);
  if (expected === undefined) return;
  const hash = createHash("sha256").update(bytes).digest("hex");
  const found = hash.slice(0, expected.length);
  if (found !== expected) fail("weights/checksum", { file: path, expected, found });
}

/** The program of the checkpoint's model. Throws `data/not-found` where the package does not have it. */
export function checkpointModel({ name, model, form, preset, settings }: Checkpoint, terminal: Terminal): Program {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, model);
    if (existsSync(file))
      return weightsModelOf(file, { form, parameters: {}, model: undefined, preset, settings }, terminal).program;
  }
  return fail("data/not-found", { what: `the model of ${name}, ${model}` });
}

/** What there is to know about using it. */
export function checkpointNotes(checkpoint: Checkpoint): readonly string[] {
  const unchecked =
    hashOf(checkpoint) === undefined ? ["its hash is not known, so the file was not compared with it"] : [];
  const options = optionsOf(checkpoint);
  const needs = options === "" ? [] : [`other commands take it with ${options}`];
  return [...unchecked, ...needs];
}
