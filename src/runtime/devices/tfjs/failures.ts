/** What went wrong in TensorFlow.js, in the project's words. */
import { fail } from "../../../diagnostics/catalogue.ts";
import { BcosError } from "../../../diagnostics/diagnostic.ts";
import { MemoryFailure, type Trouble } from "./care.ts";
import { CallFailure } from "./runner.ts";

/** How engines, TensorFlow and drivers say that memory is short. */
const MEMORY =
  /\bOOM\b|out of memory|allocation failed|invalid (typed )?array length|resource exhausted|larger than the maximum .*(binding|buffer) size/i;

/** Throws `run/memory` or `run/tfjs`; errors of the project as they are. */
export function explainFailure(
  error: unknown,
  { device, bytes }: { readonly device: string; readonly bytes: number },
): never {
  if (error instanceof BcosError) throw error;
  const trouble = isTrouble(error) ? error : undefined;
  const cause = error instanceof CallFailure ? error.cause : error;
  const reason = firstLine(trouble?.reason ?? (cause instanceof Error ? cause.message : String(cause)));
  const memory = trouble?.memory === true || cause instanceof MemoryFailure || MEMORY.test(reason);
  if (memory) return fail("run/memory", { bytes, reason });
  return fail("run/tfjs", { device, what: error instanceof CallFailure ? placeOf(error) : "a run", reason });
}

function placeOf({ call }: CallFailure): string {
  return `\`${call.op}\`${call.layer === undefined ? "" : ` of \`${call.layer}\``}`;
}

function isTrouble(error: unknown): error is Trouble {
  return typeof error === "object" && error !== null && !(error instanceof Error) && "reason" in error;
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]!;
}
