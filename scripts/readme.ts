/**
 * Runs every command of the README, in order, as a reader would type them: the lines of its ```sh blocks. `npm ci` and
 * `npm test` are left out: whoever runs this has just done both.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const blocks = readFileSync(join(root, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```/gms);
const commands = Array.from(blocks, (block) => block[1]!.split("\n"))
  .flat()
  .map((line) => line.replace(/\s+#.*$/, "").trim())
  .flatMap((line) => line.split(" && "))
  .filter((line) => line !== "" && line !== "npm ci" && line !== "npm test");

for (const command of commands) {
  console.log(`\n$ ${command}`);
  const { status } = spawnSync(command, { cwd: root, shell: true, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    console.error(`the README's command failed with status ${status}: ${command}`);
    process.exit(1);
  }
}
console.log(`\n${commands.length} commands of the README ran.`);
