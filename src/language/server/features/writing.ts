/** Help while one writes: how the call around the cursor is made. */
import { MarkupKind, type SignatureHelp } from "vscode-languageserver";
import { signatureHelp } from "../../signature-help.ts";
import { placeOf, type Feature } from "../context.ts";
import { atPosition } from "../parameters.ts";
import { answer } from "../requests.ts";

export const writing: Feature = (context) => {
  const { connection, workspace } = context;

  connection.onSignatureHelp(
    answer(
      connection,
      (params): SignatureHelp | null => {
        const place = placeOf(context, params);
        const help = place && signatureHelp(workspace, place.path, place.offset);
        if (help === undefined) return null;
        const { label, documentation, parameters, active } = help;
        const markdown = (value: string) =>
          value === "" ? {} : { documentation: { kind: MarkupKind.Markdown, value } };
        return {
          signatures: [
            {
              label,
              ...markdown(documentation),
              parameters: parameters.map((parameter) => ({
                label: [parameter.start, parameter.end],
                ...markdown(parameter.documentation),
              })),
            },
          ],
          activeSignature: 0,
          // Beyond the last parameter none is the active one.
          activeParameter: active ?? parameters.length,
        };
      },
      atPosition,
    ),
  );

  return { signatureHelpProvider: { triggerCharacters: ["(", ","], retriggerCharacters: [":"] } };
};
