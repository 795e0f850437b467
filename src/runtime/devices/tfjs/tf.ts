/**
 * What the device uses of TensorFlow.js, as types of its own: the packages are optional, and types of packages that are
 * not installed would break the build of whoever uses this one.
 */
import type { TfjsBackend } from "../../../compiler/targets/tfjs/backends.ts";

export interface TfjsTensor {
  readonly shape: number[];
  readonly dtype: string;
  readonly size: number;
  readonly dataId: object;
  readonly isDisposed: boolean;
  /** No scope disposes it. */
  kept: boolean;
  dispose(): void;
  data(): Promise<unknown>;
}

export type KernelAttributes = Readonly<Record<string, unknown>>;

/** The engine that all copies of tfjs-core in a process share. */
export interface TfjsEngine {
  readonly backendName: string;
  readonly registry: { [name: string]: object };
  findBackendFactory(name: string): (() => object) | null;
  setBackend(name: string): Promise<boolean>;
  runKernel(name: string, inputs: { [name: string]: TfjsTensor }, attributes?: { [name: string]: unknown }): unknown;
  makeTensor(values: object, shape: number[], dtype: string): TfjsTensor;
  startScope(name?: string): void;
  endScope(result?: unknown): void;
}

/** `import * as tf from "@tensorflow/tfjs"`, or from tfjs-core, tfjs-node or tfjs-node-gpu. */
export interface TfjsModule {
  engine(): TfjsEngine;
  env(): { getBool(name: string): boolean };
  getKernel(kernel: string, backend: string): unknown;
  readonly version_core?: string;
}

/** What TensorFlow.js calls a backend itself. */
export function backendName(backend: TfjsBackend): string {
  return backend === "node" || backend === "node-gpu" ? "tensorflow" : backend;
}
