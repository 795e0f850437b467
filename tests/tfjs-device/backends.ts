/** Backends of TensorFlow.js for tests: those that every machine has, and those that need something. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { loadTfjs } from "../../src/runtime/devices/tfjs/load.ts";
import { createTfjsDevice } from "../../src/runtime/devices/tfjs/device.ts";
import type { TfjsModule } from "../../src/runtime/devices/tfjs/tf.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Program } from "../../src/compiler/graph/program.ts";
import type { TfjsTarget } from "../../src/compiler/targets/tfjs/backends.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { net } from "../layers/nets.ts";

type Need = "webgpu" | "tfjs-node";

function skipped(need: Need, reason: string): undefined {
  if ((process.env["BCOSC_REQUIRE"] ?? "").split(",").includes(need)) {
    throw new Error(`BCOSC_REQUIRE has ${need}, but there is none: ${reason}`);
  }
  console.warn(`these tests are skipped (${reason}); BCOSC_REQUIRE=${need} forbids that`);
  return undefined;
}

/** On an adapter of the machine, also one that runs on the processor. */
export async function webgpuBackend(): Promise<Device | undefined> {
  const loaded = await loadTfjs("webgpu");
  return "missing" in loaded ? skipped("webgpu", loaded.missing) : createTfjsDevice({ backend: "webgpu" });
}

/**
 * tfjs-node brings a libtensorflow that its install script fetches, so it is no dependency: `BCOSC_TFJS_NODE` names a folder
 * with a `node_modules` that has it.
 */
export async function nodeBackend(): Promise<{ readonly device: Device; readonly tf: TfjsModule } | undefined> {
  const folder = process.env["BCOSC_TFJS_NODE"];
  if (folder === undefined) return skipped("tfjs-node", "BCOSC_TFJS_NODE names no folder with @tensorflow/tfjs-node");
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "1";
  const tf = createRequire(join(folder, "from-here.js"))("@tensorflow/tfjs-node") as TfjsModule;
  return { device: createTfjsDevice({ backend: "node", tf }), tf };
}

/** Two convolutions, one with stride and dropout, a norm and a classifier: small enough for a thousand steps. */
export function tinyProgram(target: TfjsTarget, batch = 2): Program {
  const b = net([6, 6, 2]);
  const first = b.layer("conv", "conv1", "input", { width: 4, kernel: 3, padding: 1 });
  const second = b.layer("conv", "conv2", b.layer("norm", "bn1", first), {
    width: 3,
    kernel: 3,
    stride: 2,
    padding: 1,
  });
  const dropped = b.layer("dropout", "drop", second, { rate: 0.25 });
  const network = b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", dropped), { width: 3 }));
  return buildProgram(network, {
    form: "bcos",
    batch,
    graphs: ["predict", "explain", "gradient", "train"],
    train: {
      loss: { kind: "bce" },
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false },
      clip: { kind: "agc", factor: 0.01, epsilon: 1e-3 },
    },
    targets: [target],
  }).program;
}

/** The least that has dropout, a convolution and momentum, for a thousand steps. */
export function leastProgram(target: TfjsTarget): Program {
  const b = net([3, 3, 1]);
  const dropped = b.layer("dropout", "drop", b.layer("conv", "conv", "input", { width: 2, kernel: 3 }), { rate: 0.25 });
  const network = b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", dropped), { width: 2 }));
  return buildProgram(network, {
    form: "bcos",
    batch: 1,
    graphs: ["predict", "explain", "train"],
    train: { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 } },
    targets: [target],
  }).program;
}
