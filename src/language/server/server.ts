/** The language server: one workspace, and the requests of one client about it. */
import {
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  TextDocumentSyncKind,
  type ClientCapabilities,
  type Connection,
  type InitializeParams,
  type InitializeResult,
  type ServerCapabilities,
} from "vscode-languageserver";
import { createWorkspace } from "../workspace.ts";
import type { Context, Feature } from "./context.ts";
import { createDiagnosticWriter } from "./diagnostics.ts";
import { createDocuments } from "./documents.ts";
import { actions } from "./features/actions.ts";
import { dumps } from "./features/dumps.ts";
import { lenses } from "./features/lenses.ts";
import { names } from "./features/names.ts";
import { shown } from "./features/shown.ts";
import { symbols } from "./features/symbols.ts";
import { tokens } from "./features/tokens.ts";
import { writing } from "./features/writing.ts";
import type { ServerHost } from "./host.ts";
import { isRecord } from "./guard.ts";
import { createUris, pathOfUri } from "./locations.ts";
import { answerPulls } from "./pull-diagnostics.ts";
import { createPush, type Push } from "./push-diagnostics.ts";
import { defaultSettings, readSettings } from "./settings.ts";

const features: readonly Feature[] = [names, symbols, writing, shown, tokens, actions, lenses, dumps];

export interface Server {
  /** Files of the host may have changed. */
  changed(paths: readonly string[]): void;
}

/** Registers everything on the connection. The caller makes it listen. */
export function startServer(connection: Connection, host: ServerHost): Server {
  const workspace = createWorkspace(host);
  const uris = createUris();
  const documents = createDocuments(connection, workspace, uris);
  const writer = createDiagnosticWriter(workspace, uris, (code) => host.pageOf(code));
  let client: ClientCapabilities = {};
  let folders = new Set<string>();
  let commands: readonly unknown[] = [];
  let settings = defaultSettings;
  let push: Push | undefined;

  const context: Context = {
    connection,
    workspace,
    documents,
    uris,
    host,
    findings: writer,
    client: () => client,
    clientHas: (command) => commands.includes(command),
    settings: () => settings,
  };
  const provided = Object.assign({}, ...features.map((feature) => feature(context))) as Partial<ServerCapabilities>;

  const setFolders = (paths: Iterable<string>): void => {
    folders = new Set(paths);
    host.setFolders([...folders]);
    workspace.refresh();
  };
  /** Files changed that the client may have findings and hints of, beside the one that it edits itself. */
  const refreshClient = (): void => {
    push?.schedule();
    const { diagnostics, inlayHint, codeLens, semanticTokens } = client.workspace ?? {};
    // A client that can't, or is about to leave, may answer with an error.
    const ask = (supported: boolean | undefined, refresh: () => Promise<void>): void => {
      if (supported === true) refresh().catch(() => undefined);
    };
    ask(diagnostics?.refreshSupport, () => connection.languages.diagnostics.refresh());
    ask(inlayHint?.refreshSupport, () => connection.languages.inlayHint.refresh());
    ask(codeLens?.refreshSupport, () => connection.sendRequest("workspace/codeLens/refresh"));
    ask(semanticTokens?.refreshSupport, () => Promise.resolve(connection.languages.semanticTokens.refresh()));
  };

  connection.onInitialize((params): InitializeResult => {
    client = params.capabilities;
    const options: unknown = params.initializationOptions;
    host.configure(options);
    if (isRecord(options) && Array.isArray(options["commands"])) commands = options["commands"];
    if (isRecord(options)) settings = readSettings(options["settings"]);
    setFolders(foldersOf(params));
    if (client.textDocument?.diagnostic === undefined) {
      push = createPush(connection, workspace, documents, uris, writer);
    }
    return {
      serverInfo: { name: "bcosc", ...(host.version === undefined ? {} : { version: host.version }) },
      capabilities: {
        positionEncoding: "utf-16",
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        diagnosticProvider: { identifier: "bcosc", interFileDependencies: true, workspaceDiagnostics: true },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
        ...provided,
      },
    };
  });

  connection.onInitialized(() => {
    if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration === true) {
      const watchers = [{ globPattern: "**/*.bcos" }];
      connection.client
        .register(DidChangeWatchedFilesNotification.type, { watchers })
        .catch((error: unknown) => connection.console.warn(`can't watch files: ${String(error)}`));
    }
    if (client.workspace?.workspaceFolders === true) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const left = [...folders].filter((path) => !removed.some(({ uri }) => pathOfUri(uri) === path));
        setFolders([...left, ...added.map(({ uri }) => pathOfUri(uri))]);
        refreshClient();
      });
    }
    if (client.workspace?.configuration === true) {
      if (client.workspace.didChangeConfiguration?.dynamicRegistration === true) {
        connection.client
          .register(DidChangeConfigurationNotification.type, { section: "bcosc" })
          .catch((error: unknown) => connection.console.warn(`can't follow settings: ${String(error)}`));
      }
      askForSettings();
    }
    push?.schedule();
  });

  const askForSettings = (): void => {
    connection.workspace.getConfiguration("bcosc").then(
      (given: unknown) => {
        settings = readSettings(given);
        refreshClient();
      },
      (error: unknown) => connection.console.warn(`can't read settings: ${String(error)}`),
    );
  };
  connection.onDidChangeConfiguration((params) => {
    if (client.workspace?.configuration === true) return askForSettings();
    // Of older clients, which send all settings.
    const given: unknown = params.settings;
    if (isRecord(given)) settings = readSettings(given["bcosc"]);
    refreshClient();
  });

  const changed = (paths: readonly string[]): void => {
    for (const path of paths) workspace.refresh(path);
    refreshClient();
  };
  connection.onDidChangeWatchedFiles(({ changes }) => changed(changes.map(({ uri }) => pathOfUri(uri))));

  documents.onChange(() => push?.schedule());
  answerPulls(connection, workspace, documents, uris, writer);
  return { changed };
}

function foldersOf({ workspaceFolders, rootUri, rootPath }: InitializeParams): string[] {
  if (Array.isArray(workspaceFolders)) return workspaceFolders.map(({ uri }) => pathOfUri(uri));
  if (typeof rootUri === "string") return [pathOfUri(rootUri)];
  return typeof rootPath === "string" ? [pathOfUri(`file://${rootPath}`)] : [];
}
