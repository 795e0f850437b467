/** Where the checker gets source text from. Paths are POSIX paths, and a path is the name of its file everywhere. */
import type { ParsedFile } from "../syntax/parse.ts";

export interface SourceHost {
  /** The text of a file, or `undefined` where there is none. */
  read(path: string): string | undefined;
  /** The path of a file that the file `from` imports as `specifier`. */
  resolve(from: string, specifier: string): string;
  /** The tree of a text, for hosts that keep trees from one check to the next. Without it every check parses anew. */
  parse?(path: string, text: string): ParsedFile;
}

/** A host over texts in memory: path → text. */
export function createMemoryHost(files: Readonly<Record<string, string>>): SourceHost {
  const texts = new Map(Object.entries(files).map(([path, text]) => [normalizePath(path), text]));
  return { read: (path) => texts.get(normalizePath(path)), resolve: resolvePath };
}

/** `resolvePath("models/a.bcos", "./blocks/b.bcos")` is `models/blocks/b.bcos`. */
export function resolvePath(from: string, specifier: string): string {
  if (specifier.startsWith("/")) return normalizePath(specifier);
  const slash = from.lastIndexOf("/");
  return normalizePath(slash < 0 ? specifier : `${from.slice(0, slash)}/${specifier}`);
}

/** Without `.`, without doubled slashes, and with `..` only in front. */
export function normalizePath(path: string): string {
  const absolute = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !absolute) parts.push(part);
  }
  return (absolute ? "/" : "") + parts.join("/");
}
