/** The folder that modules are written to: as a set, and only what is different. */
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFilesAtomic } from "../../runtime/files/atomic-write.node.ts";

type Contents = ReadonlyMap<string, string | Uint8Array>;

export interface OutputChange {
  /** The path. */
  readonly file: string;
  /** Its name in the folder. */
  readonly name: string;
  /**
   * What the file is before anything is written. `stale`: it was part of a module of the same name, and no longer is.
   * `orphaned`: it is part of a module whose source is gone. Those are left to the user.
   */
  readonly change: "missing" | "differs" | "stale" | "orphaned";
}

/** What is not as it would be written. */
export async function compareOutput(folder: string, files: Contents): Promise<readonly OutputChange[]> {
  const changes: OutputChange[] = [];
  for (const [name, content] of files) {
    const old = await readOld(join(folder, name));
    if (old === undefined) changes.push({ file: join(folder, name), name, change: "missing" });
    else if (!sameBytes(old, content)) changes.push({ file: join(folder, name), name, change: "differs" });
  }
  for (const { name, change } of await leftFiles(folder, files)) {
    changes.push({ file: join(folder, name), name, change });
  }
  return changes;
}

/**
 * Writes the files that differ, all or none (`data/unwritable`), then removes those that are stale. Modules come last: while
 * the others are put in place, an old one may find plans of another hash, which it says, but a new one finds its own.
 */
export async function writeOutput(folder: string, files: Contents): Promise<readonly OutputChange[]> {
  const changes = await compareOutput(folder, files);
  const isModule = (name: string): number => (/\.(ts|js)$/.test(name) ? 1 : 0);
  const written = changes
    .filter(({ change }) => change === "missing" || change === "differs")
    .sort((a, b) => isModule(a.name) - isModule(b.name))
    .map(({ file, name }) => [file, files.get(name)!] as const);
  await writeFilesAtomic(written);
  for (const { file, change } of changes) if (change === "stale") await rm(file, { force: true });
  return changes;
}

/** What the maps of modules in the folder list, and is there, and does not belong to what is written. */
async function leftFiles(folder: string, files: Contents): Promise<readonly Pick<OutputChange, "name" | "change">[]> {
  const left: Pick<OutputChange, "name" | "change">[] = [];
  const present = await readdir(folder).catch((): string[] => []);
  for (const map of present.filter((name) => name.endsWith(MAP)).sort()) {
    const { listed, source } = await readMap(join(folder, map));
    const ours = files.has(map);
    if (!ours && (source === undefined || existsSync(join(folder, source)))) continue;
    const module = map.slice(0, -MAP.length);
    for (const name of listed) {
      // Whatever the list says: nothing outside of the folder, and nothing of another module.
      const own = name.startsWith(`${module}.`) && present.includes(name);
      if (own && !files.has(name)) left.push({ name, change: ours ? "stale" : "orphaned" });
    }
  }
  return left;
}

const MAP = ".map.json";

interface OldMap {
  readonly listed: readonly string[];
  /** The path of the source from the folder. */
  readonly source: string | undefined;
}

/** Nothing of what is no such map. */
async function readMap(path: string): Promise<OldMap> {
  try {
    const { files, source } = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    return {
      listed: Array.isArray(files) ? files.filter((name) => typeof name === "string") : [],
      source: typeof source === "string" ? source : undefined,
    };
  } catch {
    return { listed: [], source: undefined };
  }
}

/** Undefined where there is no file that could be read; writing says why. */
async function readOld(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch(() => undefined);
}

function sameBytes(old: Uint8Array, content: string | Uint8Array): boolean {
  return Buffer.compare(old, typeof content === "string" ? Buffer.from(content) : content) === 0;
}
