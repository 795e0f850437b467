/** What users meet where WebGPU can not work: no package, a package that does not load, no driver. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lookFrom } from "./look-from.ts";
import { bcosc, temporaryFolder, type RunOptions } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const folder = temporaryFolder({
  "tiny.bcos": tinyModel,
  ...tinyData(40, 10),
  "bare/.keep": "",
  "broken/node_modules/webgpu/package.json": JSON.stringify({ name: "webgpu", type: "module", exports: "./index.js" }),
  "broken/node_modules/webgpu/index.js":
    "import { createRequire } from 'node:module';\nexport const { create } = createRequire(import.meta.url)('./dawn.node');\n",
  "broken/node_modules/webgpu/dawn.node": "no binary of this system",
});

const webgpu = /^webgpu$/;
const nowhere = join(folder, "no-driver.json");
const faults: readonly { name: string; options: RunOptions; reason: string | RegExp; hint: string }[] = [
  {
    name: "the package is not installed",
    options: { node: lookFrom(join(folder, "bare"), webgpu) },
    reason: "the package `webgpu` is not installed",
    hint: "`npm install webgpu@",
  },
  {
    name: "the package does not load",
    options: { node: lookFrom(join(folder, "broken"), webgpu) },
    reason: /the package `webgpu` can not be loaded: .*dawn\.node/,
    hint: "see whether this system is one that it has a binary for",
  },
  {
    name: "there is no driver",
    options: { env: { VK_DRIVER_FILES: nowhere, VK_ICD_FILENAMES: nowhere } },
    reason: "WebGPU finds no adapter",
    hint: "install a driver for the graphics card",
  },
];

// Elsewhere the driver is part of the system.
const possible = faults.filter(({ options }) => options.env === undefined || process.platform === "linux");

describe.each(possible)("$name", ({ options, reason, hint }) => {
  const run = (line: string) => bcosc(line.split(" "), { cwd: folder, ...options });
  const containing = (part: string | RegExp): RegExp =>
    typeof part === "string" ? new RegExp(part.replace(/[`.]/g, "\\$&")) : part;

  it.each([
    "train tiny.bcos --data data --batch 10 --epochs 1 --out gpu --device webgpu",
    "tune tiny.bcos --out t.json",
  ])("%s says so", async (line) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    // The driver's own warnings come first.
    const said = err.slice(err.indexOf("error["));
    expect(said).toMatch(/^error\[run\/no-webgpu\]: the device `webgpu` is not here: /);
    expect(said).toMatch(containing(reason));
    expect(said).toContain(`= hint: ${hint}`);
    expect(said).not.toMatch(/^ +at /m);
    expect(["gpu", "t.json"].filter((name) => existsSync(join(folder, name)))).toEqual([]);
  });

  it("`auto` computes without", async () => {
    const { code, out } = await run("train tiny.bcos --data data --batch 10 --epochs 1 --out cpu --overwrite");
    expect(code).toBe(0);
    expect(out).toMatch(/, device wasm\n/);
  });

  it("`doctor` explains it", async () => {
    const { code, out } = await run("doctor");
    expect(code).toBe(0);
    const row = /^ {2}WebGPU +no: (.*)$/m.exec(out)?.[1];
    expect(row).toMatch(containing(reason));
    expect(row).toContain(hint);
    expect(out).toMatch(/^device wasm, /m);
  });
});
