/** Does something again whenever one of the files that it read has another content. */
import { watch, type FSWatcher } from "node:fs";
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { readSource } from "../files.ts";

/** What was read, or looked for. */
export interface ReadFiles {
  readonly read: ReadonlyMap<string, string | undefined>;
}

/**
 * Runs `body`, and again after every change, until the signal aborts. `onWait` is called the first time that there is nothing
 * to do. Folders are watched, not files: editors replace files by others of the same name.
 */
export async function watchFiles(
  body: () => Promise<ReadFiles>,
  signal: AbortSignal,
  onWait: () => void,
): Promise<void> {
  let told = false;
  while (!signal.aborted) {
    const { read } = await body();
    const waiting = waitForEvent([...read.keys()], signal);
    try {
      // The watchers are there: from here on no change is missed, and what was changed before is seen now.
      while (!signal.aborted && !changed(read)) {
        if (!told) onWait();
        told = true;
        await waiting.next();
      }
    } finally {
      waiting.end();
    }
  }
}

function changed(read: ReadonlyMap<string, string | undefined>): boolean {
  return [...read].some(([path, text]) => readSource(path) !== text);
}

/** Resolves `next` when something has happened to one of the files since the last time. */
function waitForEvent(paths: readonly string[], signal: AbortSignal): { next(): Promise<void>; end(): void } {
  let happened = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    happened = true;
    wake?.();
  };
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    const { folder, name } = watchedFolder(resolve(path));
    folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
  }
  const watchers = [...folders].flatMap(([folder, names]): FSWatcher[] => {
    try {
      const watcher = watch(folder, (_event, name) => {
        // Some systems do not say which file.
        if (name === null || names.has(name)) notify();
      });
      // A folder that was removed: the files in it are not there, which the next look tells.
      watcher.on("error", notify);
      return [watcher];
    } catch {
      return [];
    }
  });
  signal.addEventListener("abort", notify);
  return {
    async next() {
      if (!happened) await new Promise<void>((resolve) => (wake = resolve));
      happened = false;
      wake = undefined;
    },
    end() {
      signal.removeEventListener("abort", notify);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** The folder of a file, or the nearest above it that is there, and what will change in it. */
function watchedFolder(path: string): { readonly folder: string; readonly name: string } {
  let current = path;
  while (!existsSync(dirname(current)) && dirname(current) !== current) current = dirname(current);
  return { folder: dirname(current), name: basename(current) };
}
