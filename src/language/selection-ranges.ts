/** Selection ranges: what "expand selection" takes in next, from the word at the cursor to the whole file. */
import type { Span } from "../diagnostics/diagnostic.ts";
import { commentAt, nodePathAt } from "./node-at.ts";
import { spanOf } from "./walk.ts";
import type { Workspace } from "./workspace.ts";

/** The spans around an offset, the innermost first. Each is larger than the one before and around it. */
export function selectionRange(workspace: Workspace, path: string, offset: number): readonly Span[] {
  const file = workspace.tree(path);
  if (file === undefined) return [];
  const comment = commentAt(file, offset);
  const around = nodePathAt(file, offset).map(spanOf).reverse();
  const found: Span[] = [];
  for (const { start, end } of comment === undefined ? around : [comment.span, ...around]) {
    const inner = found.at(-1);
    const isLarger =
      inner === undefined || (start <= inner.start && end >= inner.end && end - start > inner.end - inner.start);
    if (isLarger) found.push({ file: path, start, end });
  }
  return found;
}
