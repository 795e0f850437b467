/** The installed package: its folder and what its `package.json` says. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Manifest {
  readonly version: string;
  /** Exact versions of what the package is built and tested with. */
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function version(): string {
  return installedPackage().manifest.version;
}

/** The folder with `package.json`, `docs` and `models`. */
export function packageFolder(): string {
  return installedPackage().folder;
}

/** Looks for `package.json` upwards: the built file is one folder deeper than the source. */
export function installedPackage(): { readonly folder: string; readonly manifest: Manifest } {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = read(join(folder, "package.json"));
    if (manifest !== undefined) return { folder, manifest };
  }
  throw new Error("the package has no package.json");
}

function read(path: string): Manifest | undefined {
  try {
    const json = JSON.parse(readFileSync(path, "utf8")) as Manifest & { readonly name?: unknown };
    return json.name === "bcosc" ? json : undefined;
  } catch {
    return undefined;
  }
}
