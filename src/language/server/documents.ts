/** The open documents: takes in what the client opens, edits and closes, and hands the texts to the workspace. */
import type { Connection, TextDocumentContentChangeEvent } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Workspace } from "../workspace.ts";
import type { Uris } from "./locations.ts";
import { isRange } from "./parameters.ts";

export interface Documents {
  /** Paths of the open documents. */
  paths(): readonly string[];
  /** The client's version of an open document. */
  versionOf(path: string): number | undefined;
  /** The text has arrived in the workspace, or was taken from it. */
  onChange(listener: (path: string) => void): void;
}

export function createDocuments(connection: Connection, workspace: Workspace, uris: Uris): Documents {
  const open = new Map<string, TextDocument>();
  const listeners: ((path: string) => void)[] = [];
  const changed = (path: string): void => listeners.forEach((listener) => listener(path));

  connection.onDidOpenTextDocument(({ textDocument }) => {
    const { uri, languageId, version, text } = textDocument;
    if (typeof uri !== "string" || typeof text !== "string") throw new Error("a document without a URI or text");
    const path = uris.pathOf(uri);
    open.set(path, TextDocument.create(uri, languageId, version, text));
    workspace.open(path, text);
    changed(path);
  });

  connection.onDidChangeTextDocument(({ textDocument, contentChanges }) => {
    const path = uris.pathOf(textDocument.uri);
    const document = open.get(path);
    if (document === undefined) throw new Error(`a change of ${textDocument.uri}, which is not open`);
    if (!contentChanges.every(isChange)) throw new Error(`a change of ${textDocument.uri} without a text or a place`);
    const updated = TextDocument.update(document, contentChanges, textDocument.version);
    open.set(path, updated);
    workspace.open(path, updated.getText());
    changed(path);
  });

  connection.onDidCloseTextDocument(({ textDocument }) => {
    const path = uris.pathOf(textDocument.uri);
    if (!open.delete(path)) return;
    workspace.close(path);
    changed(path);
  });

  return {
    paths: () => [...open.keys()],
    versionOf: (path) => open.get(path)?.version,
    onChange: (listener) => void listeners.push(listener),
  };
}

function isChange(change: TextDocumentContentChangeEvent): boolean {
  return typeof change.text === "string" && (!("range" in change) || isRange(change.range));
}
