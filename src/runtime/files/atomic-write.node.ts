/** Writes whole files so that a reader sees the old content or the new one, never a part. */
import { randomBytes } from "node:crypto";
import { mkdir, open, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "./reason.ts";

/**
 * Writes `content` to `path` through a temporary file in the same folder that is synced and renamed. Missing folders
 * are made; a symbolic link is followed; an existing file keeps its mode. On failure the old file stays, nothing is
 * left behind, and the error is `data/unwritable`.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await writeFilesAtomic([[path, content]]);
}

/**
 * The same for several files: all are written and synced before the first is renamed. Where one can't be written none is
 * changed; they are renamed in the given order. Between the two `verify` may look at what was written, under other names:
 * where it throws, none is changed either.
 */
export async function writeFilesAtomic(
  files: Iterable<readonly [path: string, content: Uint8Array | string]>,
  verify?: (written: ReadonlyMap<string, string>) => Promise<void>,
): Promise<void> {
  const staged: StagedFile[] = [];
  try {
    for (const [path, content] of files) staged.push(await stage(path, content));
    await verify?.(new Map(staged.map(({ path, temporary }) => [path, temporary])));
    for (const { path, temporary, target } of staged) await attempt(path, () => rename(temporary, target));
  } catch (error) {
    // Those that have been renamed are no longer there.
    for (const { temporary } of staged) await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  for (const folder of new Set(staged.map(({ target }) => dirname(target)))) await syncFolder(folder);
}

interface StagedFile {
  /** As it was given. */
  readonly path: string;
  /** Holds the content. */
  readonly temporary: string;
  /** What the temporary file is to become. */
  readonly target: string;
}

function stage(path: string, content: Uint8Array | string): Promise<StagedFile> {
  return attempt(path, async () => {
    await makeFolder(dirname(path));
    const target = await realpath(path).catch(() => path);
    const old = await stat(target).catch(() => undefined);
    if (old?.isDirectory() === true) fail("data/unwritable", { file: path, reason: "it is a folder" });
    const temporary = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomBytes(6).toString("hex")}.tmp`);
    try {
      const handle = await open(temporary, "wx", old === undefined ? 0o666 : old.mode & 0o777);
      await writeAndSync(handle, content);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    return { path, temporary, target };
  });
}

/** With `data/unwritable` for what the system refuses. */
async function attempt<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof Error && error.name === "BcosError") throw error;
    return fail("data/unwritable", { file: path, reason: reasonOf(error) });
  }
}

/**
 * Makes the folder and those above it. Not with Node's `recursive`, which never returns where a file system answers
 * "no such folder" although the one above is there, as /proc does.
 */
async function makeFolder(path: string): Promise<void> {
  const code = await mkdir(path).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? "",
  );
  if (code === undefined || code === "EEXIST") return;
  if (code !== "ENOENT" || dirname(path) === path) return mkdir(path);
  await makeFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

async function writeAndSync(handle: FileHandle, content: Uint8Array | string): Promise<void> {
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the rename itself durable. Not every system can sync a folder; the content is safe without it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
