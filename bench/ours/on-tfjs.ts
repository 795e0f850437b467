/** Our kernels inside a program of TensorFlow.js: on the graphics device that its backend computes on. */
import { openSessionOn } from "../../src/runtime/session.ts";
import { fusedDevice } from "../../src/runtime/tfjs/fused-device.ts";
import type { Contender } from "../contender.ts";
import { openTfjs } from "../peers/tfjs/contender.ts";
import { contenderOf } from "./contender.ts";

export const fusedOnTfjs = "bcosc on the device of tfjs-webgpu";

export async function fusedContender(): Promise<Contender> {
  const { tf } = await openTfjs("webgpu");
  const device = await fusedDevice(tf as unknown as Parameters<typeof fusedDevice>[0]);
  return contenderOf({
    ...{ name: fusedOnTfjs, threads: 1, target: "webgpu" },
    open: (program) => openSessionOn(device, program),
  });
}
