/** Reads whole files, with plain words for what goes wrong. */
import { open, readFile } from "node:fs/promises";
import { fail } from "../../diagnostics/catalogue.ts";
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { reasonOf } from "./reason.ts";

/**
 * The bytes of a file, as a plain array (a Buffer's `slice` has another meaning). With `most`, longer files are refused
 * before they are in memory, those without an end too. Throws `data/unreadable`.
 */
export async function readBytes(path: string, most?: number): Promise<Uint8Array> {
  try {
    const buffer = await (most === undefined ? readFile(path) : readAtMost(path, most));
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (error) {
    if (error instanceof BcosError) throw error;
    return fail("data/unreadable", { file: path, reason: reasonOf(error) });
  }
}

async function readAtMost(path: string, most: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const refuse = (): never =>
      fail("data/unreadable", { file: path, reason: `it has more than ${most / 2 ** 20} MiB` });
    if ((await handle.stat()).size > most) refuse();
    // What is no regular file has no size before it ends.
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of handle.createReadStream({ highWaterMark: 2 ** 20, autoClose: false })) {
      parts.push(part as Buffer);
      size += (part as Buffer).length;
      if (size > most) refuse();
    }
    return Buffer.concat(parts, size);
  } finally {
    await handle.close();
  }
}
