/** Finiteness by the bits of a number: compilers for GPUs may assume that there is no NaN, tests of bits they keep. */
import { fail } from "../diagnostics/catalogue.ts";
import type { Tensor } from "./device.ts";

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** False for NaN and the infinities: those whose exponent bits are all ones. */
export function isFiniteByBits(value: number): boolean {
  float[0] = value;
  return (words[1]! & 0x7ff00000) !== 0x7ff00000;
}

/**
 * Throws `run/not-finite` for the first sample with a logit that is not finite: no class of it would mean anything.
 * `logits` is [n, classes]; `start` is what the first of them counts as in the message.
 */
export function requireFiniteLogits(logits: Tensor, classes: number, start = 0): void {
  const at = logits.findIndex((logit) => !isFiniteByBits(logit));
  if (at < 0) return;
  const where = `for image ${start + Math.floor(at / classes)}`;
  fail("run/not-finite", { what: "the logits are", where }, { hints: ["see whether the weights are all finite"] });
}
