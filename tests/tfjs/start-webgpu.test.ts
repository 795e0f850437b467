/// <reference types="@webgpu/types" />
/** TensorFlow.js on a graphics device that was opened with our kernels in mind. */
import { expect, it } from "vitest";
import { fusedDevice, startWebgpu, tensorSession } from "../../src/runtime/index.tfjs.ts";
import { openSession } from "../../src/runtime/session.ts";
import { requireAdapter } from "../../src/runtime/devices/webgpu/adapter.ts";
import { distance, feedsOf } from "../wasm-device/compare.ts";
import { tinyProgram } from "../webgpu-device/support.ts";
import { importTfjsOnWebgpu } from "./webgpu.ts";

const found = await importTfjsOnWebgpu();

it.skipIf(found === undefined)("has what the adapter has, and computes for both", async () => {
  const { tf, webgpu } = found!;
  const fused = await startWebgpu(tf, webgpu);
  expect(tf.getBackend()).toBe("webgpu");
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  const { traits } = await requireAdapter();
  expect([...device.features]).toEqual(expect.arrayContaining([...traits.features]));

  const program = tinyProgram(["predict"]);
  const session = await openSession(program, { device: fused, seed: 4 });
  const truth = await openSession(program, { device: "reference", seed: 4 });
  const feeds = feedsOf(program, "predict", 1);
  const { logits } = await tensorSession(tf, session).run("predict", feeds);
  const doubled = tf.mul(logits!, 2);
  const wanted = (await truth.run("predict", feeds))["logits"]!;
  expect(
    distance(
      (await doubled.data()) as Float32Array,
      wanted.map((value) => 2 * value),
    ),
  ).toBeLessThan(1e-5);
  tf.dispose([logits!, doubled]);
  await session.dispose();
  await truth.dispose();

  // The same device for who comes later; another one can't be started.
  const again = await openSession(program, { device: await fusedDevice(tf), seed: 4 });
  expect(again.place).toBe(device);
  await again.dispose();
  await expect(startWebgpu(tf, webgpu)).rejects.toThrow("run/tfjs-webgpu");
});
