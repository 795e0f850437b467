/**
 * The names that a file and each of its declarations give, read off the syntax tree alone, so that they are there in files
 * with errors too. The rules are those of `compiler/check/scopes.ts`: of two equal names the first counts.
 */
import { isSymbol } from "../../compiler/check/scopes.ts";
import type { Declaration, Import, Name, Parameter, SourceFile } from "../../compiler/syntax/ast.ts";
import type { Definition } from "./symbols.ts";

/** Names inside one model or block. */
export interface Scope {
  readonly declaration: Declaration;
  /** Parameters and dimensions: what expressions can use. */
  readonly values: ReadonlyMap<string, Definition>;
  /** Inputs, bindings, and outputs that nothing assigns: what flows can use. */
  readonly tensors: ReadonlyMap<string, Definition>;
  /** Everything that is named here, equal names too, without enum values and labels. */
  readonly definitions: readonly Definition[];
}

/** Names at the top of a file. */
export interface FileTable {
  readonly declarations: ReadonlyMap<string, Definition>;
  readonly imports: ReadonlyMap<string, { readonly statement: Import; readonly name: Name }>;
}

const tables = new WeakMap<SourceFile, FileTable>();
const scopes = new WeakMap<Declaration, Scope>();

export function tableOf(file: SourceFile): FileTable {
  const known = tables.get(file);
  if (known !== undefined) return known;
  const declarations = new Map<string, Definition>();
  for (const declaration of file.declarations) addFirst(declarations, declarationAsDefinition(declaration));
  const imports = new Map<string, { statement: Import; name: Name }>();
  for (const statement of file.imports) {
    for (const name of statement.names) if (!imports.has(name.text)) imports.set(name.text, { statement, name });
  }
  const table: FileTable = { declarations, imports };
  tables.set(file, table);
  return table;
}

export function declarationAsDefinition(declaration: Declaration): Definition {
  const { kind, name, span } = declaration;
  return { kind, name: name.text, span: name.span, whole: span, declaration };
}

export function parameterAsDefinition(declaration: Declaration, parameter: Parameter): Definition {
  const { name, span } = parameter;
  return { kind: "parameter", name: name.text, span: name.span, whole: span, declaration, parameter };
}

/** The values of a parameter's `enum(…)`; none for other types. */
export function enumValuesOf(declaration: Declaration, parameter: Parameter): Definition[] {
  const values = parameter.type.kind === "enum" ? parameter.type.values : [];
  return values.map(({ text, span }) => ({
    kind: "enum-value",
    name: text,
    span,
    whole: span,
    declaration,
    parameter,
  }));
}

export function scopeOf(declaration: Declaration): Scope {
  const known = scopes.get(declaration);
  if (known !== undefined) return known;
  const values = new Map<string, Definition>();
  const tensors = new Map<string, Definition>();
  const definitions: Definition[] = [];
  const add = (names: Map<string, Definition>, definition: Definition): void => {
    if (definition.name === "") return;
    definitions.push(definition);
    addFirst(names, definition);
  };
  for (const parameter of declaration.parameters) add(values, parameterAsDefinition(declaration, parameter));
  for (const port of declaration.inputs) {
    add(tensors, { ...named(port.name), whole: port.span, kind: "input", declaration, port });
    if (declaration.kind !== "block") continue;
    for (const dimension of port.shape.dimensions) {
      if (dimension.kind !== "name" || values.has(dimension.name) || !isSymbol(dimension.name)) continue;
      const { name, span } = dimension;
      add(values, { name, span, whole: span, kind: "dimension", declaration, port });
    }
  }
  for (const binding of declaration.bindings) {
    add(tensors, { ...named(binding.name), whole: binding.span, kind: "binding", declaration, binding });
  }
  for (const port of declaration.outputs) {
    if (tensors.has(port.name.text)) continue;
    add(tensors, { ...named(port.name), whole: port.span, kind: "output", declaration, port });
  }
  const scope: Scope = { declaration, values, tensors, definitions };
  scopes.set(declaration, scope);
  return scope;
}

function named({ text, span }: Name): Pick<Definition, "name" | "span"> {
  return { name: text, span };
}

function addFirst(names: Map<string, Definition>, definition: Definition): void {
  if (definition.name !== "" && !names.has(definition.name)) names.set(definition.name, definition);
}
