/**
 * What the page of a diagnostic code says. The pages are apart from the messages, so that the runtime can give its
 * messages without carrying the pages.
 */
import type { Entry } from "../entry.ts";

export type Page = SourcePage | SituationPage;

/** The page of a code that a `.bcos` file can raise. The tests hold the examples to what the compiler says. */
export interface SourcePage {
  readonly kind: "source";
  /** What the code means: one or two sentences. */
  readonly meaning: string;
  /** Why it is so. */
  readonly why: string;
  /** Raises this code, and no other error or warning. */
  readonly wrong: Example;
  /** Raises neither this code nor any error or warning. */
  readonly right: Example;
}

/** A whole file, or several by name; then `main.bcos` is the one that is compiled. */
export type Example = string | Readonly<Record<string, string>>;

/** The page of a code that has to do with other files, a device or the command line. */
export interface SituationPage {
  readonly kind: "situation";
  readonly meaning: string;
  readonly why: string;
  /** When it happens: a command with what is wrong about it, or what was in the file. */
  readonly situation: string;
  /** What to do. */
  readonly remedy: string;
}

/** One page for every code of an area: a missing page is a type error. */
export type PagesOf<Codes extends Readonly<Record<string, Entry<never>>>> = { readonly [C in keyof Codes]: Page };

/** The files of an example; the first is the one that is compiled. */
export function filesOf(example: Example): readonly (readonly [name: string, text: string])[] {
  if (typeof example === "string") return [["main.bcos", example]];
  const names = Object.keys(example);
  return ["main.bcos", ...names.filter((n) => n !== "main.bcos")].map((name) => [name, example[name]!]);
}
