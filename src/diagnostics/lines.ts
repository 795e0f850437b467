/** Offsets to lines and columns and back. Lines end at `\n`, `\r\n` or a lone `\r`. */

/** Both count from 1; the column counts UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface LineMap {
  readonly text: string;
  /** At least 1: an empty text has one empty line. */
  readonly lineCount: number;
  /** Offsets outside the text are moved to its nearest end. */
  positionAt(offset: number): Position;
  /** Offset of the line's first character; lines count from 1. */
  lineStart(line: number): number;
  /** Offset behind the line's last character, before its line break. */
  lineEnd(line: number): number;
}

export function createLineMap(text: string): LineMap {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);

  const lineStart = (line: number): number => starts[clamp(line, 1, starts.length) - 1]!;
  const lineEnd = (line: number): number => {
    if (line >= starts.length) return text.length;
    const end = starts[line]! - 1;
    return text[end] === "\n" && end > lineStart(line) && text[end - 1] === "\r" ? end - 1 : end;
  };
  const positionAt = (offset: number): Position => {
    const at = clamp(offset, 0, text.length);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - starts[low]! + 1 };
  };
  return { text, lineCount: starts.length, positionAt, lineStart, lineEnd };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
