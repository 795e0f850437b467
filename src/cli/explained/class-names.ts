/** `--classes FILE`, and classes that are named on the command line. */
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { closest } from "../../diagnostics/suggest.ts";
import { classesNamed, parseClassNames, type ClassNames } from "../../runtime/data/class-names.ts";
import { readBytes } from "../../runtime/files/read.node.ts";
import type { OptionSpec } from "../command.ts";

export const classesOption: OptionSpec = {
  flags: "--classes <file>",
  summary: "Names of the classes: a text with one a line, or a JSON array or object",
};

/** More than the names of all words of a language. */
const mostBytes = 2 ** 25;

/** Throws `data/unreadable`, and `data/class-names` where the file has another number of names than the program classes. */
export async function loadClassNames(path: string, { classes }: Pick<Program, "classes">): Promise<ClassNames> {
  const names = parseClassNames(decodeText(await readBytes(path, mostBytes), path), path);
  if (names.length === classes) return names;
  const reason = `there are ${names.length}, the model has ${classes} classes`;
  return fail("data/class-names", { reason }, { place: path });
}

function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("data/class-names", { reason: "it is no text in UTF-8" }, { place: path });
  }
}

/** The class that an option's value means: its number, or a name where there are names. */
export function readClass(
  option: string,
  text: string,
  { classes }: Pick<Program, "classes">,
  names: ClassNames | undefined,
): number {
  if (/^\d+$/.test(text)) {
    if (Number(text) < classes) return Number(text);
    return fail("usage/value", { option, expected: `a class from 0 to ${classes - 1}`, found: text });
  }
  if (names === undefined) {
    const hints = ["`--classes FILE` says how the classes are called"];
    return fail("usage/value", { option, expected: "the number of a class", found: text }, { hints });
  }
  const [found, ...others] = classesNamed(names, text);
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined) {
    const expected = `the number of a class where several are called so: ${[found, ...others].join(", ")}`;
    return fail("usage/value", { option, expected, found: text });
  }
  const near = closest(text, names);
  const hints = near === undefined ? [] : [`did you mean \`${near}\`?`];
  return fail("usage/value", { option, expected: "the number or the name of a class", found: text }, { hints });
}
