/** The server's host over the file system of Node. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createNodeHost } from "../../compiler/check/node-host.node.ts";
import type { ServerHost } from "./host.ts";
import { createJobThread } from "./job-thread.node.ts";

/** Folders that hold other people's files, or none of interest. */
const skipped = new Set(["node_modules", "dist"]);

/** The most entries of folders that are looked at, so that a root like `/` does no harm. */
const entryLimit = 50_000;

/** `folder` is the one of the package, with the pages that explain codes. */
export function createNodeServerHost(version: string, folder: string): ServerHost {
  const files = createNodeHost();
  let folders: readonly string[] = [];
  return {
    read: (path) => files.read(path),
    list: () => findFiles(folders),
    setFolders: (paths) => (folders = paths),
    pageOf: (code) => {
      const page = join(folder, "docs/errors", `${code.replace("/", "-")}.md`);
      return existsSync(page) ? pathToFileURL(page).href : undefined;
    },
    jobs: createJobThread(),
    configure: () => undefined,
    version,
  };
}

/** The `.bcos` files in the folders, those near the top first. Links to folders are not followed. */
export function findFiles(folders: readonly string[]): string[] {
  const found: string[] = [];
  const queue = [...folders];
  let left = entryLimit;
  for (let folder = queue.shift(); folder !== undefined && left > 0; folder = queue.shift()) {
    for (const entry of entriesOf(folder)) {
      if (left-- <= 0) break;
      const path = `${folder.replace(/\/$/, "")}/${entry.name}`;
      if (entry.isFile() && entry.name.endsWith(".bcos")) found.push(path);
      else if (entry.isDirectory() && !entry.name.startsWith(".") && !skipped.has(entry.name)) queue.push(path);
    }
  }
  return found;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
