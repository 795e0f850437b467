/** What the browser runs: trains a compiled program for some steps. No imports of Node's, no packages. */
import type { Program } from "../../src/compiler/graph/program.ts";
import { openSession } from "../../src/runtime/session.ts";

/** The program with its binaries as base64, and the feeds of every step. */
export interface TrainData {
  readonly program: Program;
  readonly module: string;
  readonly relaxedModule: string;
  readonly threads: number | null;
  readonly steps: readonly Readonly<Record<string, readonly number[]>>[];
}

export interface Trained {
  readonly isolated: boolean;
  readonly device: string;
  readonly threads: number | undefined;
  readonly losses: readonly number[];
  /** A weight after the last step. */
  readonly weight: readonly number[];
}

export async function run(data: TrainData): Promise<Trained> {
  const wasm = { ...data.program.wasm!, module: bytes(data.module), relaxedModule: bytes(data.relaxedModule) };
  const program = { ...data.program, wasm };
  const session = await openSession(program, {
    seed: 1,
    ...(data.threads === null ? {} : { threads: data.threads }),
  });
  const losses: number[] = [];
  for (const feeds of data.steps) {
    const { loss } = await session.run("train", feeds, ["loss"]);
    losses.push(loss![0]!);
  }
  const [weight] = (await session.exportWeights()).values();
  const result = {
    isolated: globalThis.crossOriginIsolated,
    device: session.device,
    threads: session.threads,
    losses,
    weight: Array.from(weight!.data),
  };
  await session.dispose();
  return result;
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
