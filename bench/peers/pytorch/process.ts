/** The Python process that runs `bench.py`: one question, one answer. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Tensors } from "../../contender.ts";
import { root } from "../../root.ts";

export interface PythonProcess {
  /** The library with its version. */
  readonly name: string;
  /** Throws what fails there. */
  ask(message: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  /** Hands tensors over in a file. */
  prepare(id: string, workload: unknown, given: Tensors): Promise<void>;
  results(id: string): Promise<ReadonlyMap<string, Float32Array>>;
  end(): Promise<void>;
}

/** `python3` alone may be one of a version manager, without the system's packages. */
const pythons = ["python3", "/usr/bin/python3", "python"];

/** The first Python that has PyTorch, on a device that PyTorch names (`cpu`, `cuda`); undefined where there is none. */
export async function startPython(device: string, precision: "float32" | "tf32"): Promise<PythonProcess | undefined> {
  const check = `import torch, numpy; torch.zeros(1, device="${device}")`;
  const python = pythons.find((name) => spawnSync(name, ["-c", check]).status === 0);
  if (python === undefined) return undefined;
  const script = join(root, "bench/peers/pytorch/bench.py");
  const child = spawn(python, [script, device, precision], {
    stdio: ["pipe", "pipe", "inherit"],
    // OpenMP's threads spin at barriers, and lose whole slices of time to anything else that runs: ours sleep, so do these.
    env: { OMP_WAIT_POLICY: "PASSIVE", ...process.env },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the Python process has ended");
    return JSON.parse(value) as Record<string, unknown>;
  };
  const ask = async (message: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const reply = await next();
    if (reply["error"] !== undefined) throw new Error(String(reply["error"]));
    return reply;
  };
  const folder = mkdtempSync(join(tmpdir(), "bcosc-bench-"));
  const file = join(folder, "tensors");
  return {
    name: String((await next())["name"]),
    ask,
    async prepare(id, workload, given) {
      const index: Record<string, unknown> = {};
      const parts: Float32Array[] = [];
      let offset = 0;
      for (const [name, { shape, values }] of given) {
        index[name] = [offset, shape];
        parts.push(values);
        offset += values.length;
      }
      writeFileSync(
        file,
        Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))),
      );
      await ask({ command: "prepare", id, workload, tensors: file, index });
    },
    async results(id) {
      const { index } = await ask({ command: "results", id, file });
      const bytes = readFileSync(file);
      const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      const entries = Object.entries(index as Record<string, [number, number]>);
      return new Map(entries.map(([name, [at, count]]) => [name, values.slice(at, at + count)]));
    },
    async end() {
      child.stdin.end();
      await new Promise((resolve) => child.once("exit", resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
