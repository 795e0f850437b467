/** Which `bcosc` the extension runs. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface ServerChoice {
  /** The main file of the command, for Node. */
  readonly main: string;
  /** Where it comes from, in words. */
  readonly origin: string;
}

export interface Places {
  /** The setting `bcosc.server.path`; "" where it is not set. */
  readonly setting: string;
  /** The folders of the workspace. */
  readonly folders: readonly string[];
  /** Whether the user trusts them: what they bring along runs only then. */
  readonly trusted: boolean;
  /** The folder of the extension. */
  readonly extension: string;
}

/** The setting first, then the workspace's own, so that editor and command line say the same, then the extension's. */
export function findServer({ setting, folders, trusted, extension }: Places): ServerChoice {
  if (trusted && setting !== "") return { main: setting, origin: "the setting bcosc.server.path" };
  for (const folder of trusted ? folders : []) {
    const main = join(folder, "node_modules/bcosc/dist/src/cli/main.js");
    if (existsSync(main)) return { main, origin: folder };
  }
  return { main: join(extension, "server/dist/main.js"), origin: "the extension" };
}

/** What to start for the language server: Node runs inside the editor's own program. */
export function serverProcess({ main }: ServerChoice) {
  return { command: process.execPath, args: [main, "lsp", "--stdio"], env: nodeEnvironment };
}

/** With it the editor's program is Node. */
export const nodeEnvironment = { ELECTRON_RUN_AS_NODE: "1" };
