/** What the gradients of a B-cos convolution start from, computed by us for everybody. */
import { openSession } from "../../src/runtime/session.ts";
import type { NamedTensor, Tensors } from "../contender.ts";
import type { ConvolutionWorkload } from "../workloads.ts";
import { productAndNormProgram } from "./kernel-program.ts";
import { stateFor } from "./state.ts";

/** `o` [N,H,W,O] and `n` [N,H,W,1] of `x` and `w`. */
export async function productAndNorm(workload: ConvolutionWorkload, given: Tensors): Promise<Map<string, NamedTensor>> {
  const session = await openSession(productAndNormProgram(workload), { device: "wasm", threads: 1 });
  await session.importWeights(stateFor(session.program, given));
  await session.run("predict", {}, []);
  const state = await session.exportWeights();
  await session.dispose();
  return new Map(
    ["o", "n"].map((path) => {
      const { shape, data } = state.get(path)!;
      return [path, { shape, values: Float32Array.from(data) }];
    }),
  );
}
