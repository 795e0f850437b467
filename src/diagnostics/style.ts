/** The few ANSI styles that diagnostics are drawn with. Without colour every style is the identity. */
import type { Severity } from "./diagnostic.ts";

export type Paint = (text: string) => string;

export interface Palette {
  readonly severity: Readonly<Record<Severity, Paint>>;
  readonly bold: Paint;
  /** Line numbers, rules and related places. */
  readonly quiet: Paint;
}

const plain: Paint = (text) => text;
const ansi =
  (code: string): Paint =>
  (text) =>
    text === "" ? "" : `\u001b[${code}m${text}\u001b[0m`;

export const plainPalette: Palette = {
  severity: { error: plain, warning: plain, info: plain },
  bold: plain,
  quiet: plain,
};

export const colorPalette: Palette = {
  severity: { error: ansi("1;31"), warning: ansi("1;33"), info: ansi("1;36") },
  bold: ansi("1"),
  quiet: ansi("34"),
};
