/** JSON on standard output, for other programs. */
import type { Output } from "./terminal.ts";

export function writeJson(value: unknown, output: Output): void {
  output.write(`${JSON.stringify(value, null, 2)}\n`);
}
