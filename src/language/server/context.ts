/** What the answers to requests have in their hands. */
import type { ClientCapabilities, Connection, Position, ServerCapabilities } from "vscode-languageserver";
import type { LineMap } from "../../diagnostics/lines.ts";
import type { Workspace } from "../workspace.ts";
import type { DiagnosticWriter } from "./diagnostics.ts";
import type { Documents } from "./documents.ts";
import type { ServerHost } from "./host.ts";
import { offsetOf, type Uris } from "./locations.ts";
import type { Settings } from "./settings.ts";

export interface Context {
  readonly connection: Connection;
  readonly workspace: Workspace;
  readonly documents: Documents;
  readonly uris: Uris;
  readonly host: ServerHost;
  readonly findings: DiagnosticWriter;
  /** What the client can; nothing before `initialize`. */
  client(): ClientCapabilities;
  /** Whether the client has a command of its own. */
  clientHas(command: string): boolean;
  settings(): Settings;
}

/** Registers the handlers of a group of features, and says what the server can with them. */
export type Feature = (context: Context) => Partial<ServerCapabilities>;

export interface Place {
  readonly path: string;
  readonly lines: LineMap;
  readonly offset: number;
}

/** The document of a request's parameters. `undefined` where there is no such file: the answer is then empty. */
export function documentOf(
  { workspace, uris }: Context,
  { textDocument }: { readonly textDocument: { readonly uri: string } },
): { readonly path: string; readonly lines: LineMap } | undefined {
  const path = uris.pathOf(textDocument.uri);
  const lines = workspace.lines(path);
  return lines === undefined ? undefined : { path, lines };
}

export function placeOf(
  context: Context,
  params: { readonly textDocument: { readonly uri: string }; readonly position: Position },
): Place | undefined {
  const document = documentOf(context, params);
  return document && { ...document, offset: offsetOf(document.lines, params.position) };
}
