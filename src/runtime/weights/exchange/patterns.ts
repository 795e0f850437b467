/**
 * Patterns of tensor names: `*` stands for one part between dots, `**` for one or more parts, `#` for a whole number. What
 * they stand for in one pattern is put in their places in the other one, in order.
 */

/** Longer names match nothing: no layer is called so. */
const MAX_NAME = 1000;

const expressions = new Map<string, RegExp>();

/** What the wildcards of the pattern stand for, if it fits the whole name. */
export function matchPattern(pattern: string, name: string): readonly string[] | undefined {
  if (name.length > MAX_NAME) return undefined;
  let expression = expressions.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(`^${pattern.replace(/\*\*|[*#]|[^\w]/g, expressionOf)}$`);
    expressions.set(pattern, expression);
  }
  return expression.exec(name)?.slice(1);
}

function expressionOf(part: string): string {
  if (part === "**") return "(.+)";
  if (part === "*") return "([^.]+)";
  return part === "#" ? "(\\d+)" : `\\${part}`;
}

/** The pattern with `values` in place of its wildcards. */
export function fillPattern(pattern: string, values: readonly string[]): string {
  let i = 0;
  return pattern.replace(/\*\*|[*#]/g, () => values[i++] ?? "");
}

/** The wildcards of a pattern in order. Two patterns of a rule have the same ones. */
export function wildcardsOf(pattern: string): readonly string[] {
  return pattern.match(/\*\*|[*#]/g) ?? [];
}
