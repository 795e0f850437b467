/** What the compiler knows, shown in the text and beside it: hover, inlay hints, folding and selection ranges. */
import {
  InlayHintKind,
  MarkupKind,
  type FoldingRange,
  type Hover,
  type InlayHint,
  type SelectionRange,
} from "vscode-languageserver";
import { foldingRanges } from "../../folding.ts";
import { hover } from "../../hover.ts";
import { inlayHints, type InlayHint as Hint } from "../../inlay-hints.ts";
import { selectionRange } from "../../selection-ranges.ts";
import { documentOf, placeOf, type Feature } from "../context.ts";
import { offsetOf, positionOf, rangeOf, textEdits } from "../locations.ts";
import { atPosition, required } from "../parameters.ts";
import { answer } from "../requests.ts";

const hintKinds: Readonly<Record<Hint["kind"], InlayHintKind | undefined>> = {
  shape: InlayHintKind.Type,
  value: InlayHintKind.Type,
  total: undefined,
  argument: InlayHintKind.Parameter,
};

export const shown: Feature = (context) => {
  const { connection, workspace, settings } = context;

  connection.onHover(
    answer(
      connection,
      (params): Hover | null => {
        const place = placeOf(context, params);
        const found = place && hover(workspace, place.path, place.offset, { form: settings().form });
        if (found === undefined) return null;
        return {
          contents: { kind: MarkupKind.Markdown, value: found.markdown },
          range: rangeOf(place!.lines, found.span),
        };
      },
      atPosition,
    ),
  );

  connection.languages.inlayHint.on(
    answer(
      connection,
      (params): InlayHint[] => {
        const document = documentOf(context, params);
        if (document === undefined) return [];
        const { path, lines } = document;
        const range = { start: offsetOf(lines, params.range.start), end: offsetOf(lines, params.range.end) };
        const { inlayHints: options, form } = settings();
        return inlayHints(workspace, path, range, { ...options, form }).map(
          ({ offset, kind, text, tooltip, edits }) => {
            const lspKind = hintKinds[kind];
            return {
              position: positionOf(lines, offset),
              label: text,
              ...(lspKind === undefined ? {} : { kind: lspKind }),
              ...(tooltip === undefined ? {} : { tooltip: { kind: MarkupKind.Markdown, value: tooltip } }),
              ...(edits === undefined ? {} : { textEdits: textEdits(lines, edits) }),
            };
          },
        );
      },
      required("range"),
    ),
  );

  connection.onFoldingRanges(
    answer(connection, (params): FoldingRange[] => {
      const document = documentOf(context, params);
      if (document === undefined) return [];
      return foldingRanges(workspace, document.path).map(({ span, kind }) => {
        const { start, end } = rangeOf(document.lines, span);
        return { startLine: start.line, endLine: end.line, kind };
      });
    }),
  );

  connection.onSelectionRanges(
    answer(
      connection,
      (params): SelectionRange[] | null => {
        const document = documentOf(context, params);
        if (document === undefined) return null;
        const { path, lines } = document;
        return params.positions.map((position) => {
          const spans = selectionRange(workspace, path, offsetOf(lines, position));
          const nested = spans.reduceRight<SelectionRange | undefined>(
            (parent, span) => ({ range: rangeOf(lines, span), ...(parent === undefined ? {} : { parent }) }),
            undefined,
          );
          return nested ?? { range: { start: position, end: position } };
        });
      },
      required("positions"),
    ),
  );

  return {
    hoverProvider: true,
    inlayHintProvider: true,
    foldingRangeProvider: true,
    selectionRangeProvider: true,
  };
};
