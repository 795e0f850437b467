/** Owns the EBNF, in the notation of the W3C (as in the XML recommendation). */
import { grammarModel, tokenPatterns, type Expression } from "./grammar-model.ts";

export function generateEbnf(): string {
  const rules = grammarModel().map(({ name, expression }) => `${name} ::= ${print(expression, "rule")}`);
  const tokens = tokenPatterns().map(({ name, pattern }) => `${name} ::= /${pattern}/`);
  return `/* Made by \`npm run gen\` from grammar/parser.ts and grammar/tokens.ts. */

${rules.join("\n\n")}

/* Tokens, as regular expressions. Spaces, tabs and comments (// to the end of the line) stand between any two. */

${tokens.join("\n")}

/*
 * StatementEnd is a line break, or nothing before a closing brace. A line break ends a statement except inside ( ) [ ]
 * and the braces of a flow, after an operator or ->, and before a line that starts with an operator or ->.
 */
`;
}

/** @param place where the expression stands, which decides on brackets */
function print(expression: Expression, place: "rule" | "sequence" | "postfix"): string {
  switch (expression.kind) {
    case "literal":
      return `"${expression.text}"`;
    case "token":
    case "rule":
      return expression.name;
    case "sequence": {
      if (expression.items.length === 0) return "()";
      const text = expression.items.map((item) => print(item, "sequence")).join(" ");
      return place === "postfix" ? `( ${text} )` : text;
    }
    case "choice": {
      const items = expression.items.map((item) => print(item, "sequence"));
      return place === "rule" ? items.join("\n  | ") : `( ${items.join(" | ")} )`;
    }
    case "optional":
      return `${print(expression.item, "postfix")}?`;
    case "repeat": {
      const { item, separator, atLeastOne } = expression;
      if (separator === undefined) return `${print(item, "postfix")}${atLeastOne ? "+" : "*"}`;
      const row = `${print(item, "sequence")} ( ${print(separator, "sequence")} ${print(item, "sequence")} )*`;
      if (!atLeastOne) return `( ${row} )?`;
      return place === "postfix" ? `( ${row} )` : row;
    }
    default:
      return expression satisfies never;
  }
}
