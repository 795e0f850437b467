/**
 * The package `sharp`, which reads and writes image files in Node. Its binaries are packages of their own: where there
 * is none for a system, or they were left out when installing, everything works that has no image files.
 */
import type sharp from "sharp";
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "./reason.ts";

export type Sharp = typeof sharp;

let loaded: Promise<Sharp> | undefined;

/** Loads it when it is asked for first. Throws `run/no-sharp`. */
export function loadSharp(): Promise<Sharp> {
  return (loaded ??= import("sharp").then(
    (module) => module.default,
    (error: unknown) => fail("run/no-sharp", { reason: reasonOf(error).replace(/[\s:]+$/, "") }),
  ));
}
