/** A file as an editor shows it: semantic colours, inlay hints and code lenses, all from the editor services. */
import { codeLenses, resolveCodeLens } from "../../../src/language/code-lenses.ts";
import { inlayHints, type InlayHintOptions } from "../../../src/language/inlay-hints.ts";
import { semanticTokens } from "../../../src/language/semantic-tokens.ts";
import type { Workspace } from "../../../src/language/workspace.ts";
import { drawPicture, type Line, type Run, type Theme } from "./svg-text.ts";

const light: Theme = {
  background: "#ffffff",
  border: "#d1d9e0",
  gutter: "#8c959f",
  plate: "#eff2f5",
  text: "#1f2328",
  styles: {
    keyword: "fill:#cf222e",
    type: "fill:#cf222e",
    class: "fill:#953800",
    struct: "fill:#953800",
    typeParameter: "fill:#953800",
    function: "fill:#8250df",
    macro: "fill:#8250df",
    parameter: "fill:#0550ae",
    property: "fill:#0550ae",
    enumMember: "fill:#0550ae",
    number: "fill:#0550ae",
    string: "fill:#0a3069",
    label: "fill:#116329",
    operator: "fill:#6e7781",
    comment: "fill:#59636e;font-style:italic",
    hint: "fill:#57606a",
    lens: "fill:#6e7781",
  },
};

export interface EditorPicture {
  readonly title: string;
  readonly columns: number;
  readonly hints?: InlayHintOptions;
}

/** The whole file. */
export function drawEditor(workspace: Workspace, path: string, options: EditorPicture): string {
  const { title, columns, hints: hintOptions } = options;
  const text = workspace.text(path)!;
  const map = workspace.lines(path)!;
  const lenses = codeLenses(workspace, path).map((lens) => resolveCodeLens(workspace, lens));
  const hints = inlayHints(workspace, path, { start: 0, end: text.length }, hintOptions);
  const tokens = semanticTokens(workspace, path);

  const lines: Line[] = [];
  for (let number = 1; number <= map.lineCount; number++) {
    const start = map.lineStart(number);
    const end = map.lineEnd(number);
    if (number === map.lineCount && start === end) break;
    const above = lenses.filter(({ span }) => map.positionAt(span.start).line === number);
    if (above.length > 0) {
      const words = above.map(({ title }) => title).join("  |  ");
      lines.push({ gutter: "", runs: [{ text: words, style: "lens" }], small: true });
    }
    lines.push({ gutter: String(number), runs: runsOf(text, start, end, tokens, hints) });
  }
  return drawPicture({ title, theme: light, lines, columns });
}

function runsOf(
  text: string,
  start: number,
  end: number,
  tokens: ReturnType<typeof semanticTokens>,
  hints: ReturnType<typeof inlayHints>,
): Run[] {
  const runs: Run[] = [];
  const styleAt = (offset: number): string =>
    tokens.find(({ span }) => span.start <= offset && offset < span.end)?.type ?? "";
  const cuts = new Set([start, end]);
  for (const { span } of tokens) for (const at of [span.start, span.end]) if (at > start && at < end) cuts.add(at);
  const inLine = hints.filter(({ offset }) => offset > start && offset <= end);
  for (const { offset } of inLine) cuts.add(offset);
  const at = [...cuts].sort((a, b) => a - b);
  for (const [i, from] of at.entries()) {
    for (const hint of inLine.filter(({ offset }) => offset === from)) {
      runs.push({ text: hint.text.trim(), style: "hint", plate: true });
    }
    const to = at[i + 1];
    if (to === undefined) continue;
    const part = text.slice(from, to);
    runs.push({ text: part, style: styleAt(from), ...(part === "->" ? { canBegin: true } : {}) });
  }
  return runs;
}
