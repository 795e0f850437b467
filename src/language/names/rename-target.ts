/** What can be renamed, and which names it can have. Reasons are sentences without a full stop, for messages of editors. */
import type { TokenType } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import { Identifier, LabelName, lexer } from "../../../grammar/tokens.ts";
import { isSymbol } from "../../compiler/check/scopes.ts";
import { layerTable } from "../../compiler/layers/table.ts";
import { fileSizeLimit } from "../../compiler/syntax/parse.ts";
import type { Workspace } from "../workspace.ts";
import { labelPlaces, meetsOnOneWay } from "./labels.ts";
import type { Definition, Meaning } from "./symbols.ts";
import { enumValuesOf, scopeOf, tableOf } from "./tables.ts";

const nouns: Readonly<Record<Definition["kind"], string>> = {
  model: "a model",
  block: "a block",
  import: "an import",
  parameter: "a parameter",
  "enum-value": "a value",
  dimension: "a dimension",
  input: "an input",
  output: "an output",
  binding: "a binding",
  label: "a label",
};

/** Why a name that has no definition can't be renamed. */
export function fixedBecause(meaning: Exclude<Meaning, { readonly kind: "definition" }>): string {
  switch (meaning.kind) {
    case "layer":
      return `\`${meaning.layer.name}\` is a layer of the language`;
    case "argument":
      return `\`${meaning.parameter.name}\` is an argument of the layer \`${meaning.layer.name}\``;
    case "setting":
      return `\`${meaning.setting.name}\` is a B-cos setting`;
    case "value":
      return `\`${meaning.value}\` is a value of \`${meaning.parameter.name}\``;
    case "function":
      return `\`${meaning.name}\` is a function of the language`;
    case "index":
      return "`index` is what every `repeat` calls its number";
    case "file":
      return "a path is the name of a file";
    default:
      return meaning satisfies never;
  }
}

/** Why there is nothing to rename at a place without a known name. */
export function nothingAt(text: string, offset: number): string {
  const tokens = text.length > fileSizeLimit ? [] : lexer.tokenize(text).tokens;
  const token = tokens.find((one) => one.startOffset <= offset && offset <= endOf(one) && /^[A-Za-z_]/.test(one.image));
  if (token === undefined) return "there is no name here";
  const isName = token.tokenType === Identifier || token.tokenType === LabelName;
  return isName ? `nothing is known about \`${token.image}\`` : `\`${token.image}\` is a word of the language`;
}

/** Why the definition can't have the name; `undefined` where it can. */
export function nameProblem(workspace: Workspace, definition: Definition, name: string): string | undefined {
  return spellingProblem(definition, name) ?? collision(workspace, definition, name);
}

function spellingProblem({ kind }: Definition, name: string): string | undefined {
  const type = tokenTypeOf(name);
  if (kind === "label") {
    if (type === Identifier || type === LabelName) return undefined;
    return `\`${name}\` is no label: it takes letters, digits and \`_\`, and \`.\` between its parts`;
  }
  if (type === undefined) return `\`${name}\` is no name: it takes letters, digits and \`_\`, and no digit in front`;
  if (type !== Identifier) {
    return type === LabelName
      ? `only labels can have a name like \`${name}\``
      : `\`${name}\` is a word of the language`;
  }
  if (kind === "dimension" && !isSymbol(name)) return "the names of dimensions are in upper case";
  if (kind === "parameter" && name === "index") return "inside `repeat`, `index` is the number of the instance";
  return undefined;
}

/** The type of the one token that the text is; `undefined` where it is none that starts with a letter. */
function tokenTypeOf(name: string): TokenType | undefined {
  if (name.length > 1000) return undefined;
  const [token, ...rest] = lexer.tokenize(name).tokens;
  const isOne = token !== undefined && rest.length === 0 && token.image === name && /^[A-Za-z_]/.test(name);
  return isOne ? token.tokenType : undefined;
}

function collision(workspace: Workspace, definition: Definition, name: string): string | undefined {
  switch (definition.kind) {
    case "model":
    case "block":
    case "import": {
      if (layerTable[name] !== undefined) return `\`${name}\` is a layer of the language`;
      const { file } = definition.span;
      const files = [file, ...(definition.kind === "import" ? [] : importersOf(workspace, file, definition.name))];
      return files.map((path) => topCollision(workspace, path, name)).find((found) => found !== undefined);
    }
    case "enum-value": {
      const values = enumValuesOf(definition.declaration, definition.parameter);
      return values.some((value) => value.name === name)
        ? `\`${definition.parameter.name.text}\` has a value \`${name}\` already`
        : undefined;
    }
    case "label":
      return labelCollision(definition, name);
    case "parameter":
    case "dimension":
    case "input":
    case "output":
    case "binding": {
      const { values, tensors, declaration } = scopeOf(definition.declaration);
      const other = tensors.get(name) ?? values.get(name);
      return other && `\`${name}\` is already ${nouns[other.kind]} of \`${declaration.name.text}\``;
    }
    default:
      return definition satisfies never;
  }
}

function importersOf(workspace: Workspace, file: string, name: string): string[] {
  return workspace.importersOf(file).filter((path) => {
    const tree = workspace.tree(path);
    return tree !== undefined && tableOf(tree).imports.has(name);
  });
}

function topCollision(workspace: Workspace, path: string, name: string): string | undefined {
  const tree = workspace.tree(path);
  const table = tree && tableOf(tree);
  const declared = table?.declarations.get(name);
  if (declared !== undefined) return `\`${name}\` is already ${nouns[declared.kind]} in ${path}`;
  return table?.imports.has(name) === true ? `${path} imports a \`${name}\` already` : undefined;
}

function labelCollision(definition: Definition & { readonly kind: "label" }, name: string): string | undefined {
  const places = labelPlaces(definition.declaration);
  const own = places.find(({ step }) => step === definition.step);
  const other = places.find(({ label, step }) => label.text === name && step !== definition.step);
  if (own === undefined || other === undefined || !meetsOnOneWay(own, other)) return undefined;
  return `another step of \`${definition.declaration.name.text}\` has the label \`${name}\`, and weights need different paths`;
}
