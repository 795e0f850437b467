/** Eager PyTorch as contenders: one for each number of threads, in one process. */
import type { Contender, Tensors } from "../../contender.ts";
import { layersOf } from "../../networks.ts";
import type { Workload } from "../../workloads.ts";
import { startPython, type PythonProcess } from "./process.ts";

export async function pytorchContenders(
  device: "cpu" | "cuda",
  threads: readonly number[],
  precision: "float32" | "tf32" = "float32",
): Promise<readonly Contender[]> {
  const python = await startPython(device, precision);
  if (python === undefined) throw new Error(`no Python with PyTorch for ${device}`);
  const name = [python.name, ...(device === "cuda" ? [device, precision] : [])].join(" ");
  return threads.map((count, i) => ({
    name,
    threads: count,
    // TF32 has three digits less.
    ...(precision === "tf32" ? { tolerance: 1000 } : {}),
    async prepare(workload, given) {
      const id = `${workload.id} ${count}`;
      await prepareJob(python, id, workload, given);
      return {
        results: () => python.results(id),
        run: async () => Number((await python.ask({ command: "run", id, threads: count }))["milliseconds"]),
        dispose: async () => void (await python.ask({ command: "dispose", id })),
      };
    },
    async memory(workload, given) {
      const id = `${workload.id} memory`;
      await prepareJob(python, id, workload, given);
      const bytes = Number((await python.ask({ command: "memory", id }))["bytes"]);
      await python.ask({ command: "dispose", id });
      return { bytes, kept: bytes, what: "kept for the backward pass alone, each storage once" };
    },
    end: async () => (i === 0 ? python.end() : undefined),
  }));
}

export async function prepareJob(python: PythonProcess, id: string, workload: Workload, given: Tensors): Promise<void> {
  const layers = workload.kind === "network" ? { layers: layersOf(workload.network) } : {};
  await python.prepare(id, { ...workload, ...layers }, given);
}
