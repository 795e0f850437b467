/** What the browser runs: trains a program for some steps and explains, here or in a worker. No imports of Node's. */
import type { Program } from "../../src/compiler/graph/program.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { openSession } from "../../src/runtime/session.ts";

export interface GpuData {
  /** Without the binaries of `wasm` where it is for a page. */
  readonly program: Program;
  readonly device: "webgpu" | "wasm";
  readonly steps: readonly Readonly<Record<string, readonly number[]>>[];
  readonly images: readonly number[];
  readonly inWorker: boolean;
  /** Of each slice, where work is cut. */
  readonly sliceMilliseconds?: number;
}

export interface GpuResult {
  readonly losses: readonly number[];
  readonly explanations: readonly {
    readonly predicted: number;
    readonly explained: number;
    readonly contributions: readonly number[];
    readonly relativeResidual: number;
  }[];
}

/** Why this page has no WebGPU, or nothing. */
export async function missing(): Promise<string | undefined> {
  const gpu = navigator.gpu as GPU | undefined;
  if (gpu === undefined) return "navigator.gpu is not there";
  return (await gpu.requestAdapter()) === null ? "there is no adapter" : undefined;
}

export async function run(data: GpuData | { readonly ask: true }): Promise<GpuResult | { readonly missing: string }> {
  if ("ask" in data) return { missing: (await missing()) ?? "" };
  return data.inWorker ? inWorker({ ...data, inWorker: false }) : trainAndExplain(data);
}

function inWorker(data: GpuData): Promise<GpuResult> {
  const worker = new Worker("/tests/browser/gpu-worker.ts", { type: "module" });
  return new Promise<GpuResult>((resolve, reject) => {
    worker.onmessage = ({ data: answer }: MessageEvent<{ result?: GpuResult; error?: string }>) => {
      if (answer.result === undefined) reject(new Error(answer.error));
      else resolve(answer.result);
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(data);
  }).finally(() => worker.terminate());
}

export async function trainAndExplain(data: GpuData): Promise<GpuResult> {
  const { sliceMilliseconds } = data;
  const session = await openSession(data.program, {
    ...{ device: data.device, seed: 1 },
    ...(sliceMilliseconds === undefined ? {} : { sliceMilliseconds }),
  });
  const losses: number[] = [];
  for (const feeds of data.steps) losses.push((await session.run("train", feeds, ["loss"]))["loss"]![0]!);
  const explanations = await explain(session, data.images);
  await session.dispose();
  return {
    losses,
    explanations: explanations.map(({ predicted, explained, contributions, relativeResidual }) => {
      return { predicted, explained, contributions: Array.from(contributions), relativeResidual };
    }),
  };
}
