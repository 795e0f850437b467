/** Blocks of other files, with the edit that imports them, and the paths by which files import each other. */
import type { Declaration, SourceFile } from "../../compiler/syntax/ast.ts";
import type { TextEdit } from "../../diagnostics/diagnostic.ts";
import { tableOf } from "../names/tables.ts";
import type { Workspace } from "../workspace.ts";

export interface BlockElsewhere {
  readonly declaration: Declaration;
  /** As the file writes it in an import. */
  readonly specifier: string;
}

/** The files that a file can import: all but itself and those that reach it by imports. */
export function importableFiles(workspace: Workspace, path: string): SourceFile[] {
  const excluded = new Set(workspace.dependentsOf(path));
  return workspace.files().flatMap((file) => {
    const tree = excluded.has(file) ? undefined : workspace.tree(file);
    return tree === undefined ? [] : [tree];
  });
}

export function blocksOf(file: SourceFile): Declaration[] {
  return [...tableOf(file).declarations.values()].flatMap((definition) =>
    definition.kind === "block" ? [definition.declaration] : [],
  );
}

/** Blocks whose names the file does not use for something else. */
export function blocksElsewhere(workspace: Workspace, path: string): BlockElsewhere[] {
  const own = workspace.tree(path);
  if (own === undefined) return [];
  const { declarations, imports } = tableOf(own);
  return importableFiles(workspace, path).flatMap((file) =>
    blocksOf(file)
      .filter(({ name }) => !declarations.has(name.text) && !imports.has(name.text))
      .map((declaration) => ({ declaration, specifier: specifierOf(path, file.path) })),
  );
}

/** `./blocks/residual.bcos`: how the file at `from` names the file at `to`. */
export function specifierOf(from: string, to: string): string {
  const folder = from.split("/").slice(0, -1);
  const parts = to.split("/");
  let shared = 0;
  while (shared < folder.length && shared < parts.length - 1 && folder[shared] === parts[shared]) shared++;
  const up = folder.length - shared;
  return `${up === 0 ? "./" : "../".repeat(up)}${parts.slice(shared).join("/")}`;
}

/** The edit after which the file imports the name: in an import of the same file, or a new line behind the others. */
export function importEdit(workspace: Workspace, path: string, name: string, specifier: string): TextEdit {
  const file = workspace.tree(path);
  const at = (offset: number): TextEdit["span"] => ({ file: path, start: offset, end: offset });
  const target = workspace.resolve(path, specifier);
  const same = file?.imports.find(
    ({ from, names }) => names.length > 0 && workspace.resolve(path, from.text) === target,
  );
  if (same !== undefined) return { span: at(same.names.at(-1)!.span.end), text: `, ${name}` };
  const line = `import { ${name} } from "${specifier}"`;
  const lineBreak = workspace.text(path)?.includes("\r\n") === true ? "\r\n" : "\n";
  const last = file?.imports.at(-1);
  if (last !== undefined) return { span: at(last.span.end), text: `${lineBreak}${line}` };
  const starts = [...(file?.settings ?? []), ...(file?.declarations ?? [])].map(({ span }) => span.start);
  return { span: at(starts.length === 0 ? 0 : Math.min(...starts)), text: `${line}${lineBreak}${lineBreak}` };
}
