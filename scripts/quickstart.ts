/**
 * The whole idea in one command: train models/mnist.bcos on the MNIST digits, measure it on all test digits, and draw what
 * it looks at. Runs the command line as a user would, and shows each command before it runs.
 *
 *     npm run quickstart [-- --device NAME]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const out = "runs/quickstart";
const weights = `${out}/model.safetensors`;

const commands = [
  `train models/mnist.bcos --data mnist --epochs 2 --batch 32 --lr 0.02 --seed 1 --out ${out} --overwrite`,
  `evaluate models/mnist.bcos --weights ${weights} --data mnist`,
  `explain models/mnist.bcos --weights ${weights} --data mnist --count 20 --out ${out}`,
];

const given = process.argv.slice(2);
const device = given.length === 0 ? "" : ` ${given.join(" ")}`;

for (const plain of commands) {
  const command = `${plain}${device}`;
  console.log(`\n$ bcosc ${command}`);
  const cli = join(root, "dist/src/cli/main.js");
  const { status } = spawnSync(process.execPath, [cli, ...command.split(" ")], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
