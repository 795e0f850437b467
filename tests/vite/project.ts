/** Small projects for the plugin, and Vite on them with nothing of the repository's own configuration. */
import { join } from "node:path";
import type { InlineConfig, Logger } from "vite";
import { bcos } from "../../src/vite/index.ts";
import type { BcosPluginOptions } from "../../src/vite/index.ts";
import { root, temporaryFolder } from "../cli/run.ts";

export const blockText = `block Block(width: int) {
  input  x: [H, W, C]
  output y: [H, W, width]

  y = x -> conv: conv(width, kernel: 3) -> bn: norm -> relu
}
`;

export const modelText = `/// Two classes of small pictures.
import { Block } from "./block.bcos"

model Small(classes: int = 2) {
  input  image: [6, 6, 1]
  output logits: [classes]

  stem   = image -> Block(4)
  logits = stem -> global_avg_pool -> fc: linear(classes)
}
`;

export const files = {
  "src/net.bcos": modelText,
  "src/block.bcos": blockText,
  "src/names.txt": "cat\ndog\n",
  "src/main.ts": `import { load } from "./net.bcos";\nexport const opened = () => load({ seed: 1 });\n`,
};

/** Everything that was logged, by level. */
export interface Logged {
  readonly warnings: string[];
  readonly errors: string[];
}

export function project(
  options: BcosPluginOptions = {},
  over: Readonly<Record<string, string>> = {},
): { readonly folder: string; readonly config: InlineConfig; readonly logged: Logged } {
  const folder = temporaryFolder({ ...files, ...over });
  const logged: Logged = { warnings: [], errors: [] };
  const ignore = (): void => undefined;
  const customLogger: Logger = {
    info: ignore,
    warn: (text) => void logged.warnings.push(text),
    warnOnce: (text) => void logged.warnings.push(text),
    error: (text) => void logged.errors.push(text),
    clearScreen: ignore,
    hasErrorLogged: () => false,
    hasWarned: false,
  };
  const config: InlineConfig = {
    root: folder,
    configFile: false,
    customLogger,
    appType: "custom",
    plugins: [bcos(options)],
    resolve: { alias: { "bcosc/runtime": join(root, "src/runtime/index.ts") } },
    server: { port: 0, host: "127.0.0.1", watch: null, ws: false, fs: { strict: false } },
    optimizeDeps: { noDiscovery: true },
  };
  return { folder, config, logged };
}
