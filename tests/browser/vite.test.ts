/**
 * A fresh project with the packed package in a real browser: built pages under a strict content security policy give the
 * numbers of the command line, and the development server follows changes and shows our frames.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium, isolation, requires } from "./chromium.ts";
import { openBrowser, type Browser } from "./devtools.ts";
import {
  checkConfig,
  checkPage,
  expectSame,
  explainedInTerminal,
  faultsOf,
  resultOf,
  serveCheck,
  testDigits,
  textOf,
  type Result,
} from "./explained-digits.ts";
import { createSite, serveFiles, type Site } from "./site.ts";
import { webgpuFlags, webgpuPatience, whyNoWebgpu } from "./webgpu-tier.ts";

const skipped = chromium === undefined && !requires("browser");
if (skipped) console.warn("no Chromium here: the tests of a project in a browser are skipped");
const noWebgpu = skipped ? "there is no Chromium" : await whyNoWebgpu();

/** Where a module explains the digits: in the page or in a worker. */
const explainScript = `import { load, model as compiled } from "NET";

export async function explainDigits(device) {
  try {
    const images = await (await fetch("/digits.json")).json();
    const model = await load({ weights: "/model.safetensors", device });
    const explanations = await model.explain(images.map((image) => Float32Array.from(image)));
    const digits = explanations.map((e) => ({
      predicted: e.predicted,
      logits: Array.from(e.logits),
      contributions: Array.from(e.contributions),
      explained: e.explained,
      constant: e.constant,
      residual: e.residual,
      colour: Array.from(e.toImageData().data),
    }));
    const result = { device: model.device, digits };
    await model.dispose();
    return { result };
  } catch (error) {
    return { failure: String(error) };
  }
}

globalThis.architecture = compiled.architecture;
if (import.meta.hot) {
  import.meta.hot.accept("./net.bcos", ({ model }) => {
    globalThis.architecture = model.architecture;
    globalThis.updates = (globalThis.updates ?? 0) + 1;
  });
}
`;
const workerScript = `import { explainDigits } from "./explain.js";

self.onmessage = async ({ data }) => self.postMessage(await explainDigits(data));
`;
const checkScript = `import { explainDigits } from "./explain.js";

const query = new URLSearchParams(location.search);
const device = query.get("device") ?? "auto";
if (query.has("worker")) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => Object.assign(globalThis, data);
  worker.onerror = ({ message }) => Object.assign(globalThis, { failure: String(message) });
  worker.postMessage(device);
} else {
  Object.assign(globalThis, await explainDigits(device));
}
`;
/** Without a bundler: a module of \`bcosc compile\`, and an import map. */
const plainPage = `<!doctype html><link rel="icon" href="/public/icon.svg" />
<script type="importmap">{ "imports": { "bcosc/runtime": "/node_modules/bcosc/dist/src/runtime/index.js" } }</script>
<script type="module">
  import { explainDigits } from "/plain/explain.js";
  Object.assign(globalThis, await explainDigits("wasm"));
</script>
`;

const strict = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
/** Nothing but the site's own files, and so no WebAssembly. */
const strictest = "default-src 'self'";

describe.skipIf(skipped)("a project with the packed package", () => {
  let site: Site;
  let browser: Browser;
  let inTerminal: Result["digits"];
  let typed: string;

  beforeAll(async () => {
    site = createSite();
    typed = site.run("typescript/bin/tsc");
    const file = (name: string): string => join(site.folder, name);
    const scripts = {
      "check.html": checkPage,
      "src/check.js": checkScript,
      "src/worker.js": workerScript,
      "src/explain.js": explainScript.replace("NET", "./net.bcos"),
      "check.config.ts": checkConfig,
    };
    for (const [name, text] of Object.entries(scripts)) writeFileSync(file(name), text);
    const training = ["train", "src/net.bcos", "--data", "mnist", "--epochs", "2", "--batch", "32", "--lr", "0.02"];
    site.bcosc(...training, "--device", "wasm", "--out", "runs/digits");
    mkdirSync(file("public"), { recursive: true });
    cpSync(file("runs/digits/model.safetensors"), file("public/model.safetensors"));
    inTerminal = explainedInTerminal(site);
    writeFileSync(file("public/digits.json"), JSON.stringify(testDigits(site)));
    site.run("vite/bin/vite.js", "build");
    site.run("vite/bin/vite.js", "build", "--config", "check.config.ts");
    browser = await openBrowser();
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    site?.remove();
  });

  it("builds and type-checks", () => {
    expect(typed).toBe("");
    expect(readdirSync(join(site.folder, "dist"))).toEqual(expect.arrayContaining(["index.html", "assets"]));
  });

  it("was trained", () => {
    const metrics = readFileSync(join(site.folder, "runs/digits/metrics.jsonl"), "utf8").trim().split("\n");
    const last = JSON.parse(metrics.at(-1)!) as { testAccuracy: number };
    expect(last.testAccuracy).toBeGreaterThan(0.8);
  });

  it("has a training script that writes weights for the page", () => {
    cpSync(join(site.folder, "public/model.safetensors"), join(site.folder, "kept.safetensors"));
    const said = site.run("../train.js");
    expect(said).toMatch(/epoch 4: \d+\.\d+ % of the training digits right, 9\d\.\d+ % of the test digits/);
    const weights = readFileSync(join(site.folder, "public/model.safetensors"));
    expect(weights.equals(readFileSync(join(site.folder, "kept.safetensors")))).toBe(false);
    cpSync(join(site.folder, "kept.safetensors"), join(site.folder, "public/model.safetensors"));
  }, 120_000);

  it("has less than 80 KB of scripts, and no compiler among them", () => {
    const assets = join(site.folder, "dist/assets");
    const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
    const texts = scripts.map((name) => readFileSync(join(assets, name), "utf8"));
    const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(80_000);
    expect(texts.join("\n")).not.toMatch(/chevrotain|\beval\(|new Function\(/);
    // The worker is a file of its own.
    expect(scripts.filter((name) => name.startsWith("worker-"))).toHaveLength(1);
  });

  it.each([
    { name: "in a page", query: "", headers: {} },
    { name: "in a page that shares memory", query: "", headers: isolation },
    { name: "in a worker", query: "&worker", headers: {} },
    { name: "in a worker that shares memory", query: "&worker", headers: isolation },
  ])("gives the numbers of the command line under a strict policy, $name", async ({ query, headers }) => {
    const served = await serveCheck(site, { ...headers, "Content-Security-Policy": strict });
    try {
      const tab = await browser.open(`${served.url}check.html?device=wasm${query}`);
      expectSame(await resultOf(tab, 40), inTerminal, "wasm");
      expect(faultsOf(tab)).toEqual([]);
    } finally {
      await served.close();
    }
  });

  it("shows a digit, its class and its explanation on the page that `bcosc init` wrote", async () => {
    const server = await preview({ root: site.folder, logLevel: "silent", preview: { port: 0, open: false } });
    try {
      const url = server.resolvedUrls!.local[0]!;
      const { headers } = await fetch(url);
      expect(headers.get("content-security-policy")).toBe(strict);
      const tab = await browser.open(url);
      expect(await tab.until(textOf("#prediction", "It’s a "))).toMatch(/^It’s a \d: \d+\.\d\u00a0%$/);
      expect(await tab.evaluate(`document.querySelectorAll("#bars button").length`)).toBe(10);
      const painted = `[...document.querySelector("#colour").getContext("2d").getImageData(0, 0, 28, 28).data]`;
      expect(new Set(await tab.evaluate<number[]>(painted)).size).toBeGreaterThan(20);
      await tab.evaluate(`document.querySelector("#bars li:nth-child(5) button").click()`);
      const sum = await tab.until<string>(textOf("#sum", "What speaks for 4: "));
      const residual = Number(/Residual ([\d.e+-]+)\.$/.exec(sum)![1]);
      expect(residual).toBeLessThan(1e-4);
      await tab.evaluate(`document.querySelector("#clear").click()`);
      await tab.until(textOf("#prediction", "Draw a digit"));
      expect(faultsOf(tab)).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it("gives them without a bundler", async () => {
    const { folder } = site;
    site.bcosc("compile", "src/net.bcos", "--out", "plain/models", "--target", "wasm");
    writeFileSync(join(folder, "plain/index.html"), plainPage);
    writeFileSync(join(folder, "plain/explain.js"), explainScript.replace("NET", "./models/net.js"));
    const served = await serveFiles([join(folder, "public"), folder]);
    try {
      const tab = await browser.open(`${served.url}plain/index.html`);
      expectSame(await resultOf(tab, 40), inTerminal, "wasm");
      expect(faultsOf(tab)).toEqual([]);
    } finally {
      await served.close();
    }
  });

  it("follows changes in the development server, and shows our frame where a file is broken", async () => {
    const path = join(site.folder, "src/net.bcos");
    const text = readFileSync(path, "utf8");
    const server = await createServer({ root: site.folder, logLevel: "silent", server: { port: 0, open: false } });
    try {
      await server.listen();
      const url = server.resolvedUrls!.local[0]!;
      const inWorker = await browser.open(`${url}check.html?device=wasm&worker`);
      expectSame(await resultOf(inWorker, 40), inTerminal, "wasm");
      const tab = await browser.open(`${url}check.html?device=wasm`);
      expectSame(await resultOf(tab, 40), inTerminal, "wasm");
      expect([...faultsOf(inWorker), ...faultsOf(tab)]).toEqual([]);

      // A page that accepts the module gets a new one, and is not loaded anew.
      const before = await tab.evaluate<string>("architecture");
      writeFileSync(path, text.replaceAll("48", "40"));
      await tab.until("globalThis.updates === 1");
      expect(await tab.evaluate<string>("architecture")).not.toBe(before);

      const overlay = `document.querySelector("vite-error-overlay")?.shadowRoot.textContent`;
      writeFileSync(path, text.replace("-> global_avg_pool", "-> global_avg_pol"));
      const shown = await tab.until<string>(overlay);
      expect(shown).toContain("error[name/unknown]");
      expect(shown).toMatch(/\n *\d+ \| +logits = top +-> global_avg_pol -> fc: linear\(classes\)\n/);
      expect(shown).toMatch(/\| +\^+/);
      expect(shown).toContain("did you mean `global_avg_pool`?");
      expect(shown).toContain("src/net.bcos");
      expect(shown).toContain("bcosc");
      expect(shown).not.toMatch(/\n +at /);

      writeFileSync(path, text);
      expectSame(await resultOf(tab, 40), inTerminal, "wasm");
      await tab.until(`document.querySelector("vite-error-overlay") === null`);

      // A page that does not accept it is loaded anew.
      const page = await browser.open(url);
      await page.until(textOf("#prediction", "It’s a "));
      await page.evaluate("globalThis.old = true");
      writeFileSync(path, text.replace("/// A small", "/// A very small"));
      await page.until(`globalThis.old === undefined && ${textOf("#prediction", "It’s a ")}`);
    } finally {
      writeFileSync(path, text);
      await server.close();
    }
  }, 120_000);

  it.skipIf(noWebgpu !== "")(
    "runs on WebGPU under a policy that allows nothing but its own files",
    async () => {
      const served = await serveCheck(site, { "Content-Security-Policy": strictest });
      const withGpu = await openBrowser(webgpuFlags);
      try {
        const tab = await withGpu.open(`${served.url}check.html?device=webgpu`);
        expectSame(await resultOf(tab, webgpuPatience), inTerminal, "webgpu");
        expect(faultsOf(tab)).toEqual([]);
      } finally {
        await withGpu.close();
        await served.close();
      }
    },
    1000 * (webgpuPatience + 30),
  );
});
