/** What a training step takes of memory: ours counted when it is planned, PyTorch's counted while it runs. */
import { sizeOf } from "../src/shape.ts";
import type { Contender, StepMemory } from "./contender.ts";
import { inputsOf } from "./inputs.ts";
import { resnet18, resnet20 } from "./networks.ts";
import { networkProgram } from "./ours/network-program.ts";
import { format, table } from "./table.ts";
import type { NetworkWorkload } from "./workloads.ts";

const measured: readonly NetworkWorkload[] = [
  { kind: "network", id: "resnet20/32/memory", network: resnet20, batch: 32, task: "train" },
  { kind: "network", id: "resnet18/8/memory", network: resnet18, batch: 8, task: "train" },
];

export interface MemoryRow extends StepMemory {
  readonly id: string;
  readonly contender: string;
  /** Kept bytes beyond the images, over those of all convolutions' outputs. */
  readonly outputsKept: number;
}

/** One row for each network and each contender that can tell; of several numbers of threads the first. */
export async function measureMemory(
  contenders: readonly Contender[],
  wanted: (id: string) => boolean,
): Promise<readonly MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const workload of measured) {
    if (!wanted(workload.id)) continue;
    const given = await inputsOf(workload);
    const outputs = outputBytes(workload);
    const image = 4 * workload.batch * workload.network.side ** 2 * 6;
    const seen = new Set<string>();
    for (const { name, memory } of contenders) {
      if (memory === undefined || seen.has(name)) continue;
      seen.add(name);
      const used = await memory(workload, given);
      if (used === undefined) continue;
      rows.push({ ...used, id: workload.id, contender: name, outputsKept: (used.kept - image) / outputs });
    }
  }
  return rows;
}

/** Bytes of what all convolutions make. */
function outputBytes({ network, batch }: NetworkWorkload): number {
  const { nodes } = networkProgram(network, batch, ["predict"]).graphs.predict!;
  return nodes.reduce((sum, { op, shape }) => (op === "conv2d" ? sum + 4 * sizeOf(shape) : sum), 0);
}

const MIB = 2 ** 20;

export function memoryTable(rows: readonly MemoryRow[]): string[] {
  if (rows.length === 0) return [];
  const ours = (id: string): number => rows.find((row) => row.id === id)!.bytes;
  const header = ["", "", "MiB", "kept for backward", "in layer outputs", "ours of it", "counted is"];
  const cells = rows.map(({ id, contender, bytes, kept, outputsKept, what }) => [
    id,
    contender,
    format(bytes / MIB, 1),
    format(kept / MIB, 1),
    format(outputsKept, 2),
    `${format((100 * ours(id)) / bytes, 1)} %`,
    what,
  ]);
  return ["Memory of a training step", "", ...table([header, ...cells]), ""];
}
