/** `source.organizeImports`: unused names go, statements of one file become one, and both are sorted. */
import type { Import } from "../compiler/syntax/ast.ts";
import { hasErrors, type TextEdit } from "../diagnostics/diagnostic.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The edits; none where the imports are in order, or where a syntax error may hide what uses them. Statements with anything
 * but blanks between them stay apart, so comments stay where they are.
 */
export function organizeImports(workspace: Workspace, path: string): TextEdit[] {
  const text = workspace.text(path);
  const parsed = workspace.parsed(path);
  if (text === undefined || parsed === undefined || hasErrors(parsed.diagnostics)) return [];
  const unused = new Set(
    workspace
      .diagnostics(path)
      .filter(({ code }) => code === "name/unused")
      .map(({ span }) => span!.start),
  );
  return runsOf(parsed.file.imports, text).flatMap((run): TextEdit[] => {
    const start = run[0]!.span.start;
    const { end } = run.at(-1)!.span;
    const organized = organize(run, unused);
    if (organized === text.slice(start, end)) return [];
    // With the line that stays empty.
    const rest = organized === "" ? (/^[^\S\r\n]*(?:\r\n|\n|\r)?/.exec(text.slice(end))?.[0].length ?? 0) : 0;
    return [{ span: { file: path, start, end: end + rest }, text: organized }];
  });
}

function organize(run: readonly Import[], unused: ReadonlySet<number>): string {
  const names = new Map<string, Set<string>>();
  for (const statement of run) {
    const used = statement.names.filter(({ span }) => !unused.has(span.start)).map((name) => name.text);
    if (used.length === 0) continue;
    names.set(statement.from.text, new Set([...(names.get(statement.from.text) ?? []), ...used]));
  }
  return [...names]
    .sort(([a], [b]) => compare(a, b))
    .map(([from, used]) => `import { ${[...used].sort(compare).join(", ")} } from "${from}"`)
    .join("\n");
}

/** Not by the language of the machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Statements with nothing but blanks between them. */
function runsOf(imports: readonly Import[], text: string): Import[][] {
  const runs: Import[][] = [];
  for (const statement of imports) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run !== undefined && before !== undefined && text.slice(before.span.end, statement.span.start).trim() === "") {
      run.push(statement);
    } else {
      runs.push([statement]);
    }
  }
  return runs;
}
