/** Reads whole files, with plain words for what goes wrong. */
import { readFile } from "node:fs/promises";
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "./reason.ts";

/** The bytes of a file; `data/unreadable` where it can not be read. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    return fail("data/unreadable", { file: path, reason: reasonOf(error) });
  }
}
