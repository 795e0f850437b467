/** From a model's declaration to its network. */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { LayerInstance, Network } from "../network/network.ts";
import type { BcosSettings } from "../network/settings.ts";
import type { Declaration, Port, SettingsBlock } from "../syntax/ast.ts";
import { asParameter, expandDeclaration } from "./blocks.ts";
import { describeConstant, toConstant, type Constant } from "./constants.ts";
import { evaluate, type EvaluationContext } from "./evaluate-expression.ts";
import { evaluationContext, type Expansion } from "./frame.ts";
import type { Report } from "./report.ts";
import type { Target } from "./resolution.ts";
import { checkSettingsFit, evaluateSettings } from "./settings.ts";
import { evaluateShape } from "./shapes.ts";
import type { Template } from "./template.ts";
import { argumentTypeOf, describeArgument } from "./types.ts";
import { checkWeights } from "./weights-limit.ts";

export type ParameterValues = Readonly<Record<string, number | boolean | string>>;

type Environment = Map<string, Constant | undefined>;

/** What is given from outside: values for parameters, the preset in place of the file's, and settings over the file's. */
export interface Given {
  readonly parameters: ParameterValues;
  readonly preset: BcosSettings["preset"] | undefined;
  readonly settings: readonly SettingsBlock[];
}

export interface ExpandedModel {
  /** As far as it could be expanded: what is behind an error is not in it. `undefined` where the input is unknown. */
  readonly known: Network | undefined;
  /** Whether it is whole and without an error. */
  readonly isSound: boolean;
}

export function expandModel(expansion: Expansion, target: Target, given: Given): ExpandedModel {
  const { declaration, module } = target;
  const { report } = expansion;
  const errors = report.errors();
  const context = evaluationContext(expansion, []);
  const environment = parametersOf(context, report, declaration, given.parameters);
  const blocks = { file: module.file.settings, model: declaration.settings, given: given.settings };
  const settings = evaluateSettings(context, environment, blocks, given.preset);
  const input = inputOf(context, environment, declaration.inputs[0]);
  const parameters = namedValues(environment);
  const template = expandDeclaration(expansion, target, environment, input, []);
  checkSettingsFit(report, settings, declaration.name.span, input?.shape, template.outputs?.[0]?.shape);
  const excess = checkWeights(template.layers, settings.settings);
  if (excess !== undefined) report.add(excess);
  if (input === undefined) return { known: undefined, isSound: false };
  const known: Network = {
    name: declaration.name.text,
    doc: declaration.doc,
    parameters,
    input: { name: input.port.name.text, shape: input.shape, span: input.port.name.span },
    outputs: template.outputs ?? [],
    layers: template.layers.map(toInstance),
    scopes: distinctScopes(template),
    settings: settings.settings,
  };
  return { known, isSound: template.outputs !== undefined && report.errors() === errors };
}

/** Parameters from outside, else their defaults. One without a value has an error and is unknown. */
function parametersOf(
  context: EvaluationContext,
  report: Report,
  declaration: Declaration,
  given: ParameterValues,
): Environment {
  const environment: Environment = new Map();
  for (const parameter of declaration.parameters) {
    const { text: name, span } = parameter.name;
    const type = argumentTypeOf(parameter.type);
    if (name === "" || environment.has(name)) continue;
    environment.set(name, undefined);
    if (type === undefined || context.faulty.has(parameter)) continue;
    const outside = Object.hasOwn(given, name) ? given[name] : undefined;
    let value: Constant | undefined;
    if (outside !== undefined) {
      value = toConstant(type, outside);
      if (value === undefined) {
        const params = { name, expected: describeArgument(type), found: String(outside) };
        report.add(diagnose("type/range", params, { place: `parameters of ${declaration.name.text}` }));
      }
    } else if (parameter.default !== undefined) {
      const constant = evaluate(context, environment, parameter.default);
      value = constant && asParameter(type, constant);
      if (constant !== undefined && value === undefined) {
        const params = { name, expected: describeArgument(type), found: describeConstant(constant) };
        context.report(parameter.default.span, "type/range", params);
      }
    } else {
      context.report(span, "type/parameter-value", { model: declaration.name.text, name });
    }
    environment.set(name, value);
  }
  return environment;
}

function inputOf(context: EvaluationContext, environment: Environment, port: Port | undefined) {
  if (port === undefined || context.faulty.has(port)) return undefined;
  const sizes = evaluateShape(context, environment, port.shape);
  return sizes.every((size) => size !== undefined) && sizes.length > 0 ? { port, shape: sizes } : undefined;
}

function namedValues(environment: Environment): Record<string, number | boolean | string> {
  const values: [string, number | boolean | string][] = [];
  for (const [name, constant] of environment) {
    if (constant !== undefined && "value" in constant) values.push([name, constant.value]);
  }
  return Object.fromEntries(values);
}

function toInstance({ fixed: _fixed, nameSpan: _nameSpan, ...layer }: Template["layers"][number]): LayerInstance {
  return layer;
}

/** A path that is a layer's already, or an instance's, is no scope of its own. */
function distinctScopes(template: Template): Network["scopes"] {
  const taken = new Set(template.layers.map((layer) => layer.path));
  return template.scopes.filter(({ path }) => {
    if (taken.has(path)) return false;
    taken.add(path);
    return true;
  });
}
