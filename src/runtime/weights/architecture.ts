/** The note in weight files that says which architecture they belong to. */
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";

/** Key in the metadata of safetensors files. */
const ARCHITECTURE_KEY = "architecture";

/** What to write into the metadata of weights of the program. */
export function architectureNote({ architecture }: Pick<Program, "architecture">): readonly [string, string][] {
  return architecture === undefined ? [] : [[ARCHITECTURE_KEY, architecture]];
}

/** Throws `weights/architecture` where the file says that it belongs to another one. Files without the note may be any. */
export function checkArchitecture(
  metadata: ReadonlyMap<string, string>,
  { name, architecture }: { readonly name: string; readonly architecture: string },
  place: string,
): void {
  const found = metadata.get(ARCHITECTURE_KEY);
  if (found === undefined || found === architecture) return;
  fail("weights/architecture", { model: name, expected: architecture, found: found.slice(0, 64) }, { place });
}
