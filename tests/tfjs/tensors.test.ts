/** Tensors on devices `tfjs:NAME`: they go in and come out as they are. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { afterAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { createTfjsDevice, tensorSession } from "../../src/runtime/index.tfjs.ts";
import { openSession } from "../../src/runtime/session.ts";
import { net } from "../layers/nets.ts";
import { distance } from "../wasm-device/compare.ts";

afterAll(() => tf.setBackend("cpu"));

function network() {
  const b = net([5, 5, 2]);
  const conv = b.layer("conv", "conv", "input", { width: 3, kernel: 3, padding: 1 });
  return b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", conv), { width: 3 }));
}

describe.each(["cpu", "wasm"] as const)("a session on tfjs:%s", (backend) => {
  it("takes tensors and gives them, any number of images, and TensorFlow.js holds no more behind it", async () => {
    await tf.setBackend(backend);
    const program = buildProgram(network(), {
      ...{ form: "bcos", batch: 2, graphs: ["predict", "explain"], targets: [`tfjs:${backend}`] },
    }).program;
    const before = tf.memory().numTensors;
    const session = await openSession(program, { device: createTfjsDevice({ tf, backend }), seed: 2 });
    const reference = await openSession(program, { device: "reference", seed: 2 });
    const tensors = tensorSession(tf, session);
    expect(tensors.direct).toBe(true);
    for (let round = 0, first = 0; round < 2; round++) {
      for (const count of [1, 2, 5]) {
        const values = Float32Array.from({ length: count * 50 }, (_, i) => Math.abs(Math.sin(i + 1)));
        const images = tf.tensor4d(values, [count, 5, 5, 2]);
        const logits = await tensors.predict(images);
        expect(logits.shape).toEqual([count, 3]);
        expect(distance(await logits.data(), await reference.predict(values))).toBeLessThan(1e-5);
        const explanation = await tensors.explain(images, { versus: 0, target: 2 });
        const wanted = await explain(reference, values, { versus: 0, target: 2 });
        const contributions = wanted.flatMap((one) => Array.from(one.contributions));
        expect(distance(await explanation.contributions.data(), contributions)).toBeLessThan(1e-5);
        expect(explanation.contributions.shape).toEqual([count, 5, 5]);
        const own = await tensors.explain(images);
        const largest = (await explain(reference, values)).map(({ explained }) => explained);
        expect(distance(await own.explained.data(), largest)).toBeLessThan(1e-5);
        expect(distance(await images.data(), values)).toBe(0);
        tf.dispose([images, logits, explanation, own]);
      }
      // What the session prepares in its first runs stays until it is disposed.
      if (round === 0) first = tf.memory().numTensors;
      else expect(tf.memory().numTensors).toBe(first);
    }
    await session.dispose();
    await reference.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
