/**
 * Semantic tokens: what each name is, beyond what its letters tell: a layer, a block, a parameter, a binding, a dimension,
 * a setting, a label, a value. Keywords, numbers, strings and comments are among them, so that an editor needs no grammar.
 */
import { endOf } from "../../grammar/describe.ts";
import { lex } from "../../grammar/lexer.ts";
import { tokenTable, type Scope } from "../../grammar/tokens.ts";
import { fileSizeLimit } from "../compiler/syntax/parse.ts";
import type { Span } from "../diagnostics/diagnostic.ts";
import { occurrencesIn } from "./names/occurrences.ts";
import type { DefinitionKind, Meaning, Occurrence } from "./names/symbols.ts";
import type { Workspace } from "./workspace.ts";

/** Of the standard legend of the language server protocol. The order is that of the legend. */
export const semanticTokenTypes = [
  "class",
  "struct",
  "function",
  "macro",
  "parameter",
  "variable",
  "typeParameter",
  "property",
  "enumMember",
  "label",
  "type",
  "keyword",
  "number",
  "string",
  "comment",
  "operator",
] as const;
export type SemanticTokenType = (typeof semanticTokenTypes)[number];

export const semanticTokenModifiers = ["declaration", "readonly", "defaultLibrary", "documentation"] as const;
export type SemanticTokenModifier = (typeof semanticTokenModifiers)[number];

export interface SemanticToken {
  /** In one line. */
  readonly span: Span;
  readonly type: SemanticTokenType;
  readonly modifiers: readonly SemanticTokenModifier[];
}

/** In source order, none over another. Without a range those of the whole file. */
export function semanticTokens(
  workspace: Workspace,
  path: string,
  range?: Pick<Span, "start" | "end">,
): readonly SemanticToken[] {
  const text = workspace.text(path);
  // A larger file has no tree.
  if (text === undefined || text.length > fileSizeLimit) return [];
  const meanings = new Map<number, Occurrence>();
  for (const occurrence of occurrencesIn(workspace, path)) {
    // A label with a number has the names of that in it.
    if (!meanings.has(occurrence.span.start)) meanings.set(occurrence.span.start, occurrence);
  }
  const { tokens, comments } = lex(path, text);
  const found: SemanticToken[] = [];
  const add = (start: number, end: number, type: SemanticTokenType, ...modifiers: SemanticTokenModifier[]): void => {
    // Tokens that stand for a mistyped one may be longer or shorter than the text.
    if (end > start && end <= text.length) found.push({ span: { file: path, start, end }, type, modifiers });
  };
  for (const token of tokens) {
    const start = token.startOffset;
    const end = endOf(token);
    const occurrence = meanings.get(start);
    const type = lexicalTypes[scopes.get(token.tokenType.name) ?? "variable"];
    // What an import's path means is no other colour for it.
    if (occurrence !== undefined && occurrence.span.end === end && occurrence.meaning.kind !== "file") {
      const [named, ...modifiers] = ofOccurrence(occurrence);
      add(start, end, named, ...modifiers);
    } else if (type !== undefined) {
      add(start, end, type, ...(type === "type" ? (["defaultLibrary"] as const) : []));
    }
  }
  for (const { startOffset, image } of comments) {
    const isDoc = image.startsWith("///") && !image.startsWith("////");
    add(startOffset, startOffset + image.length, "comment", ...(isDoc ? (["documentation"] as const) : []));
  }
  const isWanted = ({ span }: SemanticToken): boolean =>
    range === undefined || (span.end > range.start && span.start < range.end);
  return found.filter(isWanted).sort((a, b) => a.span.start - b.span.start);
}

const scopes = new Map<string, Scope>(tokenTable.map(({ type, scope }) => [type.name, scope]));

/** What a token is by its letters. */
const lexicalTypes: Readonly<Record<Scope, SemanticTokenType | undefined>> = {
  "keyword.declaration": "keyword",
  "keyword.control": "keyword",
  "keyword.operator": "operator",
  "storage.type": "type",
  "constant.numeric": "number",
  "constant.language": "keyword",
  "string.quoted.double": "string",
  punctuation: undefined,
  variable: undefined,
  "entity.name.label": "label",
};

type Named = readonly [SemanticTokenType, ...SemanticTokenModifier[]];

const definedTypes: Readonly<Record<DefinitionKind, Named>> = {
  model: ["class"],
  block: ["struct"],
  import: ["struct"],
  parameter: ["parameter"],
  "enum-value": ["enumMember"],
  dimension: ["typeParameter"],
  input: ["variable", "readonly"],
  output: ["variable", "readonly"],
  binding: ["variable", "readonly"],
  label: ["label"],
};

function ofOccurrence({ meaning, role }: Occurrence): Named {
  const [type, ...modifiers] = ofMeaning(meaning);
  // The names of labels are given where they stand: nothing else uses them.
  const declares = role === "definition" && type !== "label";
  return declares ? [type, "declaration", ...modifiers] : [type, ...modifiers];
}

function ofMeaning(meaning: Meaning): Named {
  switch (meaning.kind) {
    case "definition":
      return definedTypes[meaning.definition.kind];
    case "layer":
      return ["function", "defaultLibrary"];
    case "argument":
      return ["parameter"];
    case "setting":
      return ["property", "defaultLibrary"];
    case "value":
      return ["enumMember", "defaultLibrary"];
    case "function":
      return ["macro", "defaultLibrary"];
    case "index":
      return ["variable", "readonly", "defaultLibrary"];
    case "file":
      return ["string"];
    default:
      return meaning satisfies never;
  }
}
