/** The bench's kernels compute what they are said to: on WASM and in TensorFlow.js as on the reference device. */
import { expect, test } from "vitest";
import { inputsOf } from "../../bench/inputs.ts";
import { ourContender, type OurDevice } from "../../bench/ours/contender.ts";
import { isDeclined } from "../../bench/contender.ts";
import { passes, type ConvolutionWorkload, type ProductWorkload } from "../../bench/workloads.ts";

const small = { kind: "convolution", id: "small", batch: 2, side: 5, inputs: 3, outputs: 4 } as const;
const product: ProductWorkload = { kind: "product", id: "product", size: 7 };
const convolutions = passes.flatMap((pass) =>
  (["plain", "bcos"] as const).map((form): ConvolutionWorkload => ({ ...small, pass, form })),
);

async function resultOn(device: OurDevice, workload: ProductWorkload | ConvolutionWorkload): Promise<Float32Array> {
  const prepared = await ourContender(device, 1).prepare(workload, await inputsOf(workload));
  if (isDeclined(prepared)) throw new Error(prepared.declined);
  const results = await prepared.results();
  // A run that was made once is made again, not skipped: the numbers stay.
  await prepared.run();
  await prepared.dispose();
  return results.get("result")!;
}

test.each([product, ...convolutions])("$kind $pass $form: all devices agree", async (workload) => {
  const reference = await resultOn("reference", workload);
  expect(reference.some((value) => value !== 0)).toBe(true);
  for (const device of ["wasm", "tfjs:wasm"] as const) {
    const result = await resultOn(device, workload);
    result.forEach((value, i) => expect(value, device).toBeCloseTo(reference[i]!, 4));
  }
});
