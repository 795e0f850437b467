/** A client of the language server as it is installed: `bcosc lsp` in a process of its own, over its standard streams. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll } from "vitest";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ClientCapabilities,
  type Diagnostic,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from "vscode-languageserver/node";
import { createLineMap } from "../../../src/diagnostics/lines.ts";
import { mainFile } from "../../cli/run.ts";

export interface Session {
  readonly folder: string;
  readonly connection: ProtocolConnection;
  readonly process: ChildProcess;
  readonly capabilities: InitializeResult["capabilities"];
  /** Everything that the server asked of the client: the methods, in order. */
  readonly asked: string[];
  /** What it told the user. */
  readonly messages: string[];
  uri(path: string): string;
  /** Writes a file of the workspace. */
  write(path: string, text: string): void;
  open(path: string, text: string): Promise<void>;
  /** Replaces one part of an open document, found by its text. */
  edit(path: string, before: string, after: string): Promise<void>;
  /** Gives an open document another text, whole. */
  replace(path: string, text: string): Promise<void>;
  close(path: string): Promise<void>;
  changed(path: string, type?: 1 | 2 | 3): Promise<void>;
  request<T>(method: string, params: object): Promise<T>;
  /** A request about a place in an open document. The `|` in `marked` is the cursor, the rest the text around it. */
  at<T>(method: string, path: string, marked: string, more?: object): Promise<T>;
  /** The text that an open document has. */
  text(path: string): string;
  position(path: string, marked: string): Position;
  /** The pushed findings of a file, as soon as they are as wanted. */
  pushed(path: string, wanted: (diagnostics: readonly Diagnostic[]) => boolean): Promise<PublishDiagnosticsParams>;
  /** Ends the session as editors do, and gives the exit code. */
  stop(): Promise<number | null>;
}

export interface SessionOptions {
  readonly capabilities?: ClientCapabilities;
  /** What `workspace/configuration` answers. */
  readonly settings?: object;
  /** The `initializationOptions`. */
  readonly options?: object;
  /** Another server than `bcosc lsp`. */
  readonly server?: ServerProcess;
}

/** Removed after the tests of the file. */
export function temporaryFolder(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "bcosc-lsp-")));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process to start. */
export interface ServerProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const installed: ServerProcess = { command: process.execPath, args: [mainFile, "lsp"] };

/** `bcosc lsp`, without a client. */
export function spawnServer(
  words: readonly string[] = [],
  { command, args, env }: ServerProcess = installed,
): ChildProcess {
  const child = spawn(command, [...args, ...words], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  afterAll(() => void child.kill("SIGKILL"));
  return child;
}

export function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("exit", resolve));
}

/** What the server may ask of its client. */
const clientMethods = [
  "client/registerCapability",
  "workspace/configuration",
  "workspace/diagnostic/refresh",
  "workspace/inlayHint/refresh",
  "workspace/codeLens/refresh",
  "workspace/semanticTokens/refresh",
];

/** Starts a server for a new folder with these files. */
export async function startSession(
  files: Readonly<Record<string, string>>,
  { capabilities = {}, settings, options, server: started }: SessionOptions = {},
): Promise<Session> {
  const folder = temporaryFolder(files);
  const child = spawnServer([], started);
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout!),
    new StreamMessageWriter(child.stdin!),
  );
  const uri = (path: string): string => pathToFileURL(join(folder, path)).href;
  const texts = new Map<string, string>();
  const versions = new Map<string, number>();
  const asked: string[] = [];
  const messages: string[] = [];
  const published = new Map<string, PublishDiagnosticsParams>();
  const listeners = new Set<() => void>();
  let errors = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));

  for (const method of clientMethods) {
    connection.onRequest(method, (params: unknown) => {
      asked.push(method);
      if (method !== "workspace/configuration") return null;
      return (params as { items: unknown[] }).items.map(() => settings ?? null);
    });
  }
  connection.onNotification("window/showMessage", ({ message }: { message: string }) => void messages.push(message));
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    published.set(params.uri, params);
    listeners.forEach((listener) => listener());
  });
  connection.listen();
  const { capabilities: server } = await connection.sendRequest<InitializeResult>("initialize", {
    processId: process.pid,
    rootUri: null,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "test" }],
    capabilities,
    initializationOptions: options,
  });
  await connection.sendNotification("initialized", {});

  const textOf = (path: string): string => {
    const text = texts.get(path);
    if (text === undefined) throw new Error(`${path} is not open`);
    return text;
  };
  const positionAt = (path: string, offset: number): Position => {
    const { line, column } = createLineMap(textOf(path)).positionAt(offset);
    return { line: line - 1, character: column - 1 };
  };
  const position = (path: string, marked: string): Position => {
    const cursor = marked.indexOf("|");
    const start = textOf(path).indexOf(marked.replace("|", ""));
    if (cursor < 0 || start < 0) throw new Error(`${path} has no ${JSON.stringify(marked)}`);
    return positionAt(path, start + cursor);
  };
  const request = <T>(method: string, params: object): Promise<T> => connection.sendRequest<T>(method, params);

  const change = async (path: string, text: string, contentChange: object): Promise<void> => {
    const version = versions.get(path)! + 1;
    texts.set(path, text);
    versions.set(path, version);
    const textDocument = { uri: uri(path), version };
    await connection.sendNotification("textDocument/didChange", { textDocument, contentChanges: [contentChange] });
  };

  return {
    folder,
    connection,
    process: child,
    capabilities: server,
    asked,
    messages,
    uri,
    text: textOf,
    position,
    request,
    at: (method, path, marked, more = {}) =>
      request(method, { textDocument: { uri: uri(path) }, position: position(path, marked), ...more }),
    write(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    async open(path, text) {
      texts.set(path, text);
      versions.set(path, 1);
      const textDocument = { uri: uri(path), languageId: "bcos", version: 1, text };
      await connection.sendNotification("textDocument/didOpen", { textDocument });
    },
    async edit(path, before, after) {
      const text = textOf(path);
      const at = text.indexOf(before);
      if (at < 0) throw new Error(`${path} has no ${JSON.stringify(before)}`);
      const range = { start: positionAt(path, at), end: positionAt(path, at + before.length) };
      await change(path, text.slice(0, at) + after + text.slice(at + before.length), { range, text: after });
    },
    replace: (path, text) => change(path, text, { text }),
    async close(path) {
      texts.delete(path);
      await connection.sendNotification("textDocument/didClose", { textDocument: { uri: uri(path) } });
    },
    async changed(path, type = 2) {
      await connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [{ uri: uri(path), type }] });
    },
    pushed(path, wanted) {
      return new Promise((resolve, reject) => {
        const seen = (): string => JSON.stringify(published.get(uri(path))?.diagnostics.map(({ code }) => code));
        const timer = setTimeout(() => {
          listeners.delete(look);
          reject(new Error(`the findings of ${path} are ${seen()}\n${errors}`));
        }, 20_000);
        const look = (): void => {
          const params = published.get(uri(path));
          if (params === undefined || !wanted(params.diagnostics)) return;
          listeners.delete(look);
          clearTimeout(timer);
          resolve(params);
        };
        listeners.add(look);
        look();
      });
    },
    async stop() {
      await connection.sendRequest("shutdown");
      await connection.sendNotification("exit");
      const code = await exitCodeOf(child);
      connection.dispose();
      if (errors !== "") throw new Error(`the server wrote to standard error: ${errors}`);
      return code;
    },
  };
}
