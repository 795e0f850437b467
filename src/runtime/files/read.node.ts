/** Reads whole files, with plain words for what goes wrong. */
import { readFile } from "node:fs/promises";
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "./reason.ts";

/** The bytes of a file, as a plain array (a Buffer's `slice` has another meaning). Throws `data/unreadable`. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const buffer = await readFile(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (error) {
    return fail("data/unreadable", { file: path, reason: reasonOf(error) });
  }
}
