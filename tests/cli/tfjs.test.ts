/** The devices of TensorFlow.js on the command line: what works, and what users meet where a package is missing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bcosc, temporaryFolder } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const folder = temporaryFolder({ "tiny.bcos": tinyModel, ...tinyData(40, 10) });
const run = (line: string) => bcosc(line.split(" "), { cwd: folder });
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
