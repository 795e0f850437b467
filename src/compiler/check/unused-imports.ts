/** Imported names that nothing in their file uses. */
import type { Fix, Span } from "../../diagnostics/diagnostic.ts";
import type { Import, Name } from "../syntax/ast.ts";
import type { Report } from "./report.ts";
import type { Module } from "./resolution.ts";

export function checkUnusedImports(report: Report, module: Module, usedNames: ReadonlySet<string>): void {
  // Where there are syntax errors, a destroyed row may have used it.
  if (module.damage.starts.length > 0) return;
  for (const statement of module.file.imports) {
    for (const name of statement.names) {
      if (usedNames.has(name.text) || module.names.get(name.text) === undefined) continue;
      const fixes = [removal(module, statement, name)];
      report.at(name.span, "name/unused", { what: "import", name: name.text }, { fixes });
    }
  }
}

function removal(module: Module, { names, span }: Import, name: Name): Fix {
  const title = `remove the import of \`${name.text}\``;
  if (names.length === 1) {
    const lineEnd = module.text.indexOf("\n", span.end);
    const end = lineEnd >= 0 && module.text.slice(span.end, lineEnd).trim() === "" ? lineEnd + 1 : span.end;
    return { title, edits: [{ span: { ...span, end }, text: "" }] };
  }
  const at = names.indexOf(name);
  // With the comma behind it, or before it for the last one.
  const edit: Span =
    at + 1 < names.length
      ? { ...name.span, end: names[at + 1]!.span.start }
      : { ...name.span, start: names[at - 1]!.span.end };
  return { title, edits: [{ span: edit, text: "" }] };
}
