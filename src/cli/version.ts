/** The version of the installed package. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Looks for `package.json` upwards: the built file is one folder deeper than the source. */
export function version(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = read(join(folder, "package.json"));
    if (found !== undefined) return found;
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
