/** Hover on the steps of a row: a layer or block that is called, and its label. */
import { layerTable } from "../../compiler/layers/table.ts";
import type { CallStep, Expression, Label, Step } from "../../compiler/syntax/ast.ts";
import type { Known } from "../known/knowledge.ts";
import { constantText, declarationSignature, layerSignature, valueText } from "../known/text.ts";
import { blockVariants, layerVariants } from "../known/variants.ts";
import { calleeMeaning } from "../names/resolve.ts";
import type { Meaning } from "../names/symbols.ts";
import { code, paragraphs, source, variantsText, type HoverContext } from "./context.ts";
import { hoverRepeat } from "./flows.ts";

export function hoverCall(context: HoverContext, step: CallStep, meaning: Meaning): string | undefined {
  if (meaning.kind === "layer") return hoverLayerCall(context, step);
  if (meaning.kind !== "definition") return undefined;
  const { definition } = meaning;
  return definition.kind === "block" ? hoverBlockCall(context, step, definition) : undefined;
}

function hoverLayerCall({ known, form }: HoverContext, step: CallStep): string | undefined {
  const layer = layerTable[step.callee.text];
  if (layer === undefined) return undefined;
  const variants = known === undefined ? [] : layerVariants(known, step, form);
  const given = variants[0]?.layer?.arguments;
  const values = step.arguments.flatMap((argument, i) => {
    const name = argument.name?.text ?? layer.parameters[i]?.name;
    const value = name === undefined ? undefined : given?.[name];
    return isOpen(known, argument.value) && value !== undefined && variants.length === 1
      ? [`${name}: ${valueText(value)}`]
      : [];
  });
  return paragraphs([
    source(layerSignature(layer)),
    layer.summary,
    values.length === 0 ? undefined : `with ${code(values.join(", "))}`,
    variantsText(variants, layer.weighted ? "weights at" : "at"),
  ]);
}

/** Whether the source leaves a value open: numbers and values of enums that stand there are in view. */
function isOpen(known: Known | undefined, value: Expression): boolean {
  if (value.kind === "name") return known?.instances[0].values.has(value.name) === true;
  return value.kind === "binary" || value.kind === "unary" || value.kind === "call";
}

function hoverBlockCall(
  { workspace, known, form }: HoverContext,
  step: CallStep,
  { declaration }: Extract<Extract<Meaning, { kind: "definition" }>["definition"], { kind: "block" | "model" }>,
): string | undefined {
  const text = workspace.text(declaration.name.span.file) ?? "";
  const variants = known === undefined ? [] : blockVariants(known, step, form);
  const [called] = known?.instances.flatMap((instance) => instance.calls.get(step) ?? []) ?? [];
  const values = [...(called?.values ?? [])].flatMap(([name, constant]) => {
    const value = constantText(constant);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  const several = variants.length > 1 ? " in the first instance" : "";
  return paragraphs([
    source(declarationSignature(declaration, text)),
    declaration.doc,
    values.length === 0 ? undefined : `with ${code(values.join(", "))}${several}`,
    variantsText(variants, "at"),
  ]);
}

/** A label says where the weights of its step are. */
export function hoverLabel(context: HoverContext, step: Step, label: Label): string | undefined {
  if (step.kind === "repeat") return hoverRepeat(context, step);
  if (step.kind !== "call") return undefined;
  const file = context.workspace.tree(context.path);
  const callee = file && calleeMeaning(context.workspace, file, step.callee.text);
  const called = callee && hoverCall(context, step, callee);
  return paragraphs([source(`${label.text}:`), called ?? "Part of the weight path of its step."]);
}
