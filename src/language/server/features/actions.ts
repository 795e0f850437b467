/** Code actions: fixes of findings, refactorings, and the two kinds that editors can run on save. */
import { CodeActionKind, type CodeAction } from "vscode-languageserver";
import type { TextEdit } from "../../../diagnostics/diagnostic.ts";
import { codeActions } from "../../code-actions.ts";
import { fixAll } from "../../fix-all.ts";
import { organizeImports } from "../../organize-imports.ts";
import type { Workspace } from "../../workspace.ts";
import { documentOf, type Feature } from "../context.ts";
import { offsetOf, workspaceEdit } from "../locations.ts";
import { isRecord } from "../guard.ts";
import { required } from "../parameters.ts";
import { answer } from "../requests.ts";

interface SourceAction {
  readonly kind: string;
  readonly title: string;
  edits(workspace: Workspace, path: string): readonly TextEdit[];
}

const sourceActions: readonly SourceAction[] = [
  { kind: `${CodeActionKind.SourceFixAll}.bcosc`, title: "fix everything that has a certain fix", edits: fixAll },
  { kind: CodeActionKind.SourceOrganizeImports, title: "organize the imports", edits: organizeImports },
];

export const actions: Feature = (context) => {
  const { connection, workspace, uris, findings } = context;

  connection.onCodeAction(
    answer(
      connection,
      (params): CodeAction[] => {
        const document = documentOf(context, params);
        if (document === undefined) return [];
        const { path, lines } = document;
        const only = isRecord(params.context) ? params.context.only : undefined;
        const isWanted = (kind: string): boolean =>
          only === undefined ||
          only.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`) || wanted === "");
        const range = { start: offsetOf(lines, params.range.start), end: offsetOf(lines, params.range.end) };
        const isAboutRange = isWanted(CodeActionKind.QuickFix) || isWanted(CodeActionKind.RefactorRewrite);
        const local = isAboutRange ? codeActions(workspace, path, range) : [];
        // Source actions are for those who ask for them: a menu of fixes is none.
        const source = only === undefined ? [] : sourceActions.filter(({ kind }) => isWanted(kind));
        return [
          ...local
            .filter(({ kind }) => isWanted(kind))
            .map(({ title, kind, edits, diagnostic }): CodeAction => ({
              title,
              kind,
              edit: workspaceEdit(workspace, uris, edits),
              ...(diagnostic === undefined ? {} : { diagnostics: [findings.one(diagnostic)], isPreferred: true }),
            })),
          ...source.flatMap(({ kind, title, edits }): CodeAction[] => {
            const made = edits(workspace, path);
            return made.length === 0 ? [] : [{ title, kind, edit: workspaceEdit(workspace, uris, made) }];
          }),
        ];
      },
      required("range"),
    ),
  );

  const kinds = [CodeActionKind.QuickFix, CodeActionKind.RefactorRewrite, ...sourceActions.map(({ kind }) => kind)];
  return { codeActionProvider: { codeActionKinds: kinds } };
};
