/** Source files for the commands. */
import { readFileSync } from "node:fs";
import { fail } from "../diagnostics/catalogue.ts";
import { reasonOf } from "../runtime/files/reason.ts";

/** The text of a file for drawing frames; `undefined` where it can't be read. */
export function readSource(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Throws `data/unreadable` for a file that can't be read: before it is compiled, so that the reason is said. */
export function requireReadable(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    fail("data/unreadable", { file: path, reason: reasonOf(error) });
  }
}
