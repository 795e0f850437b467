/** `--tuning FILE`: what `bcosc tune` measured. */
import { readFile } from "node:fs/promises";
import { fail } from "../diagnostics/catalogue.ts";
import { reasonOf } from "../runtime/files/reason.ts";
import { parseTuning, type Tuning } from "../runtime/tuning.ts";

/** Throws `data/unreadable` and `run/tuning`. */
export async function loadTuning(file: string): Promise<Tuning> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    return fail("data/unreadable", { file, reason: reasonOf(error) });
  }
  return parseTuning(text, file);
}
