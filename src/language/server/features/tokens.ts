/** Semantic tokens: of a document, of a range, and what changed since the last time. */
import { SemanticTokensBuilder, type SemanticTokens, type SemanticTokensDelta } from "vscode-languageserver";
import type { Span } from "../../../diagnostics/diagnostic.ts";
import { semanticTokenModifiers, semanticTokens, semanticTokenTypes } from "../../semantic-tokens.ts";
import { documentOf, type Feature } from "../context.ts";
import { offsetOf, positionOf } from "../locations.ts";
import { required } from "../parameters.ts";
import { answer } from "../requests.ts";
import type { LineMap } from "../../../diagnostics/lines.ts";

export const tokens: Feature = (context) => {
  const { connection, workspace, documents } = context;
  /** What clients have of each document. */
  const builders = new Map<string, SemanticTokensBuilder>();
  documents.onChange((path) => void (documents.versionOf(path) === undefined && builders.delete(path)));

  const fill = (builder: SemanticTokensBuilder, path: string, lines: LineMap, range?: Pick<Span, "start" | "end">) => {
    for (const { span, type, modifiers } of semanticTokens(workspace, path, range)) {
      const { line, character } = positionOf(lines, span.start);
      const bits = modifiers.reduce((sum, one) => sum | (1 << semanticTokenModifiers.indexOf(one)), 0);
      builder.push(line, character, span.end - span.start, semanticTokenTypes.indexOf(type), bits);
    }
  };
  const builderOf = (path: string): SemanticTokensBuilder => {
    const known = builders.get(path) ?? new SemanticTokensBuilder();
    if (documents.versionOf(path) !== undefined) builders.set(path, known);
    return known;
  };

  connection.languages.semanticTokens.on(
    answer(connection, (params): SemanticTokens => {
      const document = documentOf(context, params);
      if (document === undefined) return { data: [] };
      const builder = builderOf(document.path);
      builder.previousResult("");
      fill(builder, document.path, document.lines);
      return builder.build();
    }),
  );

  connection.languages.semanticTokens.onDelta(
    answer(
      connection,
      (params): SemanticTokens | SemanticTokensDelta => {
        const document = documentOf(context, params);
        if (document === undefined) return { edits: [] };
        const builder = builderOf(document.path);
        builder.previousResult(params.previousResultId);
        fill(builder, document.path, document.lines);
        return builder.buildEdits();
      },
      required("previousResultId"),
    ),
  );

  connection.languages.semanticTokens.onRange(
    answer(
      connection,
      (params): SemanticTokens => {
        const document = documentOf(context, params);
        if (document === undefined) return { data: [] };
        const { path, lines } = document;
        const builder = new SemanticTokensBuilder();
        fill(builder, path, lines, {
          start: offsetOf(lines, params.range.start),
          end: offsetOf(lines, params.range.end),
        });
        return { data: builder.build().data };
      },
      required("range"),
    ),
  );

  return {
    semanticTokensProvider: {
      legend: { tokenTypes: [...semanticTokenTypes], tokenModifiers: [...semanticTokenModifiers] },
      full: { delta: true },
      range: true,
    },
  };
};
