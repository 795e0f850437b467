/** Completion in imports: names that files export, and paths. */
import type { Span } from "../../diagnostics/diagnostic.ts";
import type { Cursor } from "../cursor/cursor.ts";
import type { Workspace } from "../workspace.ts";
import { blocksElsewhere, blocksOf, importableFiles, specifierOf } from "./blocks-elsewhere.ts";
import type { Draft, DraftGroups } from "./item.ts";

/** Blocks of the file whose path stands behind the braces; without a path, blocks of all files, with theirs. */
export function importNameDrafts(
  workspace: Workspace,
  path: string,
  text: string,
  { span }: Cursor,
): { readonly drafts: DraftGroups; readonly span: Span } {
  const behind = text.slice(span.end, span.end + 2000);
  const before = text.slice(text.lastIndexOf("{", span.start) + 1, span.start);
  const closed = /^([^{}"]*)\}\s*from\s*"([^"\r\n]*)"/.exec(behind);
  const given = new Set(`${before} ${closed?.[1] ?? ""}`.match(/\w+/g));
  if (closed !== null) {
    const file = workspace.tree(workspace.resolve(path, closed[2]!));
    const blocks = file === undefined ? [] : blocksOf(file).filter(({ name }) => !given.has(name.text));
    const drafts = blocks.map(({ name, doc }): Draft => ({ label: name.text, kind: "block", documentation: doc }));
    return { drafts: [drafts], span };
  }
  const rest = /^[ \t]*\}?[ \t]*(?=[\r\n]|$)/.exec(behind)?.[0];
  const drafts = blocksElsewhere(workspace, path)
    .filter(({ declaration }) => !given.has(declaration.name.text))
    .map(({ declaration: { name, doc }, specifier }): Draft => {
      const insert = rest === undefined ? name.text : `${name.text} } from "${specifier}"`;
      return { label: name.text, kind: "block", detail: `from ${specifier}`, documentation: doc, insert };
    });
  return { drafts: [drafts], span: rest === undefined ? span : { ...span, end: span.end + rest.length } };
}

export const fromDraft: Draft = {
  label: "from",
  kind: "keyword",
  insert: "from ",
  snippet: 'from "$0"',
  retrigger: true,
};

/** The files that can be imported: those with all of the names first, then others with blocks. */
export function pathDrafts(workspace: Workspace, path: string, names: readonly string[], quoted: boolean): DraftGroups {
  const files = importableFiles(workspace, path).flatMap((file) => {
    const blocks = blocksOf(file).map(({ name }) => name.text);
    const label = specifierOf(path, file.path);
    const insert = quoted ? label : `"${label}"`;
    const draft: Draft = { label, kind: "file", detail: blocks.join(", "), insert };
    return blocks.length === 0
      ? []
      : [{ draft, fits: names.length > 0 && names.every((name) => blocks.includes(name)) }];
  });
  return [true, false].map((fits) => files.filter((file) => file.fits === fits).map(({ draft }) => draft));
}
