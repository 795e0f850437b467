/**
 * Owns the tokens of the language: the one table from which the lexer, the EBNF and the TextMate grammar are made.
 *
 * The lexer accepts any text. What can not be a token (a stray character, an open string, `1.`) becomes a token of
 * `faultTokens`, which `lexer.ts` reports and replaces, so that the parser never sees it.
 */
import { createToken, Lexer, type TokenType } from "chevrotain";

/** How editors colour a token: a TextMate scope without the language suffix. */
export type Scope =
  | "keyword.declaration"
  | "keyword.control"
  | "keyword.operator"
  | "storage.type"
  | "constant.numeric"
  | "constant.language"
  | "string.quoted.double"
  | "punctuation"
  | "variable"
  | "entity.name.label";

interface TokenRow {
  readonly type: TokenType;
  readonly scope: Scope;
}

const rows: TokenRow[] = [];

function add(scope: Scope, type: TokenType): TokenType {
  rows.push({ type, scope });
  return type;
}

/** Names of layers, blocks, bindings, parameters. Keywords are tried first, see `longer_alt`. */
export const Identifier = createToken({ name: "Identifier", pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: "a name" });

/** `downsample.0`, `layer{index + 1}.conv`: allowed as a label only. */
export const LabelName = createToken({
  name: "LabelName",
  pattern:
    /[A-Za-z_][A-Za-z0-9_]*(?:(?:\.[A-Za-z0-9_]+)*\{ *index *(?:\+ *\d+ *)?\}(?:\.[A-Za-z0-9_]+)*|(?:\.[A-Za-z0-9_]+)+)/,
  label: "a label",
});

function keyword(word: string, scope: Scope, suffix = ""): TokenType {
  const name = word[0]!.toUpperCase() + word.slice(1) + suffix;
  return add(scope, createToken({ name, pattern: word, longer_alt: [LabelName, Identifier], label: `\`${word}\`` }));
}

function symbol(name: string, text: string, scope: Scope): TokenType {
  return add(scope, createToken({ name, pattern: text, label: `\`${text}\`` }));
}

export const Import = keyword("import", "keyword.declaration");
export const From = keyword("from", "keyword.declaration");
export const Bcos = keyword("bcos", "keyword.declaration");
export const Model = keyword("model", "keyword.declaration");
export const Block = keyword("block", "keyword.declaration");
export const Input = keyword("input", "keyword.declaration");
export const Output = keyword("output", "keyword.declaration");
export const Repeat = keyword("repeat", "keyword.control");
export const Concat = keyword("concat", "keyword.control");
export const If = keyword("if", "keyword.control");
export const Else = keyword("else", "keyword.control");
export const And = keyword("and", "keyword.operator");
export const Or = keyword("or", "keyword.operator");
export const Not = keyword("not", "keyword.operator");
export const True = keyword("true", "constant.language");
export const False = keyword("false", "constant.language");
export const IntType = keyword("int", "storage.type", "Type");
export const FloatType = keyword("float", "storage.type", "Type");
export const BoolType = keyword("bool", "storage.type", "Type");
export const EnumType = keyword("enum", "storage.type", "Type");

export const Arrow = symbol("Arrow", "->", "keyword.operator");
export const EqualEqual = symbol("EqualEqual", "==", "keyword.operator");
export const NotEqual = symbol("NotEqual", "!=", "keyword.operator");
export const LessEqual = symbol("LessEqual", "<=", "keyword.operator");
export const GreaterEqual = symbol("GreaterEqual", ">=", "keyword.operator");
export const Less = symbol("Less", "<", "keyword.operator");
export const Greater = symbol("Greater", ">", "keyword.operator");
export const Equals = symbol("Equals", "=", "keyword.operator");
export const Plus = symbol("Plus", "+", "keyword.operator");
export const Minus = symbol("Minus", "-", "keyword.operator");
export const Star = symbol("Star", "*", "keyword.operator");
export const Slash = symbol("Slash", "/", "keyword.operator");
export const Percent = symbol("Percent", "%", "keyword.operator");
export const Comma = symbol("Comma", ",", "punctuation");
export const Colon = symbol("Colon", ":", "punctuation");
export const LParen = symbol("LParen", "(", "punctuation");
export const RParen = symbol("RParen", ")", "punctuation");
export const LSquare = symbol("LSquare", "[", "punctuation");
export const RSquare = symbol("RSquare", "]", "punctuation");
export const LCurly = symbol("LCurly", "{", "punctuation");
export const RCurly = symbol("RCurly", "}", "punctuation");

export const Float = add(
  "constant.numeric",
  createToken({
    name: "Float",
    pattern: /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?![A-Za-z0-9_.])/,
    label: "a number",
  }),
);
export const Int = add(
  "constant.numeric",
  createToken({ name: "Int", pattern: /\d+(?![A-Za-z0-9_.])/, label: "a number" }),
);
export const StringLiteral = add(
  "string.quoted.double",
  createToken({ name: "String", pattern: /"[^"\r\n]*"/, label: "a text in quotes" }),
);
add("entity.name.label", LabelName);
add("variable", Identifier);

/** The tokens of the language with their editor scopes, in the order in which the lexer tries them. */
export const tokenTable: readonly TokenRow[] = rows;

/** A line break; the layout filter turns some of them into `StatementEnd` and drops the others. */
export const LineBreak = createToken({ name: "LineBreak", pattern: /[\r\n]+/, line_breaks: true });

/** Spaces, tabs, a byte order mark, no-break spaces. */
const Blank = createToken({ name: "Blank", pattern: /[ \t\f\v\u00a0\ufeff]+/, group: Lexer.SKIPPED });

/** `// …`, and `/// …` which documents what follows. */
export const LineComment = createToken({ name: "Comment", pattern: /\/\/[^\r\n]*/, group: "comments" });

const BadNumber = createToken({ name: "BadNumber", pattern: /(?:\d|\.\d)(?:[eE][+-](?=\d)|[A-Za-z0-9_.])*/ });
const OpenString = createToken({ name: "OpenString", pattern: /"[^"\r\n]*/ });
const SingleQuoted = createToken({ name: "SingleQuoted", pattern: /'[^'\r\n]*'/ });
const BlockComment = createToken({
  name: "BlockComment",
  pattern: /\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/,
  line_breaks: true,
});
const HashComment = createToken({ name: "HashComment", pattern: /#[^\r\n]*/ });
const BadCharacter = createToken({
  name: "BadCharacter",
  pattern: /&&|\|\||[\ud800-\udbff][\udc00-\udfff]|[^]/,
  // Any character can start it. The lexer sorts characters above 255 into ranges of 255, so one of each is enough.
  start_chars_hint: Array.from({ length: 256 + 600 }, (_, i) =>
    i < 256 ? i : Math.min(0xffff, 256 + (i - 256) * 110),
  ),
});

export const faultTokens = { BadNumber, OpenString, SingleQuoted, BlockComment, HashComment, BadCharacter };

/** What the layout filter adds: the end of a statement, written as a line break (or nothing before a `}`). */
export const StatementEnd = createToken({ name: "StatementEnd", pattern: Lexer.NA, label: "the end of the line" });
/** The braces around the body of a declaration or a settings block, told apart from those inside a flow. */
export const BodyOpen = createToken({ name: "BodyOpen", pattern: Lexer.NA, label: "`{`" });
export const BodyClose = createToken({ name: "BodyClose", pattern: Lexer.NA, label: "`}`" });
/** Stands where a typing fault left nothing to parse. Put in by `repair.ts`, never by a lexer. */
export const Missing = createToken({ name: "Missing", pattern: Lexer.NA, label: "something" });

const lexed: TokenType[] = [
  Blank,
  LineBreak,
  LineComment,
  BlockComment,
  HashComment,
  ...rows.map((row) => row.type).filter((type) => type !== LabelName && type !== Identifier),
  LabelName,
  Identifier,
  BadNumber,
  OpenString,
  SingleQuoted,
  BadCharacter,
];

/** Every token type that the parser can meet. */
export const parserTokens: readonly TokenType[] = [
  ...rows.map((row) => row.type),
  StatementEnd,
  BodyOpen,
  BodyClose,
  Missing,
];

export const lexer = new Lexer(lexed, { positionTracking: "full" });
