/** The `.bcos` files that emitted files refer to: names that do not depend on where the compiler ran, lines and columns. */
import type { Span } from "../../diagnostics/diagnostic.ts";
import { createLineMap, type LineMap } from "../../diagnostics/lines.ts";

export interface EmitSources {
  /** The text of a file, for lines and columns; without it there are none. */
  readonly read?: (file: string) => string | undefined;
  /** What a file is called in what is emitted, such as its path from there. Default: as it was given. */
  readonly nameOf?: (file: string) => string;
}

export interface SourcePlace {
  readonly file: string;
  /** Both count from 1; columns are UTF-16 units. The end is behind the last character. */
  readonly start?: { readonly line: number; readonly column: number };
  readonly end?: { readonly line: number; readonly column: number };
}

export interface Sources {
  nameOf(file: string): string;
  placeOf(span: Span): SourcePlace;
}

export function createSources({ read = () => undefined, nameOf = (file) => file }: EmitSources): Sources {
  const maps = new Map<string, LineMap | undefined>();
  const linesOf = (file: string): LineMap | undefined => {
    if (!maps.has(file)) {
      const text = read(file);
      maps.set(file, text === undefined ? undefined : createLineMap(text));
    }
    return maps.get(file);
  };
  return {
    nameOf,
    placeOf({ file, start, end }) {
      const lines = linesOf(file);
      const place = { file: nameOf(file) };
      return lines === undefined ? place : { ...place, start: lines.positionAt(start), end: lines.positionAt(end) };
    },
  };
}
