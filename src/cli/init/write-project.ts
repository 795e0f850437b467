/** Writes a new project into a folder that is not there yet, or is empty: all of it or nothing. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fail } from "../../diagnostics/catalogue.ts";
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { writeFileAtomic } from "../../runtime/files/atomic-write.node.ts";
import { reasonOf } from "../../runtime/files/reason.ts";

/** What does not make a folder one with something in it: who begins with `git init` has nothing to lose. */
const ignored = new Set([".git"]);

/**
 * The files are written into a folder of another name first, so that this one has either all of them or none. Throws
 * `usage/folder-not-empty` and `data/unwritable`.
 */
export async function writeProject(
  folder: string,
  files: Iterable<readonly [path: string, content: Uint8Array | string]>,
): Promise<void> {
  const target = resolve(folder);
  try {
    const there = await isThere(folder);
    if (there) await requireEmpty(folder);
    else await mkdir(dirname(target), { recursive: true });
    // On the same disk in both cases, as only there files can be moved at once.
    const name = `.${basename(target)}-${randomBytes(6).toString("hex")}.tmp`;
    const staging = join(there ? target : dirname(target), name);
    await mkdir(staging);
    try {
      for (const [path, content] of files) await writeFileAtomic(join(staging, path), content);
      if (there) await moveInto(staging, target);
      else await rename(staging, target);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof BcosError) throw error;
    fail("data/unwritable", { file: folder, reason: reasonOf(error) });
  }
}

async function isThere(folder: string): Promise<boolean> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found?.isDirectory() === false) fail("data/unwritable", { file: folder, reason: "it is a file" });
  return found !== undefined;
}

async function requireEmpty(folder: string): Promise<void> {
  const found = (await readdir(folder)).filter((name) => !ignored.has(name)).sort();
  if (found.length > 0) fail("usage/folder-not-empty", { folder, found: found[0]! });
}

/** One entry after the other; what was moved is taken back where one of them fails. */
async function moveInto(staging: string, folder: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const name of await readdir(staging)) {
      await rename(join(staging, name), join(folder, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) await rm(join(folder, name), { recursive: true, force: true });
    throw error;
  }
}
