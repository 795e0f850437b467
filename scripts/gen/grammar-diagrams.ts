/** Owns the syntax diagrams: one SVG a production, and a page that shows them all. */
import railroad from "railroad-diagrams";
import { grammarModel, tokenPatterns, type Expression } from "./grammar-model.ts";

type Node = ReturnType<typeof railroad.Terminal>;

/** Colours that can be read on light and dark pages. */
const style = `<style>
svg { background: #fff }
path { stroke-width: 2; stroke: #555; fill: none }
rect { stroke-width: 2; stroke: #555; fill: #eef3fb }
rect[rx] { fill: #e8f6ea }
text { font: 14px ui-monospace, monospace; text-anchor: middle; fill: #111 }
@media (prefers-color-scheme: dark) {
svg { background: #16181d }
path, rect { stroke: #99a }
rect { fill: #24304a }
rect[rx] { fill: #1f3a2a }
text { fill: #eee }
}
</style>`;

/** Paths in the repository and their texts. */
export function generateDiagrams(): Map<string, string> {
  const files = new Map<string, string>();
  const rules = grammarModel();
  for (const { name, expression } of rules) files.set(`docs/syntax/${name}.svg`, draw(expression));
  files.set("docs/syntax/README.md", page(rules.map((rule) => rule.name)));
  return files;
}

function page(names: readonly string[]): string {
  const rules = names.map((name) => `## ${name}\n\n![${name}](${name}.svg)`);
  const tokens = tokenPatterns().map(({ name, pattern }) => `| \`${name}\` | \`${pattern.replaceAll("|", "\\|")}\` |`);
  return `<!-- Made by \`npm run gen\` from grammar/parser.ts. -->

# Syntax

The same grammar as text: [grammar/generated/bcos.ebnf](../../grammar/generated/bcos.ebnf). \`StatementEnd\` is a line break, or
nothing before a closing brace. A line break ends a statement except inside \`(\` \`[\` and the braces of a flow, after an operator or
\`->\`, and before a line that starts with an operator or \`->\`.

${rules.join("\n\n")}

## Tokens

| token | regular expression |
|---|---|
${tokens.join("\n")}
`;
}

function draw(expression: Expression): string {
  const svg = railroad.Diagram(node(expression)).toString();
  const opened = svg.replace(/^<svg([^>]*)>/, (_, attributes: string) => {
    const kept = attributes.replace(/\s*class="[^"]*"/, "");
    return `<svg xmlns="http://www.w3.org/2000/svg"${kept}>\n${style}`;
  });
  return `${opened.trim()}\n`;
}

function node(expression: Expression): Node {
  switch (expression.kind) {
    case "literal":
      return railroad.Terminal(expression.text);
    case "token":
    case "rule":
      return railroad.NonTerminal(expression.name);
    case "sequence":
      return railroad.Sequence(...expression.items.map(node));
    case "choice":
      return railroad.Choice(0, ...expression.items.map(node));
    case "optional":
      return railroad.Optional(node(expression.item));
    case "repeat": {
      const separator = expression.separator === undefined ? undefined : node(expression.separator);
      const build = expression.atLeastOne ? railroad.OneOrMore : railroad.ZeroOrMore;
      return separator === undefined ? build(node(expression.item)) : build(node(expression.item), separator);
    }
    default:
      return expression satisfies never;
  }
}
