/** One source line of a frame, cut to the room there is, with its underlines. */
import { type Cell, toCells } from "./cells.ts";

/** A part of one line; offsets count UTF-16 units from the line's start. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly primary: boolean;
  readonly label?: string | undefined;
}

export interface Underline {
  readonly mark: Mark;
  /** Display column, from 0. */
  readonly column: number;
  /** Display columns, at least 1. */
  readonly width: number;
}

export interface Excerpt {
  readonly text: string;
  readonly underlines: readonly Underline[];
}

const ellipsis = "…";

/** Cuts `line` to `room` columns so that its first mark stays in view, and says where the marks are to be drawn. */
export function excerptLine(line: string, marks: readonly Mark[], room: number): Excerpt {
  const focus = marks.find((m) => m.primary) ?? marks[0] ?? { start: 0, end: 0 };
  const { cells, before, after } = cellsNear(line, focus.start, room);
  const window = chooseWindow(cells, before, after, marks, focus.start, room);
  const shown = cells.slice(window.first, window.last);
  const lead = window.first > 0 || before ? ellipsis : "";
  const tail = window.last < cells.length || after ? ellipsis : "";
  const text = lead + shown.map((c) => c.text).join("") + tail;
  const columnOf = (offset: number): number => {
    let column = lead.length;
    for (const cell of shown) {
      if (cell.offset >= offset) break;
      column += cell.width;
    }
    return column;
  };
  const underlines = marks.map((mark) => {
    const column = columnOf(mark.start);
    return { mark, column, width: Math.max(1, columnOf(mark.end) - column) };
  });
  return { text: tail === "" ? text.trimEnd() : text, underlines };
}

/** The cells around `focus`: a line may be a megabyte long, and most of it is never shown. */
function cellsNear(line: string, focus: number, room: number): { cells: Cell[]; before: boolean; after: boolean } {
  const reach = 8 * room;
  const from = focus > reach ? focus - reach : 0;
  const to = line.length - focus > reach ? focus + reach : line.length;
  const cells = toCells(line.slice(from, to)).map((c) => ({ ...c, offset: c.offset + from }));
  return { cells, before: from > 0, after: to < line.length };
}

function chooseWindow(
  cells: readonly Cell[],
  before: boolean,
  after: boolean,
  marks: readonly Mark[],
  focus: number,
  room: number,
): { first: number; last: number } {
  const width = cells.reduce((sum, c) => sum + c.width, 0);
  if (!before && !after && width <= room) return { first: 0, last: cells.length };
  const lastEnd = Math.max(0, ...marks.map((m) => m.end));
  const take = (first: number, columns: number): number => {
    let last = first;
    for (let left = columns; last < cells.length && cells[last]!.width <= left; last++) left -= cells[last]!.width;
    return last;
  };
  if (!before) {
    const last = take(0, room - 1);
    if (last < cells.length && cells[last]!.offset >= lastEnd) return { first: 0, last };
  }
  // Start a quarter of the room before the focus, so that what leads up to it can be read.
  let first = cells.findIndex((c) => c.offset >= focus);
  if (first < 0) first = cells.length;
  for (let left = Math.floor(room / 4); first > 0 && cells[first - 1]!.width <= left; first--) {
    left -= cells[first - 1]!.width;
  }
  return { first, last: take(first, room - 2) };
}
