/** The bench has packages of its own, for what it compares with. They are installed when they are missing. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.ts";

/** True where the packages are there. Says what it does; a failure is not fatal, there is just less to compare with. */
export function installPeers(): boolean {
  const folder = join(root, "bench");
  // A packed copy has what it has.
  if (!existsSync(join(folder, "package-lock.json"))) return true;
  // Written by npm at the end of a complete installation.
  if (existsSync(join(folder, "node_modules/.package-lock.json"))) return true;
  console.log("bench: installing the packages to compare with: npm ci in bench/");
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) console.log("bench: npm ci failed; comparing without its packages");
  return status === 0;
}
