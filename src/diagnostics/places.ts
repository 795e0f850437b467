/** Source ranges as places that editors and terminals can jump to. */
import type { Span } from "./diagnostic.ts";
import { createLineMap, type LineMap } from "./lines.ts";

/** `net.bcos:12:3` for the start of a range; the file alone where `read` does not have it. Reads each file once. */
export function createPlaces(read: (file: string) => string | undefined): (span: Span) => string {
  const maps = new Map<string, LineMap | undefined>();
  return ({ file, start }) => {
    if (!maps.has(file)) {
      const text = read(file);
      maps.set(file, text === undefined ? undefined : createLineMap(text));
    }
    const position = maps.get(file)?.positionAt(start);
    return position === undefined ? file : `${file}:${position.line}:${position.column}`;
  };
}
