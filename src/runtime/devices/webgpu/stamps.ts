/// <reference types="@webgpu/types" />
/** Timestamps of compute passes: one query set, made when a profile begins, and what reads it. */
import { fail } from "../../../diagnostics/catalogue.ts";
import { scoped } from "./error-scopes.ts";
import { mapRead, usage } from "./gpu.ts";
import { pending } from "./pending.ts";

/** Passes between two readings. Two queries each: a query set has 4096 at most. */
export const MOST_PASSES = 2048;

/** That a pass was under way, in nanoseconds on a clock of the GPU's own. */
export interface Stamp {
  readonly launch: number;
  readonly begin: bigint;
  readonly end: bigint;
}

export interface Stamps {
  readonly device: GPUDevice;
  /** Passes that can be encoded before the next reading. */
  readonly room: number;
  /** For the next pass. */
  next(launch: number): GPUComputePassTimestampWrites;
  /** Those of the passes since the last reading, all of them submitted, once the device has done them. */
  read(): Promise<readonly Stamp[]>;
  /** Forgets passes that were not read. */
  clear(): void;
  destroy(): void;
}

/** For a device with timestamps. Where it has no memory for them, `read` fails with `run/webgpu`. */
export function createStamps(device: GPUDevice): Stamps {
  const label = "times of launches";
  const size = 16 * MOST_PASSES;
  const { value, fault } = scoped(device, () => ({
    querySet: device.createQuerySet({ label, type: "timestamp", count: 2 * MOST_PASSES }),
    resolved: device.createBuffer({ label, size, usage: usage.queryResolve | usage.copySource }),
    mapped: device.createBuffer({ label, size, usage: usage.copyTarget | usage.mapRead }),
  }));
  const { querySet, resolved, mapped } = value;
  const launches: number[] = [];
  return {
    device,
    get room() {
      return MOST_PASSES - launches.length;
    },
    next(launch) {
      const first = 2 * launches.length;
      launches.push(launch);
      return { querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
    },
    async read() {
      const own = launches.splice(0);
      if (own.length === 0) return [];
      const problem = await fault;
      if (problem !== undefined) fail("run/webgpu", { what: label, reason: problem.message });
      const encoder = device.createCommandEncoder({ label });
      encoder.resolveQuerySet(querySet, 0, 2 * own.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, mapped, 0, 16 * own.length);
      device.queue.submit([encoder.finish()]);
      await pending(device, mapped.mapAsync(mapRead, 0, 16 * own.length));
      const times = new BigUint64Array(mapped.getMappedRange(0, 16 * own.length)).slice();
      mapped.unmap();
      return own.map((launch, i) => ({ launch, begin: times[2 * i]!, end: times[2 * i + 1]! }));
    },
    clear() {
      launches.length = 0;
    },
    destroy() {
      querySet.destroy();
      resolved.destroy();
      mapped.destroy();
    },
  };
}
