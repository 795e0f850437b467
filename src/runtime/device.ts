/** What a device is to the runtime. Implementations are in `devices/`. */
import type { GraphName, Program } from "../compiler/graph/program.ts";

/** Float64Array only where a session was opened with `precision: "float64"`. */
export type Tensor = Float32Array | Float64Array;

export interface DeviceOptions {
  /** float64 is for tests and verification; only the reference device has it. */
  readonly precision?: "float32" | "float64";
}

export interface Device {
  readonly name: string;
  /** Allocates the program's state (zero-filled) and prepares its graphs. */
  open(program: Program, options: DeviceOptions): Promise<DeviceSession>;
}

export interface DeviceSession {
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
