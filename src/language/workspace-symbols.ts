/** Workspace symbols: names of all files by a fuzzy query. */
import type { Span } from "../diagnostics/diagnostic.ts";
import { outline, type DocumentSymbol } from "./document-symbols.ts";
import { fuzzyScore } from "./fuzzy.ts";
import type { Workspace } from "./workspace.ts";

export interface WorkspaceSymbol {
  readonly name: string;
  readonly kind: DocumentSymbol["kind"];
  /** The model or block that it is in, and the steps around it: `BasicBlock.main`; "" for models and blocks. */
  readonly container: string;
  readonly span: Span;
}

const limit = 200;

/** The best first. An empty query gives the models and blocks. */
export function workspaceSymbols(workspace: Workspace, query: string): WorkspaceSymbol[] {
  const wanted = query.trim();
  const found: { symbol: WorkspaceSymbol; score: number }[] = [];
  function collect(symbols: readonly DocumentSymbol[], container: string): void {
    for (const { name, kind, selection, children } of symbols) {
      const score = fuzzyScore(wanted, name);
      const isTop = container === "";
      if (score !== undefined && (isTop || wanted !== "")) {
        found.push({ symbol: { name, kind, container, span: selection }, score: score + (isTop ? 20 : 0) });
      }
      collect(children, isTop ? name : `${container}.${name}`);
    }
  }
  for (const path of workspace.files()) {
    const [file, text] = [workspace.tree(path), workspace.text(path)];
    if (file !== undefined && text !== undefined)
      collect(
        outline(file, text, () => ""),
        "",
      );
  }
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, limit).map(({ symbol }) => symbol);
}
