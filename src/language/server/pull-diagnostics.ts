/** Answers clients that ask for findings, of a document or of the workspace. */
import {
  DocumentDiagnosticReportKind,
  LSPErrorCodes,
  ResponseError,
  type Connection,
  type Diagnostic,
  type DocumentDiagnosticReport,
  type FullDocumentDiagnosticReport as FullReport,
  type UnchangedDocumentDiagnosticReport as UnchangedReport,
  type WorkspaceDocumentDiagnosticReport,
} from "vscode-languageserver";
import type { Workspace } from "../workspace.ts";
import { resultIdOf, type DiagnosticWriter } from "./diagnostics.ts";
import type { Documents } from "./documents.ts";
import type { Uris } from "./locations.ts";
import { isRecord } from "./guard.ts";
import { answer, type Checkpoint } from "./requests.ts";
import { warmUp } from "./warm-up.ts";

export function answerPulls(
  connection: Connection,
  workspace: Workspace,
  documents: Documents,
  uris: Uris,
  writer: DiagnosticWriter,
): void {
  const itemsOf = async (path: string, checkpoint: Checkpoint): Promise<Diagnostic[]> => {
    await warmUp(workspace, path, async () => {
      await checkpoint();
      return true;
    });
    return writer.write(path);
  };

  connection.languages.diagnostics.on(
    answer(connection, async ({ textDocument, previousResultId }, checkpoint): Promise<DocumentDiagnosticReport> => {
      const path = uris.pathOf(textDocument.uri);
      const version = documents.versionOf(path);
      const items = await itemsOf(path, checkpoint);
      if (documents.versionOf(path) !== version) {
        const problem = "the document changed while it was checked";
        throw new ResponseError(LSPErrorCodes.ServerCancelled, problem, { retriggerRequest: true });
      }
      return reportOf(items, previousResultId);
    }),
  );

  connection.languages.diagnostics.onWorkspace(
    answer(
      connection,
      async ({ previousResultIds }, checkpoint) => {
        const previous = new Map(previousResultIds.map(({ uri, value }) => [uris.pathOf(uri), value]));
        const found: WorkspaceDocumentDiagnosticReport[] = [];
        const paths = new Set(workspace.files());
        for (const path of paths) {
          const report = reportOf(await itemsOf(path, checkpoint), previous.get(path));
          found.push({ ...report, uri: uris.uriOf(path), version: documents.versionOf(path) ?? null });
        }
        // What is gone has no findings any more.
        for (const path of previous.keys()) {
          if (!paths.has(path)) found.push({ ...reportOf([], undefined), uri: uris.uriOf(path), version: null });
        }
        return { items: found };
      },
      (params) =>
        isRecord(params) && Array.isArray(params["previousResultIds"])
          ? undefined
          : "`previousResultIds` is not a list",
    ),
  );
}

function reportOf(items: Diagnostic[], previous: string | undefined): FullReport | UnchangedReport {
  const resultId = resultIdOf(items);
  return resultId === previous
    ? { kind: DocumentDiagnosticReportKind.Unchanged, resultId }
    : { kind: DocumentDiagnosticReportKind.Full, resultId, items };
}
