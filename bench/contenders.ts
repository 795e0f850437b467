/** Who takes part. */
import { availableParallelism } from "node:os";
import type { Contender } from "./contender.ts";
import { ourContender } from "./ours/contender.ts";
import { jaxContender } from "./peers/jax-js/contender.ts";
import { pytorchContenders } from "./peers/pytorch/contender.ts";
import { tfjsContender } from "./peers/tfjs/contender.ts";

/** A part of the field, and why the others are not in it. */
export interface Field {
  readonly contenders: readonly Contender[];
  readonly absent: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly slow: boolean;
  open(threads: readonly number[]): Promise<readonly Contender[]>;
}

const entries: readonly Entry[] = [
  { name: "bcosc wasm", slow: false, open: async (threads) => threads.map((count) => ourContender("wasm", count)) },
  { name: "tfjs-wasm", slow: false, open: async () => [await tfjsContender("wasm")] },
  { name: "PyTorch", slow: false, open: (threads) => pytorchContenders("cpu", threads) },
  { name: "tfjs-cpu", slow: true, open: async () => [await tfjsContender("cpu")] },
  { name: "jax-js wasm", slow: true, open: async () => [await jaxContender("wasm")] },
  { name: "bcosc reference", slow: true, open: async () => [ourContender("reference", 1)] },
];

/** Everybody whose name has one of the texts in it; ours on WASM always, the others are compared with it. */
export async function fieldOf(wanted: readonly string[], slow: boolean): Promise<Field> {
  const threads = [...new Set([1, availableParallelism()])];
  const contenders: Contender[] = [];
  const absent: string[] = [];
  for (const entry of entries) {
    const asked = wanted.length === 0 || wanted.some((text) => entry.name.includes(text));
    if (!asked && entry !== entries[0]) continue;
    if (entry.slow && !slow && wanted.length === 0) {
      absent.push(`${entry.name}: slow, runs with --slow`);
      continue;
    }
    try {
      contenders.push(...(await entry.open(threads)));
    } catch (error) {
      absent.push(`${entry.name}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  return { contenders, absent };
}
