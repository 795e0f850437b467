/** Hover on the names that the language itself gives: layers, their arguments, settings, values, functions. */
import type { FunctionName } from "../../compiler/check/evaluate-expression.ts";
import type { LayerDefinition } from "../../compiler/layers/layer.ts";
import { presets } from "../../compiler/network/presets.ts";
import { settingValue } from "../../compiler/network/setting-table.ts";
import type { BcosSettings } from "../../compiler/network/settings.ts";
import { functionTable } from "../known/functions.ts";
import { constantText, layerParameterText, layerSignature, typeText, valueText } from "../known/text.ts";
import { evaluateIn } from "../known/evaluate.ts";
import { layerVariants } from "../known/variants.ts";
import type { Meaning } from "../names/symbols.ts";
import type { SyntaxNode } from "../walk.ts";
import { code, paragraphs, severalText, source, type HoverContext } from "./context.ts";

export function hoverLayer(layer: LayerDefinition): string {
  return paragraphs([source(layerSignature(layer)), layer.summary]);
}

/** The name of an argument in a call of a layer. */
export function hoverArgument(
  { known, form }: HoverContext,
  { layer, parameter }: Extract<Meaning, { readonly kind: "argument" }>,
  nodes: readonly SyntaxNode[],
): string {
  const argument = nodes.findLast((node) => node.type === "argument")?.node;
  const step = nodes.findLast((node) => node.type === "step")?.node;
  const used =
    known !== undefined && step?.kind === "call"
      ? layerVariants(known, step, form).flatMap((variant) => variant.layer?.arguments[parameter.name] ?? [])
      : [];
  const given = known && argument && constantText(evaluateIn(known.instances[0], argument.value));
  const values = severalText(used.length > 0 ? used.map(valueText) : [given]);
  return paragraphs([
    source(layerParameterText(parameter)),
    `${parameter.doc} An argument of ${code(layer.name)}.`,
    values && `here ${values}`,
  ]);
}

/** What a setting means, what it is here, and what the presets have. */
export function hoverSetting(
  { known, workspace, path }: HoverContext,
  setting: Extract<Meaning, { readonly kind: "setting" }>["setting"],
): string {
  const [model] = known?.models ?? [...workspace.networks(path), ...workspace.check(path).drafts];
  const inPresets = (Object.keys(presets) as BcosSettings["preset"][]).map(
    (name) => `${name}: ${code(valueText(settingValue(presets[name], setting.name)))}`,
  );
  return paragraphs([
    source(`${setting.name}: ${typeText(setting.type)}`),
    setting.doc,
    model === undefined ? undefined : `here ${code(valueText(settingValue(model.settings, setting.name)))}`,
    setting.name === "preset" ? undefined : `presets: ${inPresets.join(", ")}`,
  ]);
}

export function hoverValue({ parameter, value }: Extract<Meaning, { readonly kind: "value" }>): string {
  return paragraphs([
    source(`${parameter.name}: ${typeText(parameter.type)}`),
    `${code(value)}: a value of ${code(parameter.name)}. ${parameter.doc}`,
  ]);
}

export function hoverFunction(name: FunctionName): string {
  const { parameters, result, documentation } = functionTable[name];
  const signature = `${name}(${parameters.join(", ")})${result === undefined ? "" : `: ${result}`}`;
  return paragraphs([source(signature), documentation]);
}

/** An imported file: what it declares. */
export function hoverFile({ workspace }: HoverContext, path: string): string | undefined {
  const file = workspace.tree(path);
  if (file === undefined) return undefined;
  const names = file.declarations.map(({ kind, name }) => `${kind} ${code(name.text)}`);
  return paragraphs([code(path), names.length === 0 ? undefined : `declares ${names.join(", ")}`]);
}
