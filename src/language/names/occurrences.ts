/**
 * All names in a file with what they mean: the one analysis that definitions, references, renaming and highlights rest on.
 * It needs no sound file: what the tree has is taken from there, and names in text that no tree could be made of are looked
 * up by `damaged.ts`.
 */
import { isFunction } from "../../compiler/check/evaluate-expression.ts";
import { settingTable } from "../../compiler/network/setting-table.ts";
import type {
  CallStep,
  Declaration,
  Expression,
  Flow,
  Import,
  Label,
  SettingsBlock,
  SourceFile,
  Step,
} from "../../compiler/syntax/ast.ts";
import { hasErrors, type Span } from "../../diagnostics/diagnostic.ts";
import type { Workspace } from "../workspace.ts";
import { damagedOccurrences } from "./damaged.ts";
import {
  calleeMeaning,
  declaredFormal,
  enumMeaning,
  formalMeaning,
  formalOf,
  formalsOf,
  importedDefinition,
  tableFormal,
  type Files,
  type Formal,
} from "./resolve.ts";
import type { Definition, Meaning, Occurrence } from "./symbols.ts";
import { declarationAsDefinition, enumValuesOf, scopeOf, type Scope } from "./tables.ts";

/** Where an expression or a flow stands. */
interface Place {
  /** `undefined` in the settings of a file, which see no names. */
  readonly scope: Scope | undefined;
  /** The innermost `repeat` around it. */
  readonly repeat: Span | undefined;
}

/** In source order. Names without a meaning are left out. */
export function occurrencesIn(
  workspace: Pick<Workspace, "parsed" | "text" | "tree" | "resolve">,
  path: string,
): readonly Occurrence[] {
  const parsed = workspace.parsed(path);
  const text = workspace.text(path);
  if (parsed === undefined || text === undefined) return [];
  const found = inTree(workspace, parsed.file);
  if (hasErrors(parsed.diagnostics)) found.push(...damagedOccurrences(workspace, parsed.file, text, found));
  return found.sort((a, b) => a.span.start - b.span.start || b.span.end - a.span.end);
}

function inTree(files: Files, file: SourceFile): Occurrence[] {
  const found: Occurrence[] = [];

  function add(span: Span, role: Occurrence["role"], meaning: Meaning | undefined): void {
    if (meaning !== undefined && span.end > span.start) found.push({ span, role, meaning });
  }

  function define(definition: Definition): void {
    add(definition.span, "definition", meaningOf(definition));
  }

  function visitImport({ names, from }: Import): void {
    for (const { text, span } of names) {
      const definition = importedDefinition(files, file, text);
      const isOwn = definition?.kind === "import" && definition.span.start === span.start;
      add(span, isOwn ? "definition" : "read", meaningOf(definition));
    }
    add(from.span, "read", { kind: "file", path: files.resolve(file.path, from.text) });
  }

  function visitSettings(blocks: readonly SettingsBlock[], place: Place): void {
    for (const { name, value } of blocks.flatMap((block) => block.settings)) {
      const setting = settingTable.find((entry) => entry.name === name.text);
      add(name.span, "read", setting && { kind: "setting", setting });
      visitExpression(value, place, setting && tableFormal(setting));
    }
  }

  function visitDeclaration(declaration: Declaration): void {
    const scope = scopeOf(declaration);
    const place: Place = { scope, repeat: undefined };
    define(declarationAsDefinition(declaration));
    scope.definitions.forEach(define);
    for (const parameter of declaration.parameters) {
      enumValuesOf(declaration, parameter).forEach(define);
      if (parameter.default === undefined) continue;
      visitExpression(parameter.default, place, declaredFormal(declaration, parameter));
    }
    for (const port of declaration.inputs) visitAll(port.shape.dimensions, place);
    for (const port of declaration.outputs) {
      const { text, span } = port.name;
      const tensor = scope.tensors.get(text);
      if (tensor?.span.start !== span.start) add(span, "read", meaningOf(tensor));
      visitAll(port.shape.dimensions, place);
    }
    visitSettings(declaration.settings, place);
    for (const binding of declaration.bindings) visitFlow(binding.flow, place);
  }

  function visitFlow(flow: Flow, place: Place): void {
    switch (flow.kind) {
      case "reference":
        return add(flow.name.span, "read", tensorMeaning(flow.name.text, place) ?? valueMeaning(flow.name.text, place));
      case "pipe":
        visitFlow(flow.source, place);
        return visitSteps(flow.steps, place);
      case "join":
        visitFlow(flow.left, place);
        return visitFlow(flow.right, place);
      case "concat":
        return flow.parts.forEach((part) => visitFlow(part, place));
      case "if":
        visitExpression(flow.condition, place);
        visitFlow(flow.then, place);
        return visitFlow(flow.else, place);
      case "missing":
        return;
      default:
        return flow satisfies never;
    }
  }

  function visitSteps(steps: readonly Step[], place: Place): void {
    for (const step of steps) visitStep(step, place);
  }

  function visitStep(step: Step, place: Place): void {
    switch (step.kind) {
      case "call":
        visitLabel(step.label, step, place);
        return visitCall(step, place);
      case "repeat":
        visitLabel(step.label, step, place);
        visitExpression(step.count, place);
        return visitSteps(step.steps, { ...place, repeat: step.span });
      case "if":
        visitExpression(step.condition, place);
        visitSteps(step.then, place);
        return visitSteps(step.else, place);
      case "ascription":
        return visitAll(step.shape.dimensions, place);
      case "missing":
        return;
      default:
        return step satisfies never;
    }
  }

  function visitLabel(label: Label | undefined, step: Step, place: Place): void {
    if (label === undefined || place.scope === undefined) return;
    const { declaration } = place.scope;
    define({ kind: "label", name: label.text, span: label.span, whole: step.span, declaration, step, label });
    if (label.number !== undefined) visitExpression(label.number.value, place);
  }

  function visitCall(step: CallStep, place: Place): void {
    const callee = calleeMeaning(files, file, step.callee.text);
    add(step.callee.span, "read", callee);
    const formals = formalsOf(callee);
    for (const argument of step.arguments) {
      const formal = formalOf(formals, step, argument);
      if (argument.name !== undefined && callee !== undefined && formal !== undefined) {
        add(argument.name.span, "write", formalMeaning(callee, formal));
      }
      visitExpression(argument.value, place, formal);
    }
  }

  function visitAll(expressions: readonly Expression[], place: Place): void {
    for (const expression of expressions) visitExpression(expression, place);
  }

  /** `formal` is what the expression is the value of: there, bare names may be values of an enum. */
  function visitExpression(expression: Expression, place: Place, formal?: Formal): void {
    switch (expression.kind) {
      case "name": {
        const { name, span } = expression;
        const meaning = valueMeaning(name, place) ?? enumMeaning(name, formal) ?? tensorMeaning(name, place);
        // The first place of a dimension is its definition.
        const isDefinition = meaning?.kind === "definition" && meaning.definition.span === span;
        return isDefinition ? undefined : add(span, "read", meaning);
      }
      case "list":
        return visitAll(expression.items, place);
      case "unary":
        return visitExpression(expression.operand, place);
      case "binary":
        visitExpression(expression.left, place, comparedWith(expression, expression.right, place));
        return visitExpression(expression.right, place, comparedWith(expression, expression.left, place));
      case "call": {
        const { text, span } = expression.callee;
        add(span, "read", isFunction(text) ? { kind: "function", name: text } : enumMeaning(text, formal));
        return visitAll(expression.arguments, place);
      }
      case "int":
      case "float":
      case "bool":
      case "missing":
        return;
      default:
        return expression satisfies never;
    }
  }

  for (const statement of file.imports) visitImport(statement);
  visitSettings(file.settings, { scope: undefined, repeat: undefined });
  for (const declaration of file.declarations) visitDeclaration(declaration);
  return found;
}

function meaningOf(definition: Definition | undefined): Meaning | undefined {
  return definition && { kind: "definition", definition };
}

function valueMeaning(name: string, { scope, repeat }: Place): Meaning | undefined {
  const isIndex = repeat !== undefined && name === "index";
  return meaningOf(scope?.values.get(name)) ?? (isIndex ? { kind: "index", repeat } : undefined);
}

function tensorMeaning(name: string, { scope }: Place): Meaning | undefined {
  return meaningOf(scope?.tensors.get(name));
}

/** In `kind == batch` the other side is an enum parameter, one of whose values this side may be. */
function comparedWith(
  { operator }: Expression & { readonly kind: "binary" },
  other: Expression,
  { scope }: Place,
): Formal | undefined {
  if ((operator !== "==" && operator !== "!=") || other.kind !== "name") return undefined;
  const definition = scope?.values.get(other.name);
  return definition?.kind === "parameter" ? declaredFormal(definition.declaration, definition.parameter) : undefined;
}
