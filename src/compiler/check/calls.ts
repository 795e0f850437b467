/** Which layer or block a call means, and which argument goes to which parameter. */
import type { Fix, Span } from "../../diagnostics/diagnostic.ts";
import type { ArgumentType } from "../layers/layer.ts";
import { layerTable } from "../layers/table.ts";
import type { Argument, CallStep, Declaration } from "../syntax/ast.ts";
import type { Fact } from "./facts.ts";
import { checkArgument, inferType, type ExpressionScope, type InferenceContext } from "./infer-types.ts";
import { didYouMean } from "./report.ts";
import { isDamaged, isHeadDamaged, type Module, type Resolution, type Target } from "./resolution.ts";
import { argumentTypeOf, describeArgument } from "./types.ts";

export interface CallContext extends InferenceContext {
  readonly resolution: Resolution;
  readonly module: Module;
  readonly declaration: Declaration;
  readonly facts: Fact[];
  readonly usedNames: Set<string>;
  /** Callees, and arguments of blocks as `callee(argument)`, that have their error in this file. */
  readonly unknownCallees: Set<string>;
}

/** A parameter as its callers see it. The type is `undefined` where its text is broken. */
interface Formal {
  readonly name: string;
  readonly type: ArgumentType | undefined;
  readonly required: boolean;
}

export function resolveCall(context: CallContext, scope: ExpressionScope, step: CallStep): void {
  const { callee } = step;
  const definition = layerTable[callee.text];
  if (definition?.inputs === "one") {
    const formals = definition.parameters;
    const matched = matchArguments(context, scope, step, formals);
    if (matched) context.resolution.calls.set(step, { kind: "layer", definition, arguments: matched });
    return;
  }
  const target = findBlock(context, step);
  if (target === undefined) {
    // What the arguments use counts as used, and has its own errors.
    for (const { value } of step.arguments)
      if (value.kind !== "name") inferType(context, scope, value);
      else scope.typeOf(value.name, value.span);
    return;
  }
  const formals = target.declaration.parameters.map((parameter) => ({
    name: parameter.name.text,
    type: context.faulty.has(parameter) ? undefined : argumentTypeOf(parameter.type),
    required: parameter.default === undefined && !context.faulty.has(parameter),
  }));
  const matched = matchArguments(context, scope, step, formals, target);
  if (matched) context.resolution.calls.set(step, { kind: "block", target, arguments: matched });
}

function findBlock(context: CallContext, step: CallStep): Target | undefined {
  const { report, module, usedNames, facts } = context;
  const { text, span } = step.callee;
  usedNames.add(text);
  if (module.names.has(text)) {
    const target = module.names.get(text);
    if (target === undefined) return undefined;
    facts.push({ kind: "definition", span, target: target.declaration.name.span });
    if (target.declaration.kind === "block") {
      addUse(context, step, target);
      return target;
    }
    if (isHeadDamaged(target)) return undefined;
    const related = [{ span: target.declaration.name.span, label: "declared here" }];
    report.at(span, "name/wrong-kind", { name: text, found: "a model", expected: "a layer or a block" }, { related });
    return undefined;
  }
  if (Object.hasOwn(layerTable, text)) {
    const join = text === "add" ? "a + b" : text === "mul" ? "a * b" : `${text}(a, b)`;
    const hints = [`it stands in front of a row: \`y = ${join} -> …\``];
    report.at(
      span,
      "name/wrong-kind",
      { name: text, found: "a join of several values", expected: "a layer or a block" },
      { hints },
    );
    return undefined;
  }
  if (module.damage.outside || context.unknownCallees.has(text)) return undefined;
  context.unknownCallees.add(text);
  const layers = Object.values(layerTable).flatMap((layer) => (layer.inputs === "one" ? [layer.name] : []));
  // A name that an import failed to give has its error there.
  const failed = [...module.names].flatMap(([name, target]) => (target === undefined ? [name] : []));
  if (report.nearest(text, failed) !== undefined) return undefined;
  const blocks = [...module.names].flatMap(([name, target]) => (target?.declaration.kind === "block" ? [name] : []));
  const details = didYouMean(context.report, span, text, [...blocks, ...layers]);
  report.at(span, "name/unknown", { what: "layer or block", name: text }, details);
  return undefined;
}

function addUse({ resolution, declaration }: CallContext, step: CallStep, target: Target): void {
  const uses = resolution.uses.get(declaration) ?? [];
  uses.push({ step, target });
  resolution.uses.set(declaration, uses);
}

/** Argument by parameter name; `undefined` where the call can't be made, after its error. */
function matchArguments(
  context: CallContext,
  scope: ExpressionScope,
  step: CallStep,
  formals: readonly Formal[],
  target?: Target,
): ReadonlyMap<string, Argument> | undefined {
  const { report } = context;
  const callee = step.callee.text;
  const damaged =
    isDamaged(context.module, step.span) || (target !== undefined && isDamaged(target.module, target.declaration.span));
  const matched = new Map<string, Argument>();
  const before = report.errors();
  const byName = new Map(formals.map((formal) => [formal.name, formal]));
  let named: Span | undefined;
  for (const [i, argument] of step.arguments.entries()) {
    const formal = argument.name === undefined ? formals[i] : byName.get(argument.name.text);
    if (argument.name !== undefined) named ??= argument.span;
    if (argument.name === undefined && named !== undefined) {
      const related = [{ span: named, label: "has a name" }];
      const fixes = reorderings(context.module.text, step, formals, i);
      report.at(argument.span, "type/argument-order", { callee }, { related, fixes });
    } else if (formal === undefined) {
      if (!damaged) reportUnknown(context, callee, argument, formals);
    } else if (matched.has(formal.name)) {
      const related = [{ span: matched.get(formal.name)!.span, label: "the first" }];
      report.at(argument.span, "type/duplicate-argument", { callee, name: formal.name }, { related });
    } else {
      matched.set(formal.name, argument);
      if (argument.name !== undefined && target !== undefined)
        addDefinition(context, argument.name.span, target, formal.name);
    }
    if (formal?.type !== undefined) checkArgument(context, scope, argument.value, formal.name, formal.type);
    else if (argument.value.kind !== "name") inferType(context, scope, argument.value);
    else scope.typeOf(argument.value.name, argument.value.span);
  }
  // An argument that has an error may have been meant for any of the missing parameters.
  if (report.errors() > before && matched.size < step.arguments.length) return undefined;
  for (const formal of formals) {
    if (!formal.required || matched.has(formal.name)) continue;
    if (!damaged) {
      const expected = formal.type === undefined ? "which has no default" : describeArgument(formal.type);
      const related = target === undefined ? [] : definitionOf(target, formal.name, "has no default");
      const params = { callee, name: formal.name, expected };
      report.at(step.callee.span, "type/missing-argument", params, { related });
    }
    return undefined;
  }
  return matched.size < step.arguments.length ? undefined : matched;
}

/** To move an argument without a name in front of those with one, if the place there is free. */
function reorderings(text: string, { arguments: all }: CallStep, formals: readonly Formal[], at: number): Fix[] {
  const first = all.findIndex((argument) => argument.name !== undefined);
  const meant = formals[first];
  const isTaken = all.some(({ name }) => name?.text === meant?.name);
  const { span } = all[at]!;
  const behind = { ...span, start: all[at - 1]!.span.end };
  if (meant === undefined || isTaken || /\/\//.test(text.slice(behind.start, behind.end))) return [];
  const start = all[first]!.span;
  const edits = [
    { span: { ...start, end: start.start }, text: `${text.slice(span.start, span.end)}, ` },
    { span: behind, text: "" },
  ];
  return [{ title: "move it to the front", edits }];
}

function reportUnknown(context: CallContext, callee: string, argument: Argument, formals: readonly Formal[]): void {
  if (argument.name === undefined) {
    context.report.at(argument.span, "type/excess-argument", { callee, takes: formals.length });
    return;
  }
  const { text, span } = argument.name;
  // A parameter that was renamed is missing in every call.
  const key = `${callee}(${text})`;
  if (context.unknownCallees.has(key)) return;
  if (!Object.hasOwn(layerTable, callee)) context.unknownCallees.add(key);
  const names = formals.map((formal) => formal.name);
  const near = didYouMean(context.report, span, text, names);
  const hints =
    near.hints ?? (names.length === 0 ? [] : [`\`${callee}\` takes ${names.map((n) => `\`${n}\``).join(", ")}`]);
  context.report.at(span, "name/unknown", { what: `argument of \`${callee}\``, name: text }, { ...near, hints });
}

function definitionOf(target: Target, name: string, label: string): { span: Span; label: string }[] {
  const parameter = target.declaration.parameters.find((p) => p.name.text === name);
  return parameter === undefined ? [] : [{ span: parameter.name.span, label }];
}

function addDefinition(context: CallContext, span: Span, target: Target, name: string): void {
  for (const definition of definitionOf(target, name, "")) {
    context.facts.push({ kind: "definition", span, target: definition.span });
  }
}
