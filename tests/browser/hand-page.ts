/** What the browser runs: a plan made by hand, several times, and what the device says about a kernel that traps. */
import type { Program } from "../../src/compiler/graph/program.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";

export interface HandData {
  /** Binaries as arrays of bytes. */
  readonly program: Program;
  readonly broken: Program;
  readonly threads: number | null;
  readonly x: readonly number[];
}

export interface HandResult {
  readonly isolated: boolean;
  readonly threads: number | undefined;
  readonly y: readonly number[];
  readonly state: readonly number[];
  readonly failure: string;
}

export async function run({ program, broken, threads, x }: HandData): Promise<HandResult> {
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
  return { isolated: globalThis.crossOriginIsolated, threads: session.threads, y: Array.from(y), state, failure };
}

function withBinaries(program: Program): Program {
  const { module, relaxedModule } = program.wasm!;
  const bytes = (list: ArrayLike<number>): Uint8Array<ArrayBuffer> => Uint8Array.from(list);
  return { ...program, wasm: { ...program.wasm!, module: bytes(module), relaxedModule: bytes(relaxedModule) } };
}
