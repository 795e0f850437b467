/** The frame around the examples of the pages. */

/** A whole file: a small classifier whose rows are given; it takes `image`, [8, 8, 3], and has to assign `logits`, [10]. */
export function model(...rows: readonly string[]): string {
  return around("model Net {", rows);
}

/** Another first line, for parameters, and lines before it, for settings, blocks and imports. */
export function around(head: string, rows: readonly string[], before = ""): string {
  const lines = ["input  image: [8, 8, 3]", "output logits: [10]", "", ...rows];
  const body = lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n");
  return `${before === "" ? "" : `${before}\n\n`}${head}\n${body}\n}\n`;
}

/** The usual last row of a classifier. */
export const classify = "-> global_avg_pool -> linear(10)";
