/** Definition, references, highlights and rename. */
import {
  DocumentHighlightKind,
  MessageType,
  ShowMessageNotification,
  type Location,
  type LocationLink,
  type ShowMessageParams,
} from "vscode-languageserver";
import { definition } from "../../definition.ts";
import { highlights } from "../../highlights.ts";
import { references } from "../../references.ts";
import { prepareRename, rename } from "../../rename.ts";
import { placeOf, type Feature } from "../context.ts";
import { locationOf, rangeOf, workspaceEdit } from "../locations.ts";
import { atPosition, withString } from "../parameters.ts";
import { answer, RequestProblem } from "../requests.ts";

export const names: Feature = (context) => {
  const { connection, workspace, uris } = context;

  connection.onDefinition(
    answer(
      connection,
      (params): LocationLink[] | Location | null => {
        const place = placeOf(context, params);
        const found = place && definition(workspace, place.path, place.offset);
        if (found === undefined) return null;
        if (context.client().textDocument?.definition?.linkSupport !== true) {
          return locationOf(workspace, uris, found.target);
        }
        const target = locationOf(workspace, uris, found.target);
        return [
          {
            originSelectionRange: rangeOf(place!.lines, found.origin),
            targetUri: target.uri,
            targetRange: locationOf(workspace, uris, found.whole).range,
            targetSelectionRange: target.range,
          },
        ];
      },
      atPosition,
    ),
  );

  connection.onReferences(
    answer(
      connection,
      (params) => {
        const place = placeOf(context, params);
        if (place === undefined) return [];
        // A client that says nothing of it wants all.
        const includeDeclaration = (params.context as { includeDeclaration?: boolean } | undefined)?.includeDeclaration;
        const options = { includeDeclaration: includeDeclaration ?? true };
        const found = references(workspace, place.path, place.offset, options);
        return found.map((span) => locationOf(workspace, uris, span));
      },
      atPosition,
    ),
  );

  connection.onDocumentHighlight(
    answer(
      connection,
      (params) => {
        const place = placeOf(context, params);
        if (place === undefined) return [];
        return highlights(workspace, place.path, place.offset).map(({ span, kind }) => ({
          range: rangeOf(place.lines, span),
          kind: kind === "write" ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
        }));
      },
      atPosition,
    ),
  );

  connection.onPrepareRename(
    answer(
      connection,
      (params) => {
        const place = placeOf(context, params);
        if (place === undefined) return null;
        const target = prepareRename(workspace, place.path, place.offset);
        if ("refused" in target) throw new RequestProblem(target.refused);
        return { range: rangeOf(place.lines, target.span), placeholder: target.name };
      },
      atPosition,
    ),
  );

  connection.onRenameRequest(
    answer(
      connection,
      (params) => {
        const place = placeOf(context, params);
        if (place === undefined) return null;
        const renamed = rename(workspace, place.path, place.offset, params.newName);
        if ("refused" in renamed) throw new RequestProblem(renamed.refused);
        if (renamed.warnings.length > 0) {
          // A notification: `window.showWarningMessage` is a request, which not every client answers.
          const warning: ShowMessageParams = { type: MessageType.Warning, message: renamed.warnings.join("\n") };
          connection.sendNotification(ShowMessageNotification.type, warning).catch(() => undefined);
        }
        return workspaceEdit(workspace, uris, renamed.edits);
      },
      (params) => atPosition(params) ?? withString("newName")(params),
    ),
  );

  return {
    definitionProvider: true,
    referencesProvider: true,
    documentHighlightProvider: true,
    renameProvider: { prepareProvider: true },
  };
};
