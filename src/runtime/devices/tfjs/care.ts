/// <reference types="@webgpu/types" />
/**
 * What the backends do not tell by themselves. WebGPU refuses work in silence, and WebAssembly whose memory is full gives
 * address 0, over which kernels then write.
 */
import type { OpenedBackend } from "./turn.ts";

/** That there is no more memory. */
export class MemoryFailure extends Error {}

/** A kernel that traps has left the memory of all tensors as it may be. */
export function isTrap(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  return error instanceof Error && error.cause !== undefined && isTrap(error.cause);
}

export interface Trouble {
  readonly memory: boolean;
  readonly reason: string;
}

export interface Watched<T> {
  readonly result: T;
  /** What the device says to the work, once it has looked at it. */
  readonly trouble: Promise<Trouble | undefined>;
}

export interface Care {
  /** Does `work`, which does not wait for anything. Throws what that throws, or `MemoryFailure`. */
  watch<T>(work: () => T): Watched<T>;
  /** The device that may be lost. */
  readonly device?: GPUDevice;
}

const quiet = Promise.resolve(undefined);

export function careFor({ name, instance }: OpenedBackend): Care {
  if (name === "webgpu") return careForGpu(instance as GpuBackend);
  if (name === "wasm") return careForWasm(instance as WasmBackend);
  return { watch: (work) => ({ result: work(), trouble: quiet }) };
}

/** Of tfjs-backend-webgpu 4.22. */
interface GpuBackend {
  readonly device: GPUDevice;
  readonly commandEncoder: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

const SCOPES = ["validation", "out-of-memory", "internal"] as const;

/**
 * Error scopes around exactly the session's own work: what the program has made on the same device before is submitted
 * before they are opened, and what the session has made before they are closed.
 */
function careForGpu(backend: GpuBackend): Care {
  const { device } = backend;
  const flush = (): void => {
    if (backend.commandEncoder === null) return;
    backend.endComputePassEncoder();
    backend.submitQueue();
  };
  return {
    device,
    watch(work) {
      flush();
      for (const scope of SCOPES) device.pushErrorScope(scope);
      let result;
      try {
        result = work();
      } catch (error) {
        void close();
        throw error;
      }
      return { result, trouble: close() };
    },
  };

  async function close(): Promise<Trouble | undefined> {
    flush();
    // The scope that was opened last is closed first.
    const kinds = [...SCOPES].reverse();
    const errors = await Promise.all(kinds.map(() => device.popErrorScope().catch(() => null)));
    const at = errors.findIndex((error) => error !== null);
    return at < 0 ? undefined : { memory: kinds[at] === "out-of-memory", reason: errors[at]!.message };
  }
}

/** Of tfjs-backend-wasm 4.22. */
interface WasmBackend {
  readonly wasm: { _malloc(bytes: number): number; readonly HEAPU8: Uint8Array };
}

/** Of at most 4 GiB. What lacks behind this is memory, far more likely than anything else. */
const MUCH = 2 ** 31;

function careForWasm({ wasm }: WasmBackend): Care {
  return {
    watch(work) {
      const { _malloc: allocate } = wasm;
      wasm._malloc = (bytes) => {
        const address = allocate(bytes);
        if (address === 0 && bytes > 0) {
          throw new MemoryFailure(`WebAssembly has no ${(bytes / 2 ** 20).toFixed(1)} MiB more`);
        }
        return address;
      };
      try {
        return { result: work(), trouble: quiet };
      } catch (error) {
        // What kernels pack for themselves they allocate without looking.
        const taken = wasm.HEAPU8.length;
        if (!isTrap(error) || taken < MUCH) throw error;
        const mebibytes = Math.round(taken / 2 ** 20);
        throw new MemoryFailure(`WebAssembly has taken ${mebibytes} of at most 4096 MiB, and a kernel trapped`, {
          cause: error,
        });
      } finally {
        wasm._malloc = allocate;
      }
    },
  };
}
