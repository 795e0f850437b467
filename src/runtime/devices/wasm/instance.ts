/** Memory and compiled code, with the errors that a user can do something about. */
import { fail } from "../../../diagnostics/catalogue.ts";
import { pageBytes } from "./memory-layout.ts";
import type { Code } from "./engine.ts";

/** Zero-filled, of a fixed size. Fails with `run/memory` where the system has no more. */
export function allocateMemory(pages: number, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    return fail("run/memory", { bytes: pages * pageBytes, reason: "the system does not give it" });
  }
}

/** The module, its memory import declared as the memory at hand is: one byte is all that differs. */
export function compile({ module, memoryFlag }: Code, shared: boolean): Promise<WebAssembly.Module> {
  const copy = module.slice();
  copy[memoryFlag] = shared ? 3 : 1;
  return WebAssembly.compile(copy);
}
