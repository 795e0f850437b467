/** Builds the package once before the tests: the command line is tested as it is installed. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { mainFile, root } from "./run.ts";

export default function setup(): void {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const built = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: root, encoding: "utf8" });
  if (!existsSync(mainFile)) throw new Error(`the build made no ${mainFile}:\n${built.stdout}`);
}
