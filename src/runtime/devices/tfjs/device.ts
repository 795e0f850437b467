/** The devices `tfjs:BACKEND`: run a program's plans as calls of TensorFlow.js. */
import type { TfjsBackend } from "../../../compiler/targets/tfjs/backends.ts";
import type { TfjsCode } from "../../../compiler/targets/tfjs/plan.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { graphNamesOf } from "../../../graph-signature.ts";
import type { Device } from "../../device.ts";
import { kernelsOf } from "./calls.ts";
import { loadTfjs, type LoadedTfjs } from "./load.ts";
import { openTfjsSession } from "./session.ts";
import type { TfjsModule } from "./tf.ts";

export interface TfjsDeviceOptions {
  readonly backend: TfjsBackend;
  /**
   * `import * as tf from "@tensorflow/tfjs"`, where the program has the package itself, as pages must: then its backend is
   * used, and imported by the program. Default: the packages are imported when a session is opened.
   */
  readonly tf?: TfjsModule;
}

/**
 * A device of its own, for `openSession(program, { device })`. Sessions fail to open with `run/no-tfjs` where the backend is
 * missing, `run/no-plan` where the program was not built for it, and `run/precision` for float64.
 */
export function createTfjsDevice({ backend, tf }: TfjsDeviceOptions): Device {
  const device = `tfjs:${backend}`;
  return {
    name: device,
    async open(program, options) {
      if ((options.precision ?? "float32") !== "float32") fail("run/precision", { device, precision: "float64" });
      const code = program.tfjs;
      if (code?.backend !== backend) return fail("run/no-plan", { device, graph: graphNamesOf(program) });
      const loaded = await loadTfjs(backend, tf);
      if ("missing" in loaded) return fail("run/no-tfjs", { device, reason: loaded.missing }, { hints: loaded.hints });
      requireKernels(code, loaded, device);
      return openTfjsSession(program, code, loaded.opened, device);
    },
  };
}

/** A package of another version, or one that the program has put together itself, may lack some. */
function requireKernels({ plans }: TfjsCode, { tf, opened }: LoadedTfjs, device: string): void {
  for (const { calls } of Object.values(plans)) {
    for (const { op, attributes, layer } of calls) {
      for (const kernel of kernelsOf(op, attributes)) {
        if (tf.getKernel(kernel, opened.name) !== undefined) continue;
        const what = `\`${op}\`${layer === undefined ? "" : ` of \`${layer}\``}`;
        fail("run/tfjs", { device, what, reason: `the backend has no kernel \`${kernel}\`` });
      }
    }
  }
}
