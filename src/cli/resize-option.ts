/** `--resize`: how images of any size become the model's input. */
import { fail } from "../diagnostics/catalogue.ts";
import type { Arguments } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";

export const resizeOption: OptionSpec = {
  flags: "--resize <n>",
  summary: "Pixels of an image's shorter side before the model's input is cut out of the middle (256 for 224)",
};

/** Absent: the usual ones for the model's size. */
export function readShorterSide(args: Arguments): number | undefined {
  return args.integer("--resize", { min: 1, max: 65_536 });
}

/** What is cut out of an image can not be larger than the image. `shape` is that of the model's input, [H, W, C]. */
export function checkShorterSide(shorterSide: number | undefined, shape: readonly number[]): void {
  const [height = 1, width = 1] = shape;
  const least = Math.min(height, width);
  if (shorterSide === undefined || shorterSide >= least) return;
  const expected = `a whole number from ${least} on, the model's input being ${height} × ${width}`;
  fail("usage/value", { option: "--resize", expected, found: String(shorterSide) });
}
