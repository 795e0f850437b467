/** Whether `auto` takes the adapter that is there: a graphics card that computes rightly. */
import { nodeModule } from "../wasm/features.ts";
import { lookUpAdapter } from "./adapter.ts";
import { sharedGpu } from "./opened-gpu.ts";
import { checkAdapter } from "./self-test.ts";

export interface Judgement {
  readonly usable: boolean;
  /** Part of a sentence. */
  readonly reason: string;
  /** Whether a user would be surprised. */
  readonly warn?: boolean;
}

/** Never throws. Opens the adapter for a moment where it is a graphics card. */
export async function judgeAdapter(): Promise<Judgement> {
  if (!mayHaveCard()) return { usable: false, reason: "there is no graphics card" };
  const found = await lookUpAdapter();
  if (!("adapter" in found)) return { usable: false, reason: found.missing };
  const { name, software } = found.traits;
  if (software) return { usable: false, reason: `the only adapter of WebGPU runs on the processor (${name})` };
  try {
    const gpu = await sharedGpu();
    try {
      const wrong = await checkAdapter(gpu);
      if (wrong === undefined) return { usable: true, reason: `there is a graphics card (${name})` };
      return { usable: false, reason: `the graphics card (${name}) computes wrongly: ${wrong}`, warn: true };
    } finally {
      await gpu.release();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { usable: false, reason: `the graphics card (${name}) can not be opened: ${reason}`, warn: true };
  }
}

/** On Linux a card has a device file: without one, loading WebGPU can be spared. Elsewhere only asking tells. */
function mayHaveCard(): boolean {
  const fs = nodeModule("node:fs");
  if (fs === undefined || process.platform !== "linux") return true;
  return ["/dev/dri", "/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"].some((file) =>
    fs.existsSync(file),
  );
}
