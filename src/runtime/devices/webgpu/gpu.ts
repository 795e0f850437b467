/// <reference types="@webgpu/types" />
/**
 * Where WebGPU comes from: browsers and workers have it themselves, in Node the package `webgpu` (Dawn) brings it. Loaded
 * when it is asked for and not before.
 */

/** WebGPU's own numbers: in Node there are no globals for them. */
export const usage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
  queryResolve: 0x200,
} as const;
export const computeStage = 0x4;
export const mapRead = 0x1;

export type FoundGpu = { readonly gpu: GPU } | { readonly missing: string; readonly hint: string };

let found: Promise<FoundGpu> | undefined;

/** What there is of WebGPU, or why there is nothing. Never throws. */
export function findGpu(): Promise<FoundGpu> {
  const own = (globalThis.navigator as Partial<Navigator> | undefined)?.gpu;
  if (own !== undefined) return Promise.resolve({ gpu: own });
  return (found ??= isNode() ? loadDawn() : Promise.resolve({ missing: "this browser has no WebGPU", hint: BROWSER }));
}

const BROWSER = "take a current browser, and a page of a secure origin (https or localhost)";
const PACKAGE = "webgpu";

/**
 * Else timestamps are multiples of 65,536 ns, longer than most launches take: that is meant against pages that spy, and in
 * Node there are none.
 */
const DAWN_FLAGS = ["disable-dawn-features=timestamp_quantization"];

/** Dawn ends the process when the object that `create` returns is collected: it stays here. */
const kept: GPU[] = [];

export function isNode(): boolean {
  return typeof process !== "undefined" && process.versions?.node !== undefined;
}

async function loadDawn(): Promise<FoundGpu> {
  try {
    // Not a literal: bundlers for browsers would look for the package.
    const name = PACKAGE;
    const dawn = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      create(options: readonly string[]): GPU;
    };
    const gpu = dawn.create(DAWN_FLAGS);
    kept.push(gpu);
    return { gpu };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0]! : String(error);
    const absent = (error as { code?: string }).code === "ERR_MODULE_NOT_FOUND";
    return absent
      ? { missing: "the package `webgpu` is not installed", hint: "`npm install webgpu@0.6.2`" }
      : {
          missing: `the package \`webgpu\` can not be loaded: ${reason}`,
          hint: "see whether this system is one that it has a binary for",
        };
  }
}
