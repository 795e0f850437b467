/**
 * The project of `bcosc init --template tfjs` with the packed package: trained on tfjs-wasm in Node, explained by a program of
 * TensorFlow.js in a real browser. Numbers are those of the command line, and no tensor is left behind.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { preview } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium, requires } from "./chromium.ts";
import { openBrowser, type Browser, type Tab } from "./devtools.ts";
import {
  checkConfig,
  checkPage,
  expectSame,
  explainedInTerminal,
  faultsOf,
  resultOf,
  testDigits,
  textOf,
  type Result,
} from "./explained-digits.ts";
import { createSite, type Site } from "./site.ts";
import { webgpuFlags, webgpuPatience, whyNoWebgpu } from "./webgpu-tier.ts";

const skipped = chromium === undefined && !requires("browser");
if (skipped) console.warn("no Chromium here: the tests of a page of TensorFlow.js are skipped");
const noWebgpu = skipped ? "there is no Chromium" : await whyNoWebgpu();

/** Three digits at once and one by one, as the program of a user would have them. */
const checkScript = `import * as tf from "@tensorflow/tfjs-core";
import { fusedDevice, tensorModel } from "bcosc/tfjs";
import { load } from "./net.bcos";
import { startEngine } from "./engine.ts";
import { colourPicture } from "./pictures.ts";

try {
  const engine = await startEngine();
  const images = tf.reshape(tf.tensor(DIGITS), [-1, 28, 28, 1]);
  const device = engine === "webgpu" ? await fusedDevice(tf) : "wasm";
  const loaded = await load({ weights: "/model.safetensors", device });
  const model = tensorModel(tf, loaded);
  const digitAt = (i) => tf.slice(images, [i, 0, 0, 0], [1, -1, -1, -1]);

  async function explainDigit(image, target) {
    const explanation = await model.explain(image, target);
    const { logits, contributions, explained, constant, weights } = explanation;
    const picture = tf.tidy(() => colourPicture(weights, contributions));
    const predicted = tf.argMax(logits, 1);
    const numbers = {
      predicted: (await predicted.data())[0],
      logits: [...(await logits.data())],
      contributions: [...(await contributions.data())],
      explained: (await explained.data())[0],
      constant: (await constant.data())[0],
      colour: [...(await tf.browser.toPixels(picture))],
    };
    tf.dispose([picture, predicted, ...Object.values(explanation)]);
    const sum = numbers.contributions.reduce((sum, value) => sum + value, 0);
    return { ...numbers, residual: Math.abs(numbers.explained - numbers.constant - sum) };
  }

  const digits = [];
  const tensors = [];
  for (let i = 0; i < images.shape[0]; i++) {
    const image = digitAt(i);
    digits.push(await explainDigit(image));
    image.dispose();
    tensors.push(tf.memory().numTensors);
  }
  const one = digitAt(0);
  const other = await explainDigit(one, { target: 3, versus: 8 });
  const predicted = await model.predict(images);
  const together = [...(await predicted.data())];
  tf.dispose([one, predicted, images]);
  const { direct } = model;
  await loaded.dispose();
  Object.assign(globalThis, {
    result: { device: loaded.device, digits },
    facts: { engine, direct, tensors, left: tf.memory().numTensors, together, other },
  });
} catch (error) {
  Object.assign(globalThis, { failure: String(error?.stack ?? error) });
}
`;

interface Facts {
  readonly engine: string;
  readonly direct: boolean;
  readonly tensors: readonly number[];
  readonly left: number;
  readonly together: readonly number[];
  readonly other: Result["digits"][number];
}

describe.skipIf(skipped)("a project of TensorFlow.js with the packed package", () => {
  let site: Site;
  let trained: string;
  let typed: string;
  let inTerminal: Result["digits"];

  beforeAll(() => {
    site = createSite({ template: "tfjs", digits: 1500 });
    typed = site.run("typescript/bin/tsc");
    trained = site.run("../train.js", "tfjs:wasm");
    inTerminal = explainedInTerminal(site);
    const file = (name: string): string => join(site.folder, name);
    writeFileSync(file("check.html"), checkPage);
    writeFileSync(file("src/check.js"), checkScript.replace("DIGITS", JSON.stringify(testDigits(site))));
    writeFileSync(file("check.config.ts"), checkConfig.replace('"check.html"', '["index.html", "check.html"]'));
    site.run("vite/bin/vite.js", "build", "--config", "check.config.ts");
  }, 120_000);

  afterAll(() => site?.remove(), 60_000);

  it("type-checks", () => {
    expect(typed).toBe("");
  });

  it("was trained on TensorFlow.js", () => {
    expect(trained).toContain("epochs on tfjs:wasm");
    const right = /epoch 4: .* training digits right, (\d+\.\d+) % of the test digits/.exec(trained)![1]!;
    expect(Number(right)).toBeGreaterThan(60);
  });

  const engines = [
    { engine: "wasm", device: "wasm", direct: false, flags: [], patience: 40, missing: "" },
    {
      ...{ engine: "webgpu", device: "webgpu", direct: true },
      ...{ flags: webgpuFlags, patience: webgpuPatience, missing: noWebgpu },
    },
  ];
  for (const { engine, device, direct, flags, patience, missing } of engines) {
    describe.skipIf(missing !== "")(`on tfjs-${engine}`, () => {
      let browser: Browser;
      let checked: Tab;
      let page: Tab;
      let close: () => Promise<void>;

      beforeAll(
        async () => {
          // With the headers of the project: under its content security policy.
          const build = { outDir: "dist-check" };
          const server = await preview({
            ...{ root: site.folder, logLevel: "silent", build, preview: { port: 0, open: false } },
          });
          browser = await openBrowser(flags);
          close = async () => {
            await browser.close();
            await server.close();
          };
          const url = server.resolvedUrls!.local[0]!;
          checked = await browser.open(`${url}check.html`);
          await resultOf(checked, patience);
          page = await browser.open(url);
        },
        1000 * (patience + 30),
      );

      afterAll(() => close?.(), 60_000);

      it("gives the numbers of the command line", async () => {
        expectSame(await resultOf(checked, patience), inTerminal, device);
        const facts = await checked.evaluate<Facts>("facts");
        expect(facts).toMatchObject({ engine, direct });
        const apart = inTerminal.flatMap(({ logits }) => logits);
        facts.together.forEach((logit, i) => expect(logit).toBeCloseTo(apart[i]!, 2));
        const [first] = inTerminal;
        expect(facts.other.explained).toBeCloseTo(first!.logits[3]! - first!.logits[8]!, 2);
        expect(facts.other.residual).toBeLessThan(1e-4);
      });

      it("leaves no tensor behind", async () => {
        const { tensors, left } = await checked.evaluate<Facts>("facts");
        expect(new Set(tensors).size).toBe(1);
        expect(left).toBe(tensors[0]! - 1);
      });

      it("shows a digit, its class and its explanation", async () => {
        expect(await page.until(textOf("#prediction", "It’s a "), patience)).toMatch(/^It’s a \d: \d+\.\d\u00a0%$/);
        const note = await page.evaluate<string>(`document.querySelector("#engine").textContent`);
        expect(note.includes("has no WebGPU")).toBe(engine === "wasm");
        expect(await page.evaluate(`document.querySelectorAll("#bars button").length`)).toBe(10);
        for (const picture of ["colour", "contributions"]) {
          const painted = `[...document.querySelector("#${picture}").getContext("2d").getImageData(0, 0, 28, 28).data]`;
          expect(new Set(await page.evaluate<number[]>(painted)).size, picture).toBeGreaterThan(20);
        }
        await page.evaluate(`document.querySelector("#bars li:nth-child(5) button").click()`);
        const sum = await page.until<string>(textOf("#sum", "What speaks for 4: "), patience);
        expect(Number(/Residual ([\d.e+-]+)\.$/.exec(sum)![1])).toBeLessThan(1e-4);
        expect(Number(/together the logit (−?[\d.]+)/.exec(sum)![1]!.replace("−", "-"))).not.toBe(0);
        await page.evaluate(`document.querySelector("#clear").click()`);
        await page.until(textOf("#prediction", "Draw a digit"), patience);
      });

      it("has nothing to say on the console", () => {
        expect([...faultsOf(checked), ...faultsOf(page)]).toEqual([]);
      });
    });
  }
});
