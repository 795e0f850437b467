/** Owns everything that is made from the grammar: EBNF, TextMate grammar, syntax diagrams. */
import { generateDiagrams } from "./grammar-diagrams.ts";
import { generateEbnf } from "./grammar-ebnf.ts";
import { generateTextMate } from "./grammar-textmate.ts";

/** Paths in the repository and the texts that belong there. The same sources give the same texts. */
export function generateGrammarFiles(): Map<string, string> {
  return new Map([
    ["grammar/generated/bcos.ebnf", generateEbnf()],
    ["grammar/generated/bcos.tmLanguage.json", generateTextMate()],
    ...generateDiagrams(),
  ]);
}
