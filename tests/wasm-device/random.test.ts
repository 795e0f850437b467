/** Random networks on the WASM device: as near to float64 as the reference device is in float32. */
import { expect, test } from "vitest";
import { compareRandomNetworks } from "./random-networks.ts";

test("random networks agree with the reference device", { timeout: 120_000 }, async () => {
  const options = { device: "wasm", threads: 2 } as const;
  const compared = await compareRandomNetworks({
    target: "wasm",
    options,
    sizes: [9, 21, 6],
    batches: [1, 7],
    runs: 60,
  });
  expect(compared).toBeGreaterThan(15);
});
