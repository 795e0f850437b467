/** Plans and kernels as read-only documents beside the source. */
import {
  EventEmitter,
  languages,
  Uri,
  ViewColumn,
  window,
  workspace,
  type Disposable,
  type TextDocumentContentProvider,
} from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

export interface Dumps {
  readonly provider: Disposable;
  /** Of the model of a lens, or of the one at the cursor. */
  showPlan(lens?: { readonly uri: string; readonly model: string; readonly target: string }): Promise<void>;
  /** Of the layer at the cursor. */
  showWgsl(): Promise<void>;
}

const scheme = "bcosc";

export function createDumps(client: () => LanguageClient | undefined): Dumps {
  const texts = new Map<string, string>();
  const changed = new EventEmitter<Uri>();
  const content: TextDocumentContentProvider = {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? "",
  };

  const show = async (method: string, params: object, ending: string): Promise<void> => {
    try {
      const answer = await client()?.sendRequest<{ title: string; text: string }>(method, params);
      if (answer === undefined) return;
      const uri = Uri.from({ scheme, path: `/${answer.title.replaceAll("/", "-")}.${ending}` });
      texts.set(uri.toString(), answer.text);
      changed.fire(uri);
      const document = await workspace.openTextDocument(uri);
      const known = await languages.getLanguages();
      if (known.includes(ending)) await languages.setTextDocumentLanguage(document, ending);
      await window.showTextDocument(document, { preview: true, preserveFocus: true, viewColumn: ViewColumn.Beside });
    } catch (error) {
      void window.showInformationMessage(error instanceof Error ? error.message : String(error));
    }
  };
  /** Parameters for the place of the cursor; `undefined` where no `.bcos` file is in front. */
  const here = (): object | undefined => {
    const editor = window.activeTextEditor;
    if (editor?.document.languageId !== "bcos") return undefined;
    const { line, character } = editor.selection.active;
    return { textDocument: { uri: editor.document.uri.toString() }, position: { line, character } };
  };

  return {
    provider: workspace.registerTextDocumentContentProvider(scheme, content),
    async showPlan(lens) {
      const place =
        lens === undefined ? here() : { textDocument: { uri: lens.uri }, model: lens.model, target: lens.target };
      if (place !== undefined) await show("bcosc/plan", place, "txt");
    },
    async showWgsl() {
      const place = here();
      if (place !== undefined) await show("bcosc/wgsl", place, "wgsl");
    },
  };
}
