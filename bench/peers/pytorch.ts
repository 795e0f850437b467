/** PyTorch as a contender, where a Python that has it is installed: `pytorch.py` in a child process. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contender } from "../contender.ts";

const pythons = ["/usr/bin/python3", "python3"];

/** One contender for each number of threads; they share a process. Empty where there is no PyTorch. */
export async function pytorchContenders(root: string, batch: number, threads: readonly number[]): Promise<Contender[]> {
  const python = pythons.find((name) => spawnSync(name, ["-c", "import torch"]).status === 0);
  const script = join(root, "bench/peers/pytorch.py");
  if (python === undefined || !existsSync(script)) return [];
  const child = spawn(python, [script, String(batch)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the Python process has ended");
    return JSON.parse(value) as Record<string, unknown>;
  };
  const ask = (command: string, count: number): Promise<Record<string, unknown>> => {
    child.stdin.write(`${command} ${count}\n`);
    return next();
  };
  const name = String((await next())["name"]);
  const { bytes } = await ask("memory", 1);
  return threads.map((count) => ({
    name,
    threads: count,
    run: async (task) => Number((await ask(task, count))["milliseconds"]),
    memory: { bytes: Number(bytes), what: "kept for the backward pass" },
    end: async () => void child.stdin.end(),
  }));
}
