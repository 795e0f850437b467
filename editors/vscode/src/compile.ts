/** Compiles a file to a typed module, as a task whose output the user sees. */
import { ProcessExecution, Task, TaskScope, tasks, window, workspace, type Uri } from "vscode";
import { nodeEnvironment, type ServerChoice } from "./find-server.ts";

/** Without a file the one in front. */
export async function compileFile({ main }: ServerChoice, file?: Uri): Promise<void> {
  const uri = file ?? window.activeTextEditor?.document.uri;
  if (uri?.scheme !== "file") return void window.showInformationMessage("Only files on a disk can be compiled.");
  await workspace.openTextDocument(uri).then((document) => document.save());
  const folder = workspace.getWorkspaceFolder(uri);
  const out = workspace.getConfiguration("bcosc", uri).get<string>("compile.out", "src/models");
  const execution = new ProcessExecution(process.execPath, [main, "compile", uri.fsPath, "--out", out], {
    env: nodeEnvironment,
    ...(folder === undefined ? {} : { cwd: folder.uri.fsPath }),
  });
  const name = `compile ${workspace.asRelativePath(uri)}`;
  const task = new Task({ type: "bcosc", file: uri.fsPath }, folder ?? TaskScope.Workspace, name, "bcosc", execution);
  await tasks.executeTask(task);
}
