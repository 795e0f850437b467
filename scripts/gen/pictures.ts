/** The README's pictures of the author's tools: a model in an editor, and an error in a terminal. */
import { checkFile } from "../../src/compiler/check/check.ts";
import { resolvePath } from "../../src/compiler/check/source-host.ts";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import { renderDiagnostic } from "../../src/diagnostics/frame.ts";
import { createWorkspace } from "../../src/language/workspace.ts";
import { drawEditor } from "./pictures/editor.ts";
import { drawTerminal } from "./pictures/terminal.ts";

const model = "models/resnet34.bcos";
const block = "models/blocks/residual.bcos";

/** `read` gives the text of a file of the repository. */
export function generatePictures(read: (path: string) => string): Map<string, string> {
  const workspace = createWorkspace({ read, list: () => [model, block] });
  const editor = drawEditor(workspace, model, {
    title: `${model} in an editor: what it holds and costs above the model, shapes and totals in its rows`,
    columns: 106,
  });
  const frame = drawTerminal("A shape mismatch, as bcosc check shows it", errorFrame(read), 92);
  return new Map([
    ["docs/images/editor.svg", editor],
    ["docs/images/error.svg", frame],
  ]);
}

/** What the compiler says of a residual block whose skip is not projected. */
function errorFrame(read: (path: string) => string): string {
  const text = read(block);
  const { file } = parseFile(block, text);
  const skip = file.declarations[0]?.bindings.find(({ name }) => name.text === "skip")?.flow.span;
  if (skip === undefined) throw new Error(`${block} has no row for its skip`);
  const wrong = `${text.slice(0, skip.start)}x${text.slice(skip.end)}`;
  const source = (path: string): string => (path === block ? wrong : read(path));
  const { diagnostics } = checkFile({ read: source, resolve: resolvePath }, model);
  const [first] = diagnostics;
  if (first?.code !== "shape/mismatch") throw new Error(`${first?.code} in place of a shape mismatch`);
  return renderDiagnostic(first, source, { color: true, width: 92 });
}
