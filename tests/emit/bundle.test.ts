/** What a bundler makes of a page with an emitted module: how large the runtime is, and what must not be in it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { beforeAll, expect, it } from "vitest";
import { emitModel } from "../../src/compiler/emit/emit-model.ts";
import { addFiles, createProject, networkOf } from "./project.ts";

const folder = createProject(
  new Map([
    ["index.html", '<!doctype html><canvas></canvas><script type="module" src="/page.js"></script>'],
    [
      "page.js",
      `import { load, classes } from "./mnist.js";
const net = await load({ weights: "model.safetensors" });
const canvas = document.querySelector("canvas");
const explanation = await net.explain(canvas, { target: classes[3] });
canvas.getContext("2d").putImageData(explanation.toImageData(), 0, 0);
`,
    ],
  ]),
);
const chunks = new Map<string, string>();
/** Paths of what is in them. */
let modules: readonly string[] = [];
let assets: readonly string[] = [];

beforeAll(async () => {
  const classes = Array.from({ length: 10 }, (_, i) => String(i));
  addFiles(folder, (await emitModel(networkOf("models/mnist.bcos"), { name: "mnist", classes })).files);
  const built = await build({ root: folder, configFile: false, logLevel: "error", build: { target: "es2023" } });
  if (Array.isArray(built) || !("output" in built)) throw new Error("there is one build");
  for (const part of built.output) if (part.type === "chunk") chunks.set(part.fileName, part.code);
  modules = built.output.flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
  assets = built.output.flatMap((part) => (part.type === "asset" ? [part.fileName] : []));
  // What a worker needs is built by itself.
  for (const name of assets.filter((name) => name.endsWith(".js"))) {
    chunks.set(name, readFileSync(join(folder, "dist", name), "utf8"));
  }
}, 120_000);

it("is below 80 KB, both devices, training and the program of workers included", () => {
  const bytes = [...chunks.values()].reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(80_000);
});

it("has neither the compiler nor the device that interprets graphs, nor code from text", () => {
  expect(modules.filter((id) => id.includes("/src/runtime/")).length).toBeGreaterThan(40);
  const unwanted =
    /chevrotain|\/grammar\/|\/src\/compiler\/|reference\/(device|kernels)|exchange|torch|onnx|tfjs|pictures|tune|cosify/;
  expect(modules.filter((id) => unwanted.test(id.replace(/^.*(?=\/dist\/)/, "")))).toEqual([]);
  for (const [name, text] of chunks) {
    expect(/\beval\(|new Function\b|Function\(["'`]/.test(text), name).toBe(false);
  }
});

it("has a file for the workers, which a policy of the page's own origin allows", () => {
  const [worker, ...others] = [...chunks.keys()].filter((name) => name.includes("/worker-"));
  expect(others).toEqual([]);
  expect([...chunks.values()].some((text) => text.includes(worker!.replace(/^.*\//, "")))).toBe(true);
  expect(/\bimport\b/.test(chunks.get(worker!)!)).toBe(false);
});

it("has plans and kernels as files that are loaded when they are needed, and nothing that is only to be read", () => {
  const loaded = assets.filter((name) => !/\.(js|html)$/.test(name));
  const named = loaded.map((name) => name.replace(/^.*\//, "").replace(/-[\w-]{8}\./, ".")).sort();
  expect(named).toEqual(["mnist.relaxed.wasm", "mnist.wasm", "mnist.wasm.plan.json", "mnist.webgpu.plan.json"]);
});
