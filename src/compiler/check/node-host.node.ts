/** A source host over the file system of Node. */
import { readFileSync } from "node:fs";
import { posix, sep } from "node:path";
import { resolvePath, type SourceHost } from "./source-host.ts";

/** Relative paths are relative to `directory`. A file that can't be read counts as missing. */
export function createNodeHost(directory: string = process.cwd()): SourceHost {
  const base = directory.split(sep).join(posix.sep);
  return {
    read: (path) => {
      try {
        return readFileSync(isAbsolute(path) ? path : posix.join(base, path), "utf8");
      } catch {
        return undefined;
      }
    },
    resolve: resolvePath,
  };
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:\//.test(path);
}
