/** Owns the productions as plain data for the EBNF and the diagrams, read from the parser itself. */
import type { TokenType } from "chevrotain";
import { productions } from "../../grammar/parser.ts";
import * as t from "../../grammar/tokens.ts";

export type Expression =
  | { readonly kind: "literal"; readonly text: string }
  /** A token with many texts, such as a name or a number. */
  | { readonly kind: "token"; readonly name: string }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence" | "choice"; readonly items: readonly Expression[] }
  | { readonly kind: "optional"; readonly item: Expression }
  | {
      readonly kind: "repeat";
      readonly item: Expression;
      readonly separator: Expression | undefined;
      readonly atLeastOne: boolean;
    };

export interface Production {
  readonly name: string;
  readonly expression: Expression;
}

/** The parts of chevrotain's serialized productions that are used here; its own types leave the details open. */
interface Serialized {
  readonly type: string;
  readonly name?: string;
  readonly definition?: readonly Serialized[];
  readonly separator?: Serialized;
}

const types = new Map<string, TokenType>(t.parserTokens.map((type) => [type.name, type]));

export function grammarModel(): Production[] {
  return (productions() as unknown as Serialized[]).map((rule) => ({
    name: rule.name!,
    expression: sequence(rule.definition ?? []),
  }));
}

/** The tokens with many texts, as `name` and regular expression. */
export function tokenPatterns(): { readonly name: string; readonly pattern: string }[] {
  return [...types.values()]
    .filter((type) => type.PATTERN instanceof RegExp && type.PATTERN.source !== "NOT_APPLICABLE")
    .map((type) => ({ name: type.name, pattern: (type.PATTERN as RegExp).source }));
}

function sequence(items: readonly Serialized[]): Expression {
  const parts = items.map(convert);
  return parts.length === 1 ? parts[0]! : { kind: "sequence", items: parts };
}

function convert(node: Serialized): Expression {
  const inner = node.definition ?? [];
  switch (node.type) {
    case "NonTerminal":
      return { kind: "rule", name: node.name! };
    case "Terminal":
      return terminal(node.name!);
    case "Alternation": {
      const items = inner.filter((item) => !isHole(item)).map(convert);
      return items.length === 1 ? items[0]! : { kind: "choice", items };
    }
    case "Option":
      return { kind: "optional", item: sequence(inner) };
    case "Repetition":
    case "RepetitionWithSeparator":
    case "RepetitionMandatory":
    case "RepetitionMandatoryWithSeparator": {
      const separator = node.separator === undefined ? undefined : convert(node.separator);
      return { kind: "repeat", item: sequence(inner), separator, atLeastOne: node.type.includes("Mandatory") };
    }
    case "Alternative":
    case "Rule":
      return sequence(inner);
    default:
      throw new Error(`a production of the unknown type ${node.type}`);
  }
}

/** Whether the alternative is the place that recovery fills, which no text matches. */
function isHole(node: Serialized): boolean {
  const only = node.definition?.length === 1 ? node.definition[0] : node;
  return only?.type === "Terminal" && only.name === t.Missing.name;
}

function terminal(name: string): Expression {
  if (name === t.BodyOpen.name) return { kind: "literal", text: "{" };
  if (name === t.BodyClose.name) return { kind: "literal", text: "}" };
  const pattern = types.get(name)?.PATTERN;
  return typeof pattern === "string" ? { kind: "literal", text: pattern } : { kind: "token", name };
}
