/**
 * Names and types inside one declaration, without values and shapes: every name is known, given once and given before
 * its use. Both branches of every `if` are checked, and blocks that nothing uses.
 */
import type { Fix, Span } from "../../diagnostics/diagnostic.ts";
import type { Declaration, Expression, Flow, Name, ShapeExpression, Step } from "../syntax/ast.ts";
import { resolveCall, type CallContext } from "./calls.ts";
import type { Fact } from "./facts.ts";
import {
  checkArgument,
  checkCondition,
  checkDimension,
  checkRepeatCount,
  inferType,
  type ExpressionScope,
} from "./infer-types.ts";
import { removalOf } from "./fixes.ts";
import { limits } from "./limits.ts";
import { createReport, didYouMean, type Report } from "./report.ts";
import { headOf, isDamaged, isHeadDamaged, type Module, type Resolution } from "./resolution.ts";
import { checkSettings } from "./settings.ts";
import { argumentTypeOf, staticTypeOf, unknownType, type StaticType } from "./types.ts";

/** What can be seen at a place of a declaration, and what has been used so far. */
interface Scope {
  readonly context: CallContext;
  readonly declaration: Declaration;
  readonly values: Map<string, { readonly type: StaticType; readonly span: Span }>;
  /** Tensors that are assigned, by name. */
  readonly tensors: Map<string, Span>;
  readonly used: Set<string>;
  readonly inRepeat: boolean;
  /** Something before the rows, where parameters and inputs are, has an error: names may be missing. */
  isHeadDamaged: boolean;
}

/** The name of a dimension that a block's input binds: `H`, `W`, `C`, `T2`. */
export function isSymbol(name: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(name);
}

/** `usedNames` collects the blocks that the declaration's rows call. */
export function checkDeclaration(
  declaration: Declaration,
  module: Module,
  report: Report,
  resolution: Resolution,
  facts: Fact[],
  usedNames: Set<string>,
  unknownCallees: Set<string>,
): void {
  const context: CallContext = {
    report,
    faulty: resolution.faulty,
    resolution,
    module,
    declaration,
    facts,
    usedNames,
    unknownCallees,
    unknownNames: new Set(),
  };
  const before = report.errors();
  const rowsStart = declaration.bindings[0]?.span.start ?? declaration.span.end;
  const scope: Scope = {
    context,
    declaration,
    values: new Map(),
    tensors: new Map(),
    used: new Set(),
    inRepeat: false,
    isHeadDamaged: isDamaged(module, headOf({ declaration, module }, rowsStart)),
  };
  checkParameters(scope);
  checkPortCounts(scope);
  checkInputs(scope);
  checkOwnSettings(scope);
  checkBindings(scope);
  checkOutputs(scope);
  // A name that is not used may be what the unknown name of an error was meant to be.
  if (report.errors() === before && !isDamaged(module, declaration.span)) reportUnused(scope);
}

/** What a statement with a syntax error says is a guess: it is unknown, and gives no errors of its own. */
function scopeFor(scope: Scope, statement: object): Scope {
  if (!scope.context.faulty.has(statement)) return scope;
  return { ...scope, context: { ...scope.context, report: createReport() } };
}

function checkParameters(outer: Scope): void {
  const { declaration, values } = outer;
  for (const parameter of declaration.parameters) {
    const scope = scopeFor(outer, parameter);
    const { context } = scope;
    const { text, span } = parameter.name;
    const type = argumentTypeOf(parameter.type);
    if (parameter.type.kind === "enum") checkDistinct(context.report, "a value", parameter.type.values);
    // A default may use the parameters before it.
    if (parameter.default !== undefined && type !== undefined) {
      checkArgument(context, expressionScope(scope), parameter.default, text, type);
    }
    if (text === "") continue;
    const first = values.get(text);
    if (first !== undefined) {
      const related = [{ span: first.span, label: "the first" }];
      context.report.at(span, "name/duplicate", { what: "a parameter", name: text }, { related });
    } else if (text === "index") {
      context.report.at(span, "name/reserved", {
        name: text,
        reason: "inside `repeat` it is the number of the instance",
      });
    } else {
      const isKnown = !context.faulty.has(parameter);
      values.set(text, { type: isKnown ? staticTypeOf(parameter.type) : unknownType, span });
    }
  }
}

function checkDistinct(report: Report, what: string, names: readonly Name[]): void {
  const places = new Map<string, Span>();
  for (const { text, span } of names) {
    const first = places.get(text);
    if (first === undefined) places.set(text, span);
    else report.at(span, "name/duplicate", { what, name: text }, { related: [{ span: first, label: "the first" }] });
  }
}

function checkPortCounts({ context, declaration }: Scope): void {
  if (isDamaged(context.module, declaration.span)) return;
  const { kind: what, inputs, outputs, name } = declaration;
  const check = (direction: "input" | "output", found: number, expected: string, fits: boolean): void => {
    if (fits) return;
    const params = { what, name: name.text, direction, found, expected };
    context.report.at(name.span, "type/port-count", params);
  };
  check("input", inputs.length, "one", inputs.length === 1);
  if (what === "block") check("output", outputs.length, "one", outputs.length === 1);
  else check("output", outputs.length, "at least one", outputs.length > 0);
}

function checkInputs(scope: Scope): void {
  const { context, declaration, values, tensors } = scope;
  for (const port of declaration.inputs) {
    addTensor(scope, port.name, "an input");
    if (declaration.kind === "block" || isHeadDamaged({ declaration, module: context.module })) {
      for (const dimension of port.shape.dimensions) {
        if (dimension.kind !== "name" || values.has(dimension.name)) continue;
        if (!isSymbol(dimension.name)) {
          reportSymbol(scopeFor(scope, port), dimension);
          continue;
        }
        values.set(dimension.name, { type: { kind: "int" }, span: dimension.span });
        // A symbol that nothing asks for is no fault: `[H, W, C]` says that the input is an image.
        scope.used.add(dimension.name);
      }
    }
    checkShape(scopeFor(scope, port), port.shape);
  }
  // The outputs' names are taken too, by the bindings that assign them.
  checkDistinct(
    context.report,
    "an output",
    declaration.outputs.map((port) => port.name),
  );
  for (const port of declaration.outputs) {
    const input = tensors.get(port.name.text);
    if (input === undefined) continue;
    const related = [{ span: input, label: "the first" }];
    context.report.at(port.name.span, "name/duplicate", { what: "an input", name: port.name.text }, { related });
  }
}

function reportSymbol(scope: Scope, { name, span }: Expression & { readonly kind: "name" }): void {
  const upper = name.toUpperCase();
  const fixes = isSymbol(upper) ? [{ title: `write \`${upper}\``, edits: [{ span, text: upper }] }] : [];
  const hints = ["the names of dimensions are in upper case, e.g. `[H, W, C]`"];
  scope.context.report.at(span, "name/unknown", { what: "parameter", name }, { hints, fixes });
  scope.context.unknownNames.add(name);
  scope.isHeadDamaged = true;
}

function checkShape(scope: Scope, shape: ShapeExpression): void {
  const { report, faulty } = scope.context;
  const found = shape.dimensions.length;
  if (found > limits.rank) {
    faulty.add(shape);
    report.at(shape.span, "limit/rank", { limit: limits.rank, found });
    return;
  }
  for (const dimension of shape.dimensions) checkDimension(scope.context, expressionScope(scope), dimension);
}

function checkOwnSettings(scope: Scope): void {
  const { context, declaration } = scope;
  if (declaration.kind === "model") return checkSettings(context, expressionScope(scope), declaration.settings);
  for (const block of declaration.settings) {
    const fixes = [removalOf(context.module.text, block.span, "remove the settings")];
    context.report.at(block.span, "bcos/settings-place", { name: declaration.name.text }, { fixes });
  }
}

function checkBindings(scope: Scope): void {
  for (const binding of scope.declaration.bindings) {
    const own = scopeFor(scope, binding);
    checkFlow(own, binding.flow);
    if (!addTensor(own, binding.name, "a binding")) scope.context.faulty.add(binding);
  }
}

/** Whether the name is free; reports it where it is not. */
function addTensor(scope: Scope, { text, span }: Name, what: string): boolean {
  if (text === "") return true;
  const { report } = scope.context;
  const tensor = scope.tensors.get(text);
  const value = scope.values.get(text);
  if (tensor !== undefined || value !== undefined) {
    const related = [{ span: tensor ?? value!.span, label: "the first" }];
    const kind = tensor === undefined ? "a parameter or dimension" : what;
    report.at(span, "name/duplicate", { what: kind, name: text }, { related });
    return false;
  }
  scope.tensors.set(text, span);
  return true;
}

function checkOutputs(scope: Scope): void {
  const { context, declaration, tensors, used } = scope;
  for (const port of declaration.outputs) {
    checkShape(scopeFor(scope, port), port.shape);
    const { text, span } = port.name;
    used.add(text);
    if (text === "" || tensors.has(text) || isDamaged(context.module, declaration.span)) continue;
    const assigned = declaration.bindings.filter((b) => !declaration.outputs.some((o) => o.name.text === b.name.text));
    const names = assigned.map((b) => b.name.text);
    const near = context.report.nearest(text, names);
    const meant = assigned.filter((b) => b.name.text === near);
    const fix = { title: `call it \`${text}\``, edits: meant.map((b) => ({ span: b.name.span, text })) };
    // Where rows use the other name, it is theirs.
    const fixes = meant.length === 1 && !used.has(near!) ? [fix] : [];
    const hints = near === undefined ? [] : [`did you mean \`${near}\`?`];
    context.report.at(span, "name/unassigned-output", { name: text }, { hints, fixes });
  }
}

function reportUnused({ context, declaration, used, tensors, values }: Scope): void {
  const unused = (what: string, { text, span }: Name): void => {
    // `_name` says that it is known to be unused.
    if (text === "" || text.startsWith("_") || used.has(text)) return;
    const quiet = `_${text}`;
    // The name of a parameter is one that callers write.
    const isFree = what !== "parameter" && !tensors.has(quiet) && !values.has(quiet);
    const fix: Fix = { title: `call it \`${quiet}\``, isChoice: true, edits: [{ span, text: quiet }] };
    context.report.at(span, "name/unused", { what, name: text }, { fixes: isFree ? [fix] : [] });
  };
  for (const parameter of declaration.parameters) unused("parameter", parameter.name);
  for (const port of declaration.inputs) unused("input", port.name);
  for (const binding of declaration.bindings) unused("binding", binding.name);
}

function checkFlow(scope: Scope, flow: Flow): void {
  switch (flow.kind) {
    case "reference":
      return checkReference(scope, flow.name, flow);
    case "pipe":
      checkFlow(scope, flow.source);
      return checkSteps(scope, flow.steps);
    case "join":
      checkFlow(scope, flow.left);
      return checkFlow(scope, flow.right);
    case "concat":
      return flow.parts.forEach((part) => checkFlow(scope, part));
    case "if":
      checkCondition(scope.context, expressionScope(scope), flow.condition);
      checkFlow(scope, flow.then);
      return checkFlow(scope, flow.else);
    case "missing":
      return;
    default:
      return flow satisfies never;
  }
}

function checkSteps(scope: Scope, steps: readonly Step[]): void {
  for (const step of steps) {
    const number = step.kind === "call" || step.kind === "repeat" ? step.label?.number : undefined;
    if (number !== undefined) inferType(scope.context, expressionScope(scope), number.value);
    switch (step.kind) {
      case "call":
        resolveCall(scope.context, expressionScope(scope), step);
        break;
      case "repeat":
        checkRepeatCount(scope.context, expressionScope(scope), step.count);
        checkSteps({ ...scope, inRepeat: true }, step.steps);
        break;
      case "if":
        checkCondition(scope.context, expressionScope(scope), step.condition);
        checkSteps(scope, step.then);
        checkSteps(scope, step.else);
        break;
      case "ascription":
        checkShape(scope, step.shape);
        break;
      case "missing":
        break;
      default:
        step satisfies never;
    }
  }
}

function checkReference(scope: Scope, { text, span }: Name, node: Flow): void {
  if (text === "") return;
  const { context, declaration, tensors, values, used } = scope;
  used.add(text);
  const place = tensors.get(text);
  if (place !== undefined) {
    context.facts.push({ kind: "definition", span, target: place });
    return;
  }
  context.faulty.add(node);
  const later = declaration.bindings.find((binding) => binding.name.text === text);
  const value = values.get(text);
  if (later !== undefined) {
    const related = [{ span: later.name.span, label: "assigned here" }];
    context.report.at(span, "name/used-before", { name: text }, { related });
  } else if (value !== undefined || (scope.inRepeat && text === "index")) {
    const related = value === undefined ? [] : [{ span: value.span, label: "declared here" }];
    const params = { name: text, found: "a number", expected: "a tensor" };
    context.report.at(span, "name/wrong-kind", params, { related });
  } else if (!isDamaged(context.module, declaration.span) && !context.unknownNames.has(text)) {
    context.unknownNames.add(text);
    const details = didYouMean(context.report, span, text, tensors.keys());
    context.report.at(span, "name/unknown", { what: "binding or input", name: text }, details);
  }
}

function expressionScope(scope: Scope): ExpressionScope {
  const { context, values, used, declaration } = scope;
  return {
    isDamaged: scope.isHeadDamaged,
    typeOf(name, span) {
      const value = values.get(name);
      if (value === undefined) return scope.inRepeat && name === "index" ? { kind: "int" } : undefined;
      used.add(name);
      if (value.span !== span) context.facts.push({ kind: "definition", span, target: value.span });
      return value.type;
    },
    names: () => (scope.inRepeat ? [...values.keys(), "index"] : values.keys()),
    otherMeaning(name) {
      if (name === "index") return "the number of an instance inside `repeat`, which this is not";
      const isTensor = [...declaration.inputs, ...declaration.bindings].some((thing) => thing.name.text === name);
      return isTensor ? "a tensor" : undefined;
    },
  };
}
