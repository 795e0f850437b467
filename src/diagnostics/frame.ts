/**
 * Draws a diagnostic for people: the message, the source lines with every place marked and labelled, the chain of
 * expansions, hints and the pointer to the explaining page.
 */
import { printable, printableText } from "./cells.ts";
import type { Diagnostic, ExpansionLink, Fix, Severity, Span } from "./diagnostic.ts";
import { excerptLine, type Mark, type Underline } from "./excerpt.ts";
import { createLineMap, type LineMap } from "./lines.ts";
import { colorPalette, type Palette, plainPalette } from "./style.ts";

export interface FrameOptions {
  /** ANSI colours. Default: none. */
  readonly color?: boolean;
  /** Columns that source lines are cut to; 120 without it. */
  readonly width?: number;
}

/** The text of a file, or `undefined` where it is not at hand. */
export type Sources = (file: string) => string | undefined;

const defaultWidth = 120;
const narrowest = 40;
/** A span of more lines than this shows its first and last line only. */
const longestWholeSpan = 3;
/** Longer expansion chains lose their middle. */
const longestChain = 8;

/** One diagnostic as text, without a line break at its end. */
export function renderDiagnostic(diagnostic: Diagnostic, sources: Sources, options: FrameOptions = {}): string {
  return renderDiagnostics([diagnostic], sources, options);
}

/** Several diagnostics, with an empty line between them. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  options: FrameOptions = {},
): string {
  const maps = new Map<string, LineMap | undefined>();
  const lines = (file: string): LineMap | undefined => {
    if (!maps.has(file)) {
      const text = sources(file);
      maps.set(file, text === undefined ? undefined : createLineMap(text));
    }
    return maps.get(file);
  };
  const palette = options.color === true ? colorPalette : plainPalette;
  const width = Math.max(narrowest, options.width ?? defaultWidth);
  return diagnostics.map((d) => renderOne(d, lines, palette, width)).join("\n\n");
}

/** `2 errors, 1 warning`; "" for none. Infos are not counted. */
export function renderSummary(diagnostics: readonly Diagnostic[], options: { readonly color: boolean }): string {
  const palette = options.color ? colorPalette : plainPalette;
  const part = (severity: Severity): string[] => {
    const count = diagnostics.filter((d) => d.severity === severity).length;
    return count === 0 ? [] : [palette.severity[severity](`${count} ${severity}${count === 1 ? "" : "s"}`)];
  };
  return [...part("error"), ...part("warning")].join(", ");
}

type Lines = (file: string) => LineMap | undefined;

function renderOne(diagnostic: Diagnostic, lines: Lines, palette: Palette, width: number): string {
  const sections = sectionsOf(diagnostic);
  const numberWidth = Math.max(1, ...sections.map((s) => String(lastLine(s, lines)).length));
  const gutter = " ".repeat(numberWidth);
  const severity = palette.severity[diagnostic.severity];
  const bar = palette.quiet(`${gutter} │`);

  const out = [
    severity(`${diagnostic.severity}[${diagnostic.code}]`) +
      palette.bold(`: ${indent(printableText(diagnostic.message), "  ")}`),
  ];
  if (diagnostic.span === undefined && diagnostic.place !== undefined) {
    out.push(`${palette.quiet(`${gutter} ┌─`)} ${printable(diagnostic.place)}`);
  }
  const unplaced: string[] = [];
  for (const section of sections) {
    const map = lines(section.file);
    out.push(
      `${palette.quiet(`${gutter} ┌─`)} ${printable(section.file)}${positionText(section.places[0]!.span, map)}`,
    );
    if (map === undefined) {
      unplaced.push(...section.places.flatMap((p) => (p.label === undefined ? [] : [p.label])));
      continue;
    }
    out.push(bar, ...renderSection(section, map, numberWidth, palette, severity, width), bar);
  }

  const notes = [
    ...unplaced,
    ...expansionNotes(diagnostic.expansion, lines),
    ...diagnostic.hints.map((h) => `hint: ${h}`),
    ...diagnostic.fixes.filter((f) => !isHinted(f, diagnostic.hints)).map((f) => `fix: ${f.title}`),
    `see: bcosc explain-error ${diagnostic.code}`,
  ];
  for (const note of notes) {
    out.push(`${palette.quiet(`${gutter} =`)} ${indent(printableText(note), `${gutter}   `)}`);
  }
  return out.join("\n");
}

/** "did you mean `conv`?" says all that "replace with `conv`" would. */
function isHinted(fix: Fix, hints: readonly string[]): boolean {
  return hints.some(
    (hint) => hint === fix.title || fix.edits.some((e) => e.text !== "" && hint.includes(`\`${e.text}\``)),
  );
}

/** All places of a diagnostic in one file. */
interface Section {
  readonly file: string;
  readonly places: readonly PlacedLabel[];
}

interface PlacedLabel {
  readonly span: Span;
  readonly label: string | undefined;
  readonly primary: boolean;
}

/** The finding's own file first, then the others in the order of the related places. */
function sectionsOf(diagnostic: Diagnostic): Section[] {
  const places: PlacedLabel[] = diagnostic.related.map((r) => ({ span: r.span, label: r.label, primary: false }));
  if (diagnostic.span !== undefined) places.unshift({ span: diagnostic.span, label: diagnostic.label, primary: true });
  const files = [...new Set(places.map((p) => p.span.file))];
  return files.map((file) => ({ file, places: places.filter((p) => p.span.file === file) }));
}

function lastLine(section: Section, lines: Lines): number {
  const map = lines(section.file);
  return map === undefined ? 1 : Math.max(...section.places.map((p) => map.positionAt(p.span.end).line));
}

function renderSection(
  section: Section,
  map: LineMap,
  numberWidth: number,
  palette: Palette,
  severity: (text: string) => string,
  width: number,
): string[] {
  const marks = new Map<number, Mark[]>();
  for (const place of section.places) {
    for (const [line, mark] of marksOf(place, map)) marks.set(line, [...(marks.get(line) ?? []), mark]);
  }
  const numbers = fillSingleGaps([...marks.keys()].sort((a, b) => a - b));
  const room = width - numberWidth - 3;
  const out: string[] = [];
  let previous: number | undefined;
  for (const number of numbers) {
    if (previous !== undefined && number > previous + 1) {
      out.push(palette.quiet(`${"…".padStart(numberWidth)} │`));
    }
    previous = number;
    const line = map.text.slice(map.lineStart(number), map.lineEnd(number));
    const { text, underlines } = excerptLine(line, marks.get(number) ?? [], room);
    out.push(`${palette.quiet(`${String(number).padStart(numberWidth)} │`)} ${text}`.trimEnd());
    for (const underline of underlines) {
      const paint = underline.mark.primary ? severity : palette.quiet;
      out.push(`${palette.quiet(`${" ".repeat(numberWidth)} │`)} ${renderUnderline(underline, numberWidth, paint)}`);
    }
  }
  return out;
}

function renderUnderline(underline: Underline, numberWidth: number, paint: (text: string) => string): string {
  const { mark, column, width } = underline;
  const line = (mark.primary ? "^" : "-").repeat(width);
  const room = " ".repeat(column);
  if (mark.label === undefined || mark.label === "") return room + paint(line);
  const under = `${" ".repeat(numberWidth)} │ ${room}${" ".repeat(width + 1)}`;
  return room + paint(`${line} ${indent(printableText(mark.label), under)}`);
}

/** The marks of one place, line by line. The label stands at the last one. */
function marksOf(place: PlacedLabel, map: LineMap): [number, Mark][] {
  const start = Math.min(Math.max(place.span.start, 0), map.text.length);
  const end = Math.min(Math.max(place.span.end, start), map.text.length);
  const first = map.positionAt(start).line;
  // A span that ends with a line break belongs to the line before it.
  const last = end > start ? map.positionAt(end - 1).line : first;
  const span = Array.from({ length: Math.min(last - first + 1, longestWholeSpan + 1) }, (_, i) => first + i);
  const numbers = span.length > longestWholeSpan ? [first, last] : span;
  return numbers.flatMap((number): [number, Mark][] => {
    const from = map.lineStart(number);
    const text = map.text.slice(from, map.lineEnd(number));
    const indentation = text.length - text.trimStart().length;
    if (text.trim() === "" && number !== first && number !== last) return [];
    const mark = {
      start: number === first ? start - from : indentation,
      end: number === last ? Math.min(end - from, text.length) : text.trimEnd().length,
      primary: place.primary,
      label: number === last ? place.label : undefined,
    };
    return [[number, mark]];
  });
}

/** Where just one line is left out between two, it is shown: an ellipsis would take as much room. */
function fillSingleGaps(numbers: readonly number[]): number[] {
  return numbers.flatMap((n, i) => (i > 0 && n === numbers[i - 1]! + 2 ? [n - 1, n] : [n]));
}

function expansionNotes(expansion: readonly ExpansionLink[], lines: Lines): string[] {
  const note = (link: ExpansionLink): string =>
    `while expanding \`${link.call}\` at ${link.span.file}${positionText(link.span, lines(link.span.file))}`;
  if (expansion.length <= longestChain) return expansion.map(note);
  const half = longestChain / 2;
  return [
    ...expansion.slice(0, half).map(note),
    `… ${expansion.length - 2 * half} more expansions …`,
    ...expansion.slice(-half).map(note),
  ];
}

function positionText(span: Span, map: LineMap | undefined): string {
  if (map === undefined) return "";
  const { line, column } = map.positionAt(span.start);
  return `:${line}:${column}`;
}

/** Further lines of a text stand under its first. */
function indent(text: string, by: string): string {
  return text.split("\n").join(`\n${by}`);
}
