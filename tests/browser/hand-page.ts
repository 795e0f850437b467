/** What the browser runs: a plan made by hand, several times, and what the device says about a kernel that traps. */
import type { Program } from "../../src/compiler/graph/program.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";

export interface HandData {
  /** Binaries as arrays of bytes. */
  readonly program: Program;
  readonly broken: Program;
  readonly threads: number | null;
  /** Whether the page may have workers. */
  readonly workers: boolean;
  readonly x: readonly number[];
}

export interface HandResult {
  readonly isolated: boolean;
  readonly threads: number | undefined;
  readonly y: readonly number[];
  readonly state: readonly number[];
  readonly failure: string;
  /** What a session says once one of its workers was terminated; empty where it has none. */
  readonly lost: string;
}

export async function run({ program, broken, threads, workers, x }: HandData): Promise<HandResult> {
  const options = threads === null ? {} : { threads };
  const session = await wasmDevice.open(withBinaries(program), options);
  const feeds = { x: Float32Array.from(x) };
  await session.write("s", x);
  let y: ArrayLike<number> = [];
  for (let i = 0; i < 20; i++) y = (await session.run("predict", feeds, ["y"]))["y"]!;
  const state = Array.from(await session.read("s"));
  await session.dispose();

  const failing = await wasmDevice.open(withBinaries(broken), options);
  const failure = await failing.run("predict", feeds).then(
    () => "it did not fail",
    (error: unknown) => String(error),
  );
  await failing.dispose();
  const lost = workers ? await loseWorker(program, options, feeds) : "";
  return { isolated: globalThis.crossOriginIsolated, threads: session.threads, y: Array.from(y), state, failure, lost };
}

async function loseWorker(program: Program, options: object, feeds: Record<string, Float32Array>): Promise<string> {
  const own = globalThis.Worker;
  const workers: Worker[] = [];
  globalThis.Worker = class extends own {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      workers.push(this);
    }
  };
  const session = await wasmDevice.open(withBinaries(program), options);
  globalThis.Worker = own;
  await session.run("predict", feeds);
  workers.at(-1)!.terminate();
  // A browser ends a worker that is at work only after seconds; until then the runs are right.
  let answer = "it did not fail";
  for (const end = performance.now() + 30_000; answer === "it did not fail" && performance.now() < end;) {
    await session.run("predict", feeds).catch((error: unknown) => (answer = String(error)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await session.dispose();
  return answer;
}

function withBinaries(program: Program): Program {
  const { module, relaxedModule } = program.wasm!;
  const bytes = (list: ArrayLike<number>): Uint8Array<ArrayBuffer> => Uint8Array.from(list);
  return { ...program, wasm: { ...program.wasm!, module: bytes(module), relaxedModule: bytes(relaxedModule) } };
}
