/** The extension: starts the language server, and has the commands that its lenses and menus call. */
import { commands, Uri, window, workspace, type ExtensionContext, type LogOutputChannel } from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { compileFile } from "./compile.ts";
import { createDumps } from "./dumps.ts";
import { findServer, serverProcess, type ServerChoice } from "./find-server.ts";
import { showReferences } from "./references.ts";

/** Those that the server may put into lenses and completions; see `features/lenses.ts` of the server. */
const serverCommands = [
  "bcosc.showPlan",
  "bcosc.compile",
  "bcosc.showReferences",
  "editor.action.triggerSuggest",
] as const;

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const channel = window.createOutputChannel("B-cos", { log: true });
  const server = (): ServerChoice =>
    findServer({
      setting: workspace.getConfiguration("bcosc").get<string>("server.path", ""),
      folders: (workspace.workspaceFolders ?? [])
        .filter(({ uri }) => uri.scheme === "file")
        .map(({ uri }) => uri.fsPath),
      trusted: workspace.isTrusted,
      extension: context.extensionPath,
    });
  const restart = async (): Promise<void> => {
    await client?.dispose();
    client = createClient(server(), channel);
    await client.start();
  };
  const dumps = createDumps(() => client);
  context.subscriptions.push(
    channel,
    dumps.provider,
    commands.registerCommand("bcosc.showPlan", dumps.showPlan),
    commands.registerCommand("bcosc.showWgsl", dumps.showWgsl),
    commands.registerCommand("bcosc.compile", (target?: { uri: string }) =>
      compileFile(server(), target === undefined ? undefined : Uri.parse(target.uri)),
    ),
    commands.registerCommand("bcosc.showReferences", showReferences),
    commands.registerCommand("bcosc.restart", restart),
    workspace.onDidGrantWorkspaceTrust(restart),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("bcosc.server.path")) void restart();
    }),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await client?.dispose();
}

function createClient(server: ServerChoice, channel: LogOutputChannel): LanguageClient {
  const { command, args, env } = serverProcess(server);
  channel.info(`server of ${server.origin}: ${server.main}`);
  const run: ServerOptions = { command, args, options: { env: { ...process.env, ...env } } };
  const options: LanguageClientOptions = {
    documentSelector: [{ language: "bcos" }],
    outputChannel: channel,
    initializationOptions: { commands: serverCommands },
  };
  return new LanguageClient("bcosc", "B-cos", run, options);
}
