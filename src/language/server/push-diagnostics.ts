/** Sends findings as they change, to clients that do not ask for them. */
import type { Connection } from "vscode-languageserver";
import type { Workspace } from "../workspace.ts";
import type { DiagnosticWriter } from "./diagnostics.ts";
import type { Documents } from "./documents.ts";
import type { Uris } from "./locations.ts";
import { turn } from "./requests.ts";
import { warmUp } from "./warm-up.ts";

export interface Push {
  /** Something changed: all files are looked at again once nothing more has changed for a moment. */
  schedule(): void;
}

/** How long typing has to pause, in milliseconds. */
const pause = 120;

export function createPush(
  connection: Connection,
  workspace: Workspace,
  documents: Documents,
  uris: Uris,
  writer: DiagnosticWriter,
): Push {
  /** What the client has, as JSON, for the files with findings. */
  const sent = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round = 0;

  const send = (path: string, exists: boolean): void => {
    const diagnostics = exists ? writer.write(path) : [];
    const version = documents.versionOf(path);
    const json = JSON.stringify(diagnostics);
    // An open document's findings are those of a version, which the client may compare.
    const key = version === undefined ? json : `${version} ${json}`;
    if ((sent.get(path) ?? (version === undefined ? "[]" : "")) === key) return;
    if (diagnostics.length === 0 && version === undefined) sent.delete(path);
    else sent.set(path, key);
    const params = { uri: uris.uriOf(path), diagnostics, ...(version === undefined ? {} : { version }) };
    connection.sendDiagnostics(params).catch(() => undefined);
  };

  const run = async (): Promise<void> => {
    const own = ++round;
    const files = workspace.files();
    const paths = new Set([...documents.paths(), ...files]);
    for (const path of paths) {
      const isCurrent = await warmUp(workspace, path, async () => {
        await turn();
        return own === round;
      });
      if (!isCurrent) return;
      send(path, true);
    }
    for (const path of sent.keys()) if (!paths.has(path)) send(path, false);
  };

  return {
    schedule() {
      round++;
      clearTimeout(timer);
      timer = setTimeout(() => {
        run().catch((error: unknown) => connection.console.error(`can't send findings: ${String(error)}`));
      }, pause);
    },
  };
}
