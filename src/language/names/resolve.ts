/** From a name to what it means, across the files of the workspace. */
import { namesOf } from "../../compiler/check/types.ts";
import type { LayerParameter } from "../../compiler/layers/layer.ts";
import { layerTable } from "../../compiler/layers/table.ts";
import type { Argument, CallStep, Declaration, Parameter, SourceFile } from "../../compiler/syntax/ast.ts";
import type { Workspace } from "../workspace.ts";
import type { Definition, Meaning } from "./symbols.ts";
import { enumValuesOf, parameterAsDefinition, tableOf } from "./tables.ts";

/** What the workspace is asked for here. */
export type Files = Pick<Workspace, "tree" | "resolve">;

/** What an expression is the value of: a parameter of a layer, a setting, or a parameter that a model or block declares. */
export type Formal =
  | { readonly kind: "table"; readonly name: string; readonly parameter: LayerParameter }
  | {
      readonly kind: "declared";
      readonly name: string;
      readonly declaration: Declaration;
      readonly parameter: Parameter;
    };

export function tableFormal(parameter: LayerParameter): Formal {
  return { kind: "table", name: parameter.name, parameter };
}

export function declaredFormal(declaration: Declaration, parameter: Parameter): Formal {
  return { kind: "declared", name: parameter.name.text, declaration, parameter };
}

/** The model or block that a name of the file stands for; the import itself where it leads nowhere. */
export function topDefinition(files: Files, file: SourceFile, name: string): Definition | undefined {
  const table = tableOf(file);
  return table.declarations.get(name) ?? importedDefinition(files, file, name);
}

export function importedDefinition(files: Files, file: SourceFile, name: string): Definition | undefined {
  const found = tableOf(file).imports.get(name);
  if (found === undefined) return undefined;
  const { statement } = found;
  const source = files.tree(files.resolve(file.path, statement.from.text));
  const declared = source === undefined ? undefined : tableOf(source).declarations.get(name);
  return declared ?? { kind: "import", name, span: found.name.span, whole: statement.span, statement };
}

/** The layer or block that a step with this callee calls. Layers can not be hidden by other names. */
export function calleeMeaning(files: Files, file: SourceFile, name: string): Meaning | undefined {
  const layer = layerTable[name];
  if (layer !== undefined) return { kind: "layer", layer };
  const definition = topDefinition(files, file, name);
  return definition === undefined ? undefined : { kind: "definition", definition };
}

/** The parameters of what a step calls, in positional order; none where that is unknown. */
export function formalsOf(callee: Meaning | undefined): Formal[] {
  if (callee?.kind === "layer") return callee.layer.parameters.map(tableFormal);
  if (callee?.kind !== "definition") return [];
  const { definition } = callee;
  if (definition.kind !== "block" && definition.kind !== "model") return [];
  const { declaration } = definition;
  return declaration.parameters.map((parameter) => declaredFormal(declaration, parameter));
}

/** The parameter that an argument of a call is for. */
export function formalOf(formals: readonly Formal[], step: CallStep, argument: Argument): Formal | undefined {
  const { name } = argument;
  if (name === undefined) return formals[step.arguments.indexOf(argument)];
  return formals.find((formal) => formal.name === name.text);
}

/** What the name of an argument means. */
export function formalMeaning(callee: Meaning, formal: Formal): Meaning | undefined {
  if (formal.kind === "declared") {
    return { kind: "definition", definition: parameterAsDefinition(formal.declaration, formal.parameter) };
  }
  return callee.kind === "layer" ? { kind: "argument", layer: callee.layer, parameter: formal.parameter } : undefined;
}

/** What a bare name means as the value of a parameter, where no parameter or dimension has that name. */
export function enumMeaning(name: string, formal: Formal | undefined): Meaning | undefined {
  if (formal === undefined) return undefined;
  if (formal.kind === "table") {
    const isValue = namesOf(formal.parameter.type).includes(name);
    return isValue ? { kind: "value", parameter: formal.parameter, value: name } : undefined;
  }
  const values = enumValuesOf(formal.declaration, formal.parameter);
  const definition = values.find((value) => value.name === name);
  return definition && { kind: "definition", definition };
}
