/** What the compiler says about the examples of the error pages. */
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { renderDiagnostics } from "../../src/diagnostics/frame.ts";
import { type Example, filesOf } from "../../src/diagnostics/pages/page.ts";

/** All findings on an example, those of the B-cos form included. */
export function findingsOf(example: Example): readonly Diagnostic[] {
  const { diagnostics, networks } = checkFile(createMemoryHost(Object.fromEntries(filesOf(example))), "main.bcos");
  const lowered = networks.flatMap((network) => {
    const problems = checkForm(network, "bcos");
    return problems.length > 0 ? problems : buildProgram(network, { form: "bcos", batch: 1, graphs: [] }).notes;
  });
  return [...diagnostics, ...lowered];
}

/** The message with which an example raises `code`: the first one. */
export function frameOf(example: Example, code: string): string {
  const sources = new Map(filesOf(example));
  const found = findingsOf(example).find((d) => d.code === code);
  if (found === undefined) throw new Error(`the wrong example of ${code} does not raise it`);
  return renderDiagnostics([found], (file) => sources.get(file), { color: false, width: 100 });
}
