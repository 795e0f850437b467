/** Who takes part. */
import { availableParallelism } from "node:os";
import type { Contender } from "./contender.ts";
import { ourContender } from "./ours/contender.ts";
import { fusedContender, fusedOnTfjs } from "./ours/on-tfjs.ts";
import { provideWebgpu } from "./peers/dawn.ts";
import { jaxContender } from "./peers/jax-js/contender.ts";
import { pytorchContenders } from "./peers/pytorch/contender.ts";
import { openTfjs, ownGradientsContender, tfjsContender } from "./peers/tfjs/contender.ts";

/** A part of the field, and why the others are not in it. */
export interface Field {
  readonly contenders: readonly Contender[];
  readonly absent: readonly string[];
}

interface Entry {
  readonly name: string;
  /** Takes seconds where others take milliseconds, so that it has to be asked for. */
  readonly slow?: true;
  open(threads: readonly number[]): Promise<readonly Contender[]>;
}

const entries: readonly Entry[] = [
  { name: "bcosc wasm", open: async (threads) => threads.map((count) => ourContender("wasm", count)) },
  { name: "bcosc tfjs:wasm", open: async () => [ourContender("tfjs:wasm", 1)] },
  { name: "tfjs-wasm", open: async () => [await tfjsContender("wasm")] },
  { name: "PyTorch cpu", open: (threads) => pytorchContenders("cpu", threads) },
  { name: "PyTorch cuda", open: () => pytorchContenders("cuda", [1]) },
  { name: "PyTorch cuda tf32", open: () => pytorchContenders("cuda", [1], "tf32") },
  { name: "bcosc webgpu", slow: true, open: () => provideWebgpu().then(() => [ourContender("webgpu", 1)]) },
  {
    name: "bcosc tfjs:webgpu",
    slow: true,
    open: () => openTfjs("webgpu").then(() => [ourContender("tfjs:webgpu", 1)]),
  },
  { name: fusedOnTfjs, slow: true, open: async () => [await fusedContender()] },
  { name: "tfjs-webgpu", slow: true, open: async () => [await tfjsContender("webgpu")] },
  { name: "jax-js webgpu", slow: true, open: async () => [await jaxContender("webgpu")] },
  { name: "bcosc tfjs:cpu", slow: true, open: async () => [ourContender("tfjs:cpu", 1)] },
  { name: "tfjs-cpu", slow: true, open: async () => [await tfjsContender("cpu")] },
  { name: "own gradients of tfjs-cpu", slow: true, open: async () => [await ownGradientsContender("cpu")] },
  { name: "jax-js wasm", slow: true, open: async () => [await jaxContender("wasm")] },
  { name: "bcosc reference", slow: true, open: async () => [ourContender("reference", 1)] },
];

/**
 * Everybody whose name has one of the texts in it, or all but the slow ones. Ours on WASM is always there: results are
 * compared with it. Without `single` what has threads runs only on all of them.
 */
export async function fieldOf(wanted: readonly string[], slow: boolean, single: boolean): Promise<Field> {
  const most = availableParallelism();
  const threads = single ? [...new Set([1, most])] : [most];
  const contenders: Contender[] = [];
  const absent: string[] = [];
  for (const entry of entries) {
    const asked = wanted.length === 0 || wanted.some((text) => entry.name.includes(text));
    if (!asked && entry !== entries[0]) continue;
    if (entry.slow === true && !slow && wanted.length === 0) {
      absent.push(`${entry.name}: slow on processors, runs with --slow or --contenders`);
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
