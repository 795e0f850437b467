/** Every kind of norm, on images, in a plan: statistics a sample, a pixel, a channel or a group, beside a weight a channel. */
import { expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { normVariants } from "../../src/compiler/composites/norm.ts";
import { referenceDevice } from "../../src/runtime/devices/reference/device.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import { openSession } from "../../src/runtime/session.ts";

const kinds = Object.keys(normVariants).map((name) => (name.startsWith("group") ? `${name}(2)` : name));

test.each(kinds)("%s", async (kind) => {
  const text = `bcos { preset: v2, norm: ${kind}, norm_bias: true }
    model Net(classes: int = 3) {
      input  image: [5, 7, 3]
      output logits: [classes]
      body   = image -> conv(4, kernel: 3) -> norm -> conv(6, kernel: 3, stride: 2) -> norm
      logits = body -> global_avg_pool -> linear(classes)
    }`;
  const { networks } = checkFile(createMemoryHost({ "net.bcos": text }), "net.bcos");
  const graphs = ["predict", "explain", "gradient", "train"] as const;
  const train = {
    loss: { kind: "bce" as const },
    optimizer: { kind: "sgd" as const, momentum: 0.9, weightDecay: 0 },
  };
  const { program } = buildProgram(networks[0]!, { form: "bcos", batch: 2, graphs, train, targets: ["wasm"] });
  const image = Float32Array.from({ length: 2 * 5 * 7 * 3 }, (_, i) => 0.5 + 0.5 * Math.sin(1.3 * i));
  const cotangent = [1, 0, -1, 0, 1, 0];
  const targets = [1, 0, 0, 0, 0, 1];
  const results = [];
  for (const device of [referenceDevice, wasmDevice]) {
    const session = await openSession(program, { device, seed: 3 });
    const explained = await session.run("explain", { image, cotangent });
    const gradient = await session.run("gradient", { image, cotangent });
    const trained = await session.run("train", { image, targets, learningRate: [0.1], step: [1] });
    const after = await session.run("predict", { image });
    results.push([
      explained["contributions"],
      explained["constant"],
      gradient["gradient"],
      trained["loss"],
      after["logits"],
    ]);
    await session.dispose();
  }
  const [reference = [], wasm = []] = results;
  reference.forEach((expected, i) => {
    const scale = Math.max(...Array.from(expected, Math.abs));
    Array.from(expected).forEach((v, at) => expect(Math.abs(wasm[i]![at]! - v) / scale).toBeLessThan(2e-5));
  });
});
