/**
 * Packs the extension for VS Code: `npm run vscode` writes `dist/vscode/`, which editors can run it from, and
 * `dist/bcosc-vscode.vsix`, which they can install. `npm ci --prefix editors/vscode --ignore-scripts` comes first.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extensionFiles, vsixOf, writeFiles } from "./vscode/pack.ts";
import { packageFolder } from "../src/cli/version.ts";

const root = packageFolder();
const folder = join(root, "dist/vscode");
const vsix = join(root, "dist/bcosc-vscode.vsix");

const compiler = join(root, "node_modules/typescript/bin/tsc");
const checked = spawnSync(process.execPath, [compiler, "-p", join(root, "editors/vscode")], { stdio: "inherit" });
if (checked.status !== 0) process.exit(1);

const files = await extensionFiles();
rmSync(folder, { recursive: true, force: true });
writeFiles(folder, files);
const bytes = vsixOf(files);
writeFileSync(vsix, bytes);
console.log(`${vsix}: ${files.size} files, ${Math.ceil(bytes.length / 1024)} KiB`);
