/** What a device is to the runtime. Implementations are in `devices/`. */
import type { GraphName, Program } from "../compiler/graph/program.ts";

/** Float64Array only where a session was opened with `precision: "float64"`. */
export type Tensor = Float32Array | Float64Array;

export interface DeviceOptions {
  /** float64 is for tests and verification; only the reference device has it. */
  readonly precision?: "float32" | "float64";
  /** How many threads may compute, for devices that have several. Results do not depend on it. Default: the device's. */
  readonly threads?: number;
}

export interface Device {
  readonly name: string;
  /** Allocates the program's state (zero-filled) and prepares its graphs. */
  open(program: Program, options: DeviceOptions): Promise<DeviceSession>;
}

export interface DeviceSession {
  /** Bytes that it holds, all of them, where the device knows. */
  readonly memoryBytes?: number;
  /** Threads that compute. */
  readonly threads?: number;
  /**
   * Runs one graph: feeds are row-major with the shapes of the graph's inputs, results are copies. State updates are
   * applied before it resolves. `only` names the outputs wanted, all without it.
   */
  run(
    graph: GraphName,
    feeds: Readonly<Record<string, Tensor>>,
    only?: readonly string[],
  ): Promise<Record<string, Tensor>>;
  /** A copy of a state tensor, in the program's own layout. */
  read(path: string): Promise<Tensor>;
  write(path: string, values: ArrayLike<number>): Promise<void>;
  dispose(): Promise<void>;
}
