/** Help while one writes: completion, how the call around the cursor is made, and formatting. */
import {
  CompletionItemKind,
  InsertTextFormat,
  MarkupKind,
  type CompletionItem,
  type CompletionList,
  type MarkupContent,
  type SignatureHelp,
  type TextEdit,
} from "vscode-languageserver";
import { formatText } from "../../../format/format-text.ts";
import { completion, type CompletionItem as Item, type CompletionKind } from "../../completion/completion.ts";
import { difference } from "../../edits.ts";
import { signatureHelp } from "../../signature-help.ts";
import { documentOf, placeOf, type Feature, type Place } from "../context.ts";
import { isRecord } from "../guard.ts";
import { rangeOf, textEdits } from "../locations.ts";
import { atPosition, withString } from "../parameters.ts";
import { answer } from "../requests.ts";

const kinds: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  layer: CompletionItemKind.Function,
  block: CompletionItemKind.Class,
  function: CompletionItemKind.Function,
  argument: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  parameter: CompletionItemKind.Variable,
  dimension: CompletionItemKind.TypeParameter,
  binding: CompletionItemKind.Variable,
  input: CompletionItemKind.Variable,
  output: CompletionItemKind.Variable,
  setting: CompletionItemKind.Property,
  type: CompletionItemKind.Keyword,
  keyword: CompletionItemKind.Keyword,
  file: CompletionItemKind.File,
};

/** What VS Code calls the command that completes again. */
const completeAgain = "editor.action.triggerSuggest";

export const writing: Feature = (context) => {
  const { connection, workspace, client, clientHas } = context;
  /** The items of the last answer, for `resolve`. */
  let last: { readonly round: number; readonly items: readonly Item[] } = { round: 0, items: [] };

  const itemOf = (item: Item, index: number, place: Place, range: TextEdit["range"]): CompletionItem => {
    const { label, kind, detail, insert, snippet, sort, edits, retrigger } = item;
    const takesSnippets = client().textDocument?.completion?.completionItem?.snippetSupport === true;
    const isSnippet = snippet !== undefined && takesSnippets;
    return {
      label,
      kind: kinds[kind],
      sortText: sort,
      textEdit: { range, newText: isSnippet ? snippet : insert },
      ...(isSnippet ? { insertTextFormat: InsertTextFormat.Snippet } : {}),
      ...(detail === "" ? {} : { detail }),
      ...(edits.length === 0 ? {} : { additionalTextEdits: textEdits(place.lines, edits) }),
      ...(retrigger && clientHas(completeAgain) ? { command: { title: "complete", command: completeAgain } } : {}),
      data: { round: last.round, index },
    };
  };

  connection.onCompletion(
    answer(
      connection,
      (params): CompletionList | null => {
        const place = placeOf(context, params);
        if (place === undefined || isIdleSpace(place, params.context?.triggerCharacter)) return null;
        const found = completion(workspace, place.path, place.offset);
        if (found === undefined) return null;
        last = { round: last.round + 1, items: found.items };
        const range = rangeOf(place.lines, found.span);
        return { isIncomplete: false, items: found.items.map((item, i) => itemOf(item, i, place, range)) };
      },
      atPosition,
    ),
  );

  connection.onCompletionResolve(
    answer(
      connection,
      (item): CompletionItem => {
        const data: unknown = item.data;
        const found = isRecord(data) && data["round"] === last.round ? last.items[Number(data["index"])] : undefined;
        return found === undefined ? item : { ...item, ...documented(found.documentation) };
      },
      withString("label"),
    ),
  );

  connection.onSignatureHelp(
    answer(
      connection,
      (params): SignatureHelp | null => {
        const place = placeOf(context, params);
        const help = place && signatureHelp(workspace, place.path, place.offset);
        if (help === undefined) return null;
        const { label, documentation, parameters, active } = help;
        const signature = {
          label,
          ...documented(documentation),
          parameters: parameters.map((parameter) => ({
            label: [parameter.start, parameter.end] as [number, number],
            ...documented(parameter.documentation),
          })),
        };
        // Beyond the last parameter none is the active one.
        return { signatures: [signature], activeSignature: 0, activeParameter: active ?? parameters.length };
      },
      atPosition,
    ),
  );

  connection.onDocumentFormatting(
    answer(connection, async (params): Promise<TextEdit[] | null> => {
      const document = documentOf(context, params);
      if (document === undefined) return null;
      const { path, lines } = document;
      // The layout is the language's, not the editor's. What does not parse has its findings already.
      const formatted = await formatText(path, lines.text);
      return "text" in formatted ? textEdits(lines, difference(path, lines.text, formatted.text)) : null;
    }),
  );

  return {
    completionProvider: {
      resolveProvider: true,
      triggerCharacters: [">", " ", "(", ",", ":", "=", "[", "{", '"', "/"],
    },
    signatureHelpProvider: { triggerCharacters: ["(", ","], retriggerCharacters: [":"] },
    documentFormattingProvider: true,
  };
};

/** Whether a blank was typed that asks for nothing: those behind `->`, `:`, `,` and other signs do. */
function isIdleSpace({ lines, offset }: Place, typed: string | undefined): boolean {
  return typed === " " && !/(?:->|[+*:,=([{]) $/.test(lines.text.slice(Math.max(0, offset - 3), offset));
}

function documented(value: string): { documentation?: MarkupContent } {
  return value === "" ? {} : { documentation: { kind: MarkupKind.Markdown, value } };
}
