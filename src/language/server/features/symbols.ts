/** The outline of a document, and names of the whole workspace. */
import { SymbolKind, type DocumentSymbol as LspSymbol, type SymbolInformation } from "vscode-languageserver";
import type { LineMap } from "../../../diagnostics/lines.ts";
import { documentSymbols, type DocumentSymbol } from "../../document-symbols.ts";
import { workspaceSymbols } from "../../workspace-symbols.ts";
import { documentOf, type Feature } from "../context.ts";
import { locationOf, rangeOf } from "../locations.ts";
import { withString } from "../parameters.ts";
import { answer } from "../requests.ts";

const kinds: Readonly<Record<DocumentSymbol["kind"], SymbolKind>> = {
  model: SymbolKind.Class,
  block: SymbolKind.Module,
  parameter: SymbolKind.Property,
  input: SymbolKind.Interface,
  output: SymbolKind.Interface,
  binding: SymbolKind.Variable,
  step: SymbolKind.Field,
};

export const symbols: Feature = (context) => {
  const { connection, workspace, uris, client } = context;

  connection.onDocumentSymbol(
    answer(connection, (params): LspSymbol[] | SymbolInformation[] => {
      const document = documentOf(context, params);
      if (document === undefined) return [];
      const found = documentSymbols(workspace, document.path);
      if (client().textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport === true) {
        return found.map((symbol) => nested(document.lines, symbol));
      }
      return found.flatMap((symbol) => flat(params.textDocument.uri, document.lines, symbol, undefined));
    }),
  );

  connection.onWorkspaceSymbol(
    answer(
      connection,
      ({ query }): SymbolInformation[] =>
        workspaceSymbols(workspace, query).map(({ name, kind, container, span }) => ({
          name,
          kind: kinds[kind],
          location: locationOf(workspace, uris, span),
          ...(container === "" ? {} : { containerName: container }),
        })),
      withString("query"),
    ),
  );

  return { documentSymbolProvider: true, workspaceSymbolProvider: true };
};

function nested(lines: LineMap, symbol: DocumentSymbol): LspSymbol {
  return {
    name: symbol.name,
    kind: kinds[symbol.kind],
    detail: symbol.detail,
    range: rangeOf(lines, symbol.span),
    selectionRange: rangeOf(lines, symbol.selection),
    children: symbol.children.map((child) => nested(lines, child)),
  };
}

function flat(uri: string, lines: LineMap, symbol: DocumentSymbol, container: string | undefined): SymbolInformation[] {
  const { name, kind, span, children } = symbol;
  const location = { uri, range: rangeOf(lines, span) };
  const own = { name, kind: kinds[kind], location, ...(container === undefined ? {} : { containerName: container }) };
  return [own, ...children.flatMap((child) => flat(uri, lines, child, name))];
}
