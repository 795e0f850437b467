/** The WebGPU device: runs a program's plans with its WGSL kernels, on a graphics card or what stands for one. */
import { fail } from "../../../diagnostics/catalogue.ts";
import type { Device } from "../../device.ts";
import { defaultHistoryLimits, type HistoryLimits } from "./history.ts";
import { sharedGpu, type GpuSource, type OpenedGpu } from "./opened-gpu.ts";
import { checkAdapter } from "./self-test.ts";
import { openGpuSession } from "./session.ts";

export interface WebgpuDeviceOptions {
  /** Where devices come from. Default: the process's own, shared by all sessions. */
  readonly source?: GpuSource;
  /** How much may be done again when a device is lost. */
  readonly history?: HistoryLimits;
}

/** `webgpuDevice` is one without options. */
export function createWebgpuDevice({
  source = sharedGpu,
  history = defaultHistoryLimits,
}: WebgpuDeviceOptions = {}): Device {
  return {
    name: "webgpu",
    async open(program, options) {
      if ((options.precision ?? "float32") !== "float32") {
        fail("run/precision", { device: "webgpu", precision: "float64" });
      }
      const { sliceMilliseconds, tuning } = options;
      if (sliceMilliseconds !== undefined && !(sliceMilliseconds > 0)) {
        fail("run/input", {
          name: "sliceMilliseconds",
          expected: "a number above 0",
          found: String(sliceMilliseconds),
        });
      }
      return openGpuSession(program, {
        source,
        history,
        check: requireRight,
        ...(sliceMilliseconds === undefined ? {} : { sliceMilliseconds }),
        ...(tuning === undefined ? {} : { tuning }),
      });
    },
  };
}

/** Fails with `run/wrong-results`. */
async function requireRight(gpu: OpenedGpu): Promise<void> {
  const wrong = await checkAdapter(gpu);
  if (wrong !== undefined) fail("run/wrong-results", { adapter: gpu.traits.name, what: wrong });
}

export const webgpuDevice: Device = createWebgpuDevice();
