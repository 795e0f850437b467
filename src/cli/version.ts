/** The installed package: its version and its folder. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export function version(): string {
  return findPackage().version;
}

/** The folder with `package.json`, `docs` and `models`. */
export function packageFolder(): string {
  return findPackage().folder;
}

/** Looks for `package.json` upwards: the built file is one folder deeper than the source. */
function findPackage(): { readonly folder: string; readonly version: string } {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = read(join(folder, "package.json"));
    if (found !== undefined) return { folder, version: found };
  }
  throw new Error("the package has no package.json");
}

function read(path: string): string | undefined {
  try {
    const json = JSON.parse(readFileSync(path, "utf8")) as { name?: unknown; version?: unknown };
    return json.name === "bcosc" ? String(json.version) : undefined;
  } catch {
    return undefined;
  }
}
