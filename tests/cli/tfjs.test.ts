/** The devices of TensorFlow.js on the command line: what works, and what users meet where a package is missing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { bcosc, root, temporaryFolder, type RunOptions } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

/** In the folder `at`: tfjs-backend-cpu as one of the packages with a libtensorflow, which says other things of itself. */
function standIn(
  at: string,
  name: string,
  traits: Readonly<Record<string, unknown>>,
  kernel = "",
): Readonly<Record<string, string>> {
  const real = (file: string): string => JSON.stringify(join(root, "node_modules/@tensorflow", file));
  return {
    [`${at}/node_modules/${name}/package.json`]: JSON.stringify({ name, main: "index.js" }),
    [`${at}/node_modules/${name}/index.js`]: `
      const tf = require(${real("tfjs-core")});
      const { MathBackendCPU } = require(${real("tfjs-backend-cpu")});
      tf.copyRegisteredKernels("cpu", "tensorflow");
      ${kernel}
      tf.registerBackend("tensorflow", () => Object.assign(new MathBackendCPU(), ${JSON.stringify(traits)}), 3);
      tf.setBackend("tensorflow");
      module.exports = tf;`,
  };
}

const gpu = "@tensorflow/tfjs-node-gpu";
const broken = `
  tf.unregisterKernel("Add", "tensorflow");
  tf.registerKernel({ kernelName: "Add", backendName: "tensorflow", kernelFunc() {
    throw new TypeError("(0 , util_1.isNullOrUndefined) is not a function");
  } });`;

const folder = temporaryFolder({
  "tiny.bcos": tinyModel,
  ...tinyData(40, 10),
  "bare/.keep": "",
  "addon/node_modules/@tensorflow/tfjs-node-gpu/package.json": JSON.stringify({ name: gpu, main: "index.js" }),
  "addon/node_modules/@tensorflow/tfjs-node-gpu/index.js": `
    throw new Error("The Node.js native addon module (tfjs_binding.node) can not be found at path: x. \\nPlease run");`,
  ...standIn("cardless", gpu, { isGPUPackage: true, isUsingGpuDevice: false }),
  ...standIn("whole", gpu, { isGPUPackage: true, isUsingGpuDevice: true, binding: { TF_Version: "2.9.1" } }),
  ...standIn("late", "@tensorflow/tfjs-node", { isGPUPackage: false, isUsingGpuDevice: false }, broken),
});
const run = (line: string, options: RunOptions = {}) => bcosc(line.split(" "), { cwd: folder, ...options });

/** Options of Node that make it look for the packages of TensorFlow.js from another folder. */
function lookFrom(place: string): readonly string[] {
  const from = pathToFileURL(join(folder, place, "main.js")).href;
  const hooks = `export const resolve = (name, context, next) => next(name,
    name.startsWith("@tensorflow/") && context.parentURL?.includes("/devices/tfjs/")
      ? { ...context, parentURL: ${JSON.stringify(from)} } : context);`;
  const module = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
  return ["--import", module(`import { register } from "node:module"; register(${JSON.stringify(module(hooks))});`)];
}
const training = "train tiny.bcos --data data --batch 10 --epochs 1 --lr 0.02 --seed 1";

it("trains, measures and explains on tfjs:wasm, with nothing on the console but its own lines", async () => {
  const trained = await run(`${training} --out runs/wasm --device tfjs:wasm`);
  expect(trained).toMatchObject({ code: 0, err: "" });
  expect(trained.out).not.toContain("TensorFlow");
  const measured = await run("evaluate tiny.bcos --weights runs/wasm/model.safetensors --data data --device tfjs:cpu");
  expect(measured).toMatchObject({ code: 0, err: "" });
  const reference = await run(
    "evaluate tiny.bcos --weights runs/wasm/model.safetensors --data data --device reference",
  );
  expect(measured.out).toBe(reference.out);
  const explained = await run(
    "explain tiny.bcos --weights runs/wasm/model.safetensors --data data --index 0 --out explained --device tfjs:wasm",
  );
  expect(explained).toMatchObject({ code: 0, err: "" });
});

it("says what tfjs:node-gpu lacks, what to install and what works without", async () => {
  const { code, out, err } = await run(`${training} --out runs/gpu --device tfjs:node-gpu`);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(/^error\[run\/no-tfjs\]: the device `tfjs:node-gpu` is not here: .*tfjs-node-gpu/);
  if (err.includes("is not installed")) expect(err).toContain("`npm install @tensorflow/tfjs-node-gpu@4.22.0`");
  expect(err).toContain("it needs an NVIDIA driver, CUDA 11.2 and cuDNN 8.1");
  expect(err).toContain("without it: `tfjs:node` computes on the processor");
  expect(err).not.toMatch(/^ +at /m);
  expect(existsSync(join(folder, "runs/gpu"))).toBe(false);
});

it("knows the names of the backends", async () => {
  const { code, err } = await run(`${training} --out runs/none --device tfjs:gpu`);
  expect(code).toBe(2);
  expect(err).toContain("tfjs:node-gpu");
  const page = await run(`${training} --out runs/none --device tfjs:webgl`);
  expect(page).toMatchObject({ code: 1 });
  expect(page.err).toContain("Node has no WebGL");
});

describe("packages that are there in part", () => {
  const doctor = async (place: string): Promise<string> => (await run("doctor", { node: lookFrom(place) })).out;
  const training = "train tiny.bcos --data data --batch 10 --epochs 1 --lr 0.02 --seed 1 --out runs/part --device";

  it("none", async () => {
    const out = await doctor("bare");
    const install = "`npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0`";
    expect(out).toMatch(/^ {2}tfjs:wasm +no: the package `@tensorflow\/tfjs-core` is not installed; /m);
    expect(out).toContain(install);
    expect(out).toMatch(/^ {2}tfjs:node +no: the package `@tensorflow\/tfjs-node` is not installed; /m);
    expect(out).toMatch(/^device wasm/m);
    const { code, err } = await run(`${training} tfjs:wasm`, { node: lookFrom("bare") });
    expect(code).toBe(1);
    expect(err).toContain(install);
    expect(err).toContain("without it: `wasm`, which needs no other package");
  });

  it("without the binary that the install script fetches", async () => {
    const { code, err } = await run(`${training} tfjs:node-gpu`, { node: lookFrom("addon") });
    expect(code).toBe(1);
    expect(err).toMatch(
      /is not here: `@tensorflow\/tfjs-node-gpu` can not be loaded: The Node\.js native addon module/,
    );
    expect(err).toContain("`npm rebuild @tensorflow/tfjs-node-gpu`");
    expect(err).not.toMatch(/^ +at /m);
  });

  it("without a graphics card, where TensorFlow would take the processor in silence", async () => {
    const { code, err } = await run(`${training} tfjs:node-gpu`, { node: lookFrom("cardless") });
    expect(code).toBe(1);
    expect(err).toContain("TensorFlow finds no graphics card that it can use, and would compute on the processor");
    expect(err).toContain("CUDA 11.2 and cuDNN 8.1");
  });

  it("on a Node that is too new for the package", async () => {
    const { code, err } = await run(`${training} tfjs:node`, { node: lookFrom("late") });
    expect(code).toBe(1);
    expect(err).toContain(
      "the backend `tensorflow` does not compute: (0 , util_1.isNullOrUndefined) is not a function",
    );
    expect(err).toContain(`a binding for this Node (${process.versions.node}; it has those for Node 18 to 22)`);
  });

  it("and whole", async () => {
    const place = "whole";
    expect(await doctor(place)).toMatch(/^ {2}tfjs:node-gpu +tfjs 4\.\d+\.\d+, libtensorflow 2\.9\.1, on CUDA$/m);
    const { code, out, err } = await run(`${training} tfjs:node-gpu`, { node: lookFrom(place) });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("epoch 1");
  });
});
