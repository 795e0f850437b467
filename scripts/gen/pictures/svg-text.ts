/**
 * Lines of monospaced text as SVG. Columns have a fixed width that the text is fitted to, so a picture looks the same
 * whichever font its viewer has. No scripts, no fonts from elsewhere: it can stand in a README.
 */

export interface Run {
  readonly text: string;
  /** A class of the theme. */
  readonly style: string;
  /** Drawn smaller on a plate, as editors draw hints. */
  readonly plate?: true;
  /** A line that is too long may go on here in the next. */
  readonly canBegin?: true;
}

export interface Line {
  /** In front of the line: its number, or nothing. */
  readonly gutter: string;
  readonly runs: readonly Run[];
  readonly small?: true;
}

export interface Theme {
  readonly background: string;
  readonly border: string;
  readonly gutter: string;
  readonly plate: string;
  readonly text: string;
  /** CSS of the classes of runs. */
  readonly styles: Readonly<Record<string, string>>;
}

export interface Picture {
  /** For those who can not see it. */
  readonly title: string;
  readonly theme: Theme;
  readonly lines: readonly Line[];
  /** Width in columns; longer lines go on in the next. */
  readonly columns: number;
}

const fontSize = 13;
const columnWidth = 7.8;
const smallScale = 0.86;
const lineHeight = 21;
const margin = 14;
const platePadding = 3;
const gap = 3;
/** How much further than its line a continued line begins, in columns. */
const continuedIndent = 4;

const fonts = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace";

export function drawPicture({ title, theme, lines, columns }: Picture): string {
  const gutterWidth = Math.max(0, ...lines.map(({ gutter }) => gutter.length)) * columnWidth;
  const left = margin + gutterWidth + (gutterWidth > 0 ? 2 * columnWidth : 0);
  const right = left + columns * columnWidth;
  const rows = lines.flatMap((line) => wrap(line, left, right));
  const width = Math.ceil(right + margin);
  const height = margin * 2 + rows.length * lineHeight;
  const drawn = rows.flatMap((row, i) => drawRow(row, margin + i * lineHeight, margin + gutterWidth));
  const styles = Object.entries(theme.styles).map(([name, css]) => `.${name}{${css}}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    "<style>",
    `text{font:${fontSize}px ${fonts};fill:${theme.text};white-space:pre}`,
    `.small{font-size:${(fontSize * smallScale).toFixed(1)}px}`,
    `.gutter{fill:${theme.gutter}}`,
    ...styles,
    "</style>",
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6" fill="${theme.background}" stroke="${theme.border}"/>`,
    ...drawn.map((element) => element.replace("PLATE", theme.plate)),
    "</svg>",
    "",
  ].join("\n");
}

interface Placed extends Run {
  readonly x: number;
  readonly width: number;
}

interface Row {
  readonly gutter: string;
  readonly runs: readonly Placed[];
  readonly small: boolean;
}

function widthOf({ text, plate }: Run, small: boolean): number {
  const scale = plate || small ? smallScale : 1;
  return text.length * columnWidth * scale + (plate ? 2 * platePadding : 0);
}

/** What does not fit goes on in the next row, from the last place on where it can. */
function wrap({ gutter, runs, small }: Line, left: number, right: number): Row[] {
  const isSmall = small === true;
  const text = runs.map((run) => run.text).join("");
  const indent = (text.length - text.trimStart().length + continuedIndent) * columnWidth;
  const rows: Placed[][] = [[]];
  let x = left;
  for (const part of partsOf(runs)) {
    const width = part.reduce((sum, run) => sum + widthOf(run, isSmall) + (run.plate ? 2 * gap : 0), 0);
    if (x + width > right && rows.at(-1)!.length > 0) {
      rows.push([]);
      x = left + indent;
    }
    for (const run of part) {
      const before = run.plate ? gap : 0;
      const runWidth = widthOf(run, isSmall);
      rows.at(-1)!.push({ ...run, x: x + before, width: runWidth });
      x += runWidth + 2 * before;
    }
  }
  return rows.map((placed, i) => ({ gutter: i === 0 ? gutter : "", runs: placed, small: isSmall }));
}

/** The runs, cut where a row can begin. */
function partsOf(runs: readonly Run[]): Run[][] {
  const parts: Run[][] = [[]];
  for (const run of runs) {
    if (run.canBegin) parts.push([run]);
    else parts.at(-1)!.push(run);
  }
  return parts;
}

function drawRow({ gutter, runs, small }: Row, top: number, gutterEnd: number): string[] {
  const base = top + lineHeight * 0.7;
  const found: string[] = [];
  if (gutter !== "") {
    found.push(`<text class="gutter" x="${number(gutterEnd)}" y="${number(base)}" text-anchor="end">${gutter}</text>`);
  }
  for (const run of runs) {
    if (run.plate) {
      found.push(
        `<rect x="${number(run.x)}" y="${number(top + 2.5)}" width="${number(run.width)}" height="${lineHeight - 5}" rx="3" fill="PLATE"/>`,
      );
    }
    const scale = run.plate || small ? smallScale : 1;
    const inner = run.text.trim();
    if (inner === "") continue;
    const skipped = run.text.length - run.text.trimStart().length;
    const x = run.x + (run.plate ? platePadding : 0) + skipped * columnWidth * scale;
    const length = inner.length * columnWidth * scale;
    const classes = [run.style, ...(scale === 1 ? [] : ["small"])].filter((name) => name !== "").join(" ");
    found.push(
      `<text${classes === "" ? "" : ` class="${classes}"`} x="${number(x)}" y="${number(base)}" textLength="${number(length)}" lengthAdjust="spacingAndGlyphs">${escaped(inner)}</text>`,
    );
  }
  return found;
}

function number(value: number): string {
  return String(Number(value.toFixed(2)));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
