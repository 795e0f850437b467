/**
 * Workspaces in memory, written with markers: `┆` is the cursor (or one of several), and `«…»` are ranges that a feature is
 * to find. The markers are taken out of the texts.
 */
import { applyEdits } from "../../src/language/edits.ts";
import { createWorkspace, type Workspace } from "../../src/language/workspace.ts";
import type { Span, TextEdit } from "../../src/diagnostics/diagnostic.ts";

export type Files = Readonly<Record<string, string>>;

export interface Fixture {
  readonly workspace: Workspace;
  readonly texts: Files;
  /** The file and the offset of the first cursor. */
  readonly path: string;
  readonly offset: number;
  /** All cursors, in order of the files and the texts. */
  readonly cursors: readonly { readonly path: string; readonly offset: number }[];
  /** The marked ranges, in order of the files and the texts. */
  readonly ranges: readonly Span[];
}

/** A text alone is `main.bcos`. */
export function fixture(marked: string | Files): Fixture {
  const files = typeof marked === "string" ? { "main.bcos": marked } : marked;
  const texts: Record<string, string> = {};
  const cursors: { path: string; offset: number }[] = [];
  const ranges: Span[] = [];
  for (const [path, source] of Object.entries(files)) {
    let text = "";
    const starts: number[] = [];
    for (const character of source) {
      if (character === "┆") cursors.push({ path, offset: text.length });
      else if (character === "«") starts.push(text.length);
      else if (character === "»") ranges.push({ file: path, start: starts.pop()!, end: text.length });
      else text += character;
    }
    texts[path] = text;
  }
  const first = cursors[0] ?? { path: Object.keys(files)[0]!, offset: 0 };
  return { workspace: workspaceOf(texts), texts, ...first, cursors, ranges };
}

export function workspaceOf(texts: Files): Workspace {
  return createWorkspace({ read: (path) => texts[path], list: () => Object.keys(texts) });
}

/** The texts with the ranges in `«…»`, for comparing with what was marked. */
export function shown(texts: Files, spans: readonly Span[]): Files {
  return Object.fromEntries(
    Object.entries(texts).map(([path, text]) => {
      const marks = spans
        .filter(({ file }) => file === path)
        .flatMap(({ start, end }) => [
          { at: start, mark: "«" },
          { at: end, mark: "»" },
        ])
        .sort((a, b) => b.at - a.at || (a.mark < b.mark ? 1 : -1));
      return [path, marks.reduce((result, { at, mark }) => result.slice(0, at) + mark + result.slice(at), text)];
    }),
  );
}

/** The texts after the edits, which do not overlap. */
export function edited(texts: Files, edits: readonly TextEdit[]): Files {
  return Object.fromEntries(
    Object.entries(texts).map(([path, text]) => [
      path,
      applyEdits(
        text,
        edits.filter(({ span }) => span.file === path),
      ),
    ]),
  );
}
