/** What a program can carry code for: the devices that run plans of kernels, and each backend of TensorFlow.js. */
import { targetNames, type TargetName } from "../plan/plan.ts";
import { tfjsTargets, type TfjsTarget } from "./tfjs/backends.ts";

export type CodeTarget = TargetName | TfjsTarget;

export const codeTargets: readonly CodeTarget[] = [...targetNames, ...tfjsTargets];

/** What a program needs code for, to run on the device of a name: nothing for one that interprets graphs. */
export function targetsFor(device: string): readonly CodeTarget[] {
  return codeTargets.filter((name) => name === device);
}
