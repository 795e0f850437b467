/** Weight files for the commands. */
import { loadSafetensors } from "../runtime/weights/files.node.ts";
import { weightsFromSafetensors, type Weights } from "../runtime/weights/weights.ts";

export async function loadWeights(path: string): Promise<Weights> {
  return weightsFromSafetensors(await loadSafetensors(path));
}
