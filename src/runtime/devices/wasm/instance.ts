/** Memory and compiled code, with the errors that a user can do something about. */
import { fail } from "../../../diagnostics/catalogue.ts";
import { pageBytes } from "./memory-layout.ts";
import { withMemoryShared } from "./module-binary.ts";

/** Zero-filled, of a fixed size. Fails with `run/memory` where the system has no more. */
export function allocateMemory(pages: number, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    return fail("run/memory", { bytes: pages * pageBytes, reason: "the system does not give it" });
  }
}

/** Fails with `run/wasm-refused` where a content security policy forbids it. */
export async function compile(module: Uint8Array<ArrayBuffer>, shared: boolean): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(withMemoryShared(module, shared));
  } catch (error) {
    // A policy is no property that could be asked for; the module itself is sound.
    const reason = error instanceof Error ? error.message : String(error);
    if (/unsafe-eval|Content Security Policy/i.test(reason)) fail("run/wasm-refused", { reason });
    throw error;
  }
}
