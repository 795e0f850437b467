/** Tables and numbers as text. */

export type Align = "left" | "right";

/** Rows of cells in columns, two spaces apart. Lines have no spaces at their ends. */
export function formatTable(rows: readonly (readonly string[])[], aligns: readonly Align[]): string[] {
  const widths = aligns.map((_, i) => Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    aligns
      .map((align, i) => (align === "left" ? (row[i] ?? "").padEnd(widths[i]!) : (row[i] ?? "").padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}

/** `21,797,568` */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

/** `3 layers`, `1 layer` */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `[56, 56, 64]` */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** `850 ms`, `12.3 s`, `4 min 10 s` */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
