/** How text takes room on a terminal: cells of known width, with nothing in them that could steer the terminal. */

export interface Cell {
  /** What is printed. */
  readonly text: string;
  /** Columns it takes. */
  readonly width: number;
  /** UTF-16 offset of its first unit in the text it came from. */
  readonly offset: number;
}

const tabStop = 4;
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Splits one line into cells. Tabs become spaces up to the next stop, counted from `column`. */
export function toCells(line: string, column = 0): Cell[] {
  const cells: Cell[] = [];
  for (const { segment, index } of segmenter.segment(line)) {
    if (segment === "\t") {
      const width = tabStop - (column % tabStop);
      cells.push({ text: " ".repeat(width), width, offset: index });
      column += width;
      continue;
    }
    const text = printable(segment);
    const width = widthOf(text);
    cells.push({ text, width, offset: index });
    column += width;
  }
  return cells;
}

/** Columns of a grapheme cluster: 0, 1 or 2. */
function widthOf(cluster: string): number {
  if (/^[ -~]$/.test(cluster)) return 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(cluster)) return 0;
  if (/^\p{Emoji_Presentation}/u.test(cluster) || /^\p{Emoji}\uFE0F/u.test(cluster)) return 2;
  return isWide(cluster.codePointAt(0)!) ? 2 : 1;
}

/** Unicode's East Asian Width "W" and "F", by block. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x20000, 0x3fffd],
];

function isWide(point: number): boolean {
  return wideRanges.some(([low, high]) => point >= low && point <= high);
}

/**
 * The text with control characters and text-direction marks replaced by visible signs: names from a file or an argument
 * must not be able to clear the screen or to reorder what is shown.
 */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    const unit = c.charCodeAt(0);
    if (unit < 0x20) return String.fromCharCode(0x2400 + unit);
    return unit === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** `printable`, with line breaks and tabs left as they are. */
export function printableText(text: string): string {
  return text.replace(/[^\n\t]+/g, printable);
}
