/** Owns the TextMate grammar, with which editors colour `.bcos` files: made from the table of tokens. */
import type { TokenType } from "chevrotain";
import { LabelName, Identifier, LineComment, StringLiteral, tokenTable, type Scope } from "../../grammar/tokens.ts";

interface Pattern {
  readonly name: string;
  readonly match: string;
}

export function generateTextMate(): string {
  const scoped = (scope: string): string => `${scope}.bcos`;
  const docs = { name: scoped("comment.line.documentation"), match: "///[^\\r\\n]*" };
  const comments = { name: scoped("comment.line.double-slash"), match: sourceOf(LineComment) };
  const strings = { name: scoped("string.quoted.double"), match: sourceOf(StringLiteral) };
  // A name is what its surroundings make it: label, step or what is bound.
  const name = sourceOf(Identifier);
  const names = [
    { name: scoped("entity.name.label"), match: `(?:${sourceOf(LabelName)}|${name})(?=\\s*:(?!\\s*\\[))` },
    { name: scoped("variable.other.assignment"), match: `${name}(?=\\s*=(?!=))` },
    { name: scoped("entity.name.function"), match: `${name}(?=\\s*\\()` },
    { name: scoped("variable.other"), match: name },
  ];
  const grammar = {
    name: "bcos",
    scopeName: "source.bcos",
    fileTypes: ["bcos"],
    patterns: [docs, comments, strings, ...words(), ...numbers(), ...names, ...symbols()],
  };
  return `${JSON.stringify(grammar, null, 2)}\n`;
}

/** Keywords, one pattern a scope. */
function words(): Pattern[] {
  return byScope((pattern) => typeof pattern === "string" && /^[a-z]/.test(pattern)).map(([scope, texts]) => ({
    name: `${scope}.bcos`,
    match: `\\b(?:${texts.join("|")})\\b(?!\\.)`,
  }));
}

function symbols(): Pattern[] {
  return byScope((pattern) => typeof pattern === "string" && !/^[a-z]/.test(pattern)).map(([scope, texts]) => ({
    name: `${scope}.bcos`,
    match: [...texts]
      .sort((a, b) => b.length - a.length)
      .map((text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"))
      .join("|"),
  }));
}

function numbers(): Pattern[] {
  return tokenTable
    .filter((row) => row.scope === "constant.numeric")
    .map((row) => ({ name: "constant.numeric.bcos", match: `\\b${sourceOf(row.type)}` }));
}

function byScope(accepts: (pattern: unknown) => boolean): [Scope, string[]][] {
  const found = new Map<Scope, string[]>();
  for (const { type, scope } of tokenTable) {
    if (!accepts(type.PATTERN)) continue;
    found.set(scope, [...(found.get(scope) ?? []), type.PATTERN as string]);
  }
  return [...found];
}

function sourceOf(type: TokenType): string {
  return (type.PATTERN as RegExp).source;
}
