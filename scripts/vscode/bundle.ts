/** Bundles the extension: its client as one file, and the whole command with the language server beside it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, join } from "node:path";
import { build, type InlineConfig, type Rollup } from "vite";
import { packageFolder } from "../../src/cli/version.ts";

const root = packageFolder();
export const extensionFolder = join(root, "editors/vscode");

export interface Bundle {
  /** Path in the bundle → text. */
  readonly files: ReadonlyMap<string, string>;
  /** Folders of the packages whose code is in it. */
  readonly packages: ReadonlySet<string>;
}

/** What is not bundled: the editor's own module, and packages with native code, which the command loads where they are. */
const external = ["vscode", "sharp", "webgpu", ...builtinModules, /^node:/];

/** `extension.cjs`. Needs the extension's own packages: `npm ci --prefix editors/vscode`. */
export function bundleClient(): Promise<Bundle> {
  if (!existsSync(join(extensionFolder, "node_modules/vscode-languageclient"))) {
    throw new Error("the extension's packages are missing: npm ci --prefix editors/vscode --ignore-scripts");
  }
  return bundle({
    root: extensionFolder,
    build: {
      ssr: true,
      rollupOptions: {
        input: { extension: join(extensionFolder, "src/extension.ts") },
        external,
        output: { format: "cjs", entryFileNames: "[name].cjs", codeSplitting: false },
      },
    },
  });
}

/** `main.js`, which is the command `bcosc`, with what it loads later in files beside it. */
export function bundleServer(): Promise<Bundle> {
  return bundle({
    root,
    build: {
      ssr: true,
      rollupOptions: {
        input: {
          main: join(root, "src/cli/main.ts"),
          // Loaded by its name, see `job-thread.node.ts`.
          "job-worker.node": join(root, "src/language/server/job-worker.node.ts"),
        },
        external,
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
      },
    },
  });
}

async function bundle(config: InlineConfig): Promise<Bundle> {
  const options = { configFile: false, logLevel: "error", publicDir: false, ssr: { noExternal: true } } as const;
  const output = await build({
    ...options,
    ...config,
    build: { ...config.build, write: false, minify: true, target: "node20" },
  });
  const files = new Map<string, string>();
  const packages = new Set<string>();
  for (const file of (output as Rollup.RollupOutput).output) {
    files.set(file.fileName, file.type === "chunk" ? file.code : String(file.source));
    for (const module of file.type === "chunk" ? file.moduleIds : []) {
      const folder = packageOf(module);
      if (folder !== undefined) packages.add(folder);
    }
  }
  return { files, packages };
}

/** `/x/node_modules/a/lib/b.js` is of the package `/x/node_modules/a`. */
function packageOf(module: string): string | undefined {
  return /^(?:\0[^/]*)?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1];
}

/** The licences of bundled packages, which their code has to be given with. */
export function licencesOf(folders: Iterable<string>): string {
  return [...new Set(folders)]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
      const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(basename(name)));
      const text = file === undefined ? String(manifest["license"]) : readFileSync(join(folder, file), "utf8");
      return `${String(manifest["name"])} ${String(manifest["version"])}\n\n${text.trim()}\n`;
    })
    .join(`\n${"─".repeat(80)}\n\n`);
}
