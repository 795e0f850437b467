/** The folder that a graph model is written to: a new one, an empty one, or one that holds such a model of ours already. */
import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../diagnostics/catalogue.ts";
import { writeFilesAtomic } from "../../runtime/files/atomic-write.node.ts";
import { reasonOf } from "../../runtime/files/reason.ts";
import { modelFileName } from "../../runtime/weights/tfjs/graph-model-files.ts";

export interface ModelFolder {
  readonly path: string;
  /** Whether a model is there that a new one replaces. */
  readonly replaces: boolean;
  /** Files of that model. */
  readonly old: readonly string[];
}

/**
 * What the folder holds. Throws `usage/folder-not-empty` for anything but a model that `bcosc export` wrote; other files beside
 * such a model are left alone.
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const present = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    return fail("data/unwritable", { file: path, reason: reasonOf(error) });
  });
  if (present.length === 0) return { path, replaces: false, old: [] };
  const old = await filesOfModel(join(path, modelFileName));
  const found = present.includes(modelFileName) ? modelFileName : present.sort()[0]!;
  if (old === undefined) return fail("usage/folder-not-empty", { folder: path, found });
  return { path, replaces: true, old: old.filter((name) => present.includes(name)) };
}

/**
 * Writes the files, `model.json` last, once `verify` has found them good: it gets where each is by then. What is left of the
 * model before is removed.
 */
export async function writeModelFolder(
  { path, old }: ModelFolder,
  files: ReadonlyMap<string, string | Uint8Array>,
  verify?: (written: ReadonlyMap<string, string>) => Promise<void>,
): Promise<void> {
  const placed = [...files].map(([name, content]) => [join(path, name), content] as const);
  const isNew = (await readdir(path).catch(() => undefined)) === undefined;
  try {
    await writeFilesAtomic(placed, verify);
  } catch (error) {
    // Only where nothing else is in it.
    if (isNew) await rmdir(path).catch(() => undefined);
    throw error;
  }
  for (const name of old) if (!files.has(name)) await rm(join(path, name), { force: true });
}

/** Undefined for what is no graph model of ours. Nothing outside of the folder, whatever the file says. */
async function filesOfModel(path: string): Promise<readonly string[] | undefined> {
  try {
    const model = JSON.parse(await readFile(path, "utf8")) as {
      readonly format?: unknown;
      readonly generatedBy?: unknown;
      readonly weightsManifest: readonly { readonly paths: readonly unknown[] }[];
    };
    if (model.format !== "graph-model" || !/^bcosc /.test(String(model.generatedBy))) return undefined;
    const paths = model.weightsManifest.flatMap((group) => group.paths);
    return [modelFileName, ...paths.filter((name) => typeof name === "string" && isShard(name))] as string[];
  } catch {
    return undefined;
  }
}

const isShard = (name: string): boolean => /^weights-[0-9a-f]+-\d+of\d+\.bin$/.test(name);
