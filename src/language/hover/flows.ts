/** Hover on the parts of a row that have no name: joins, repeats, shapes, expressions. */
import { layerTable } from "../../compiler/layers/table.ts";
import type { Expression, Flow, ShapeExpression, Step } from "../../compiler/syntax/ast.ts";
import { groupsAt, totalsOf } from "../known/costs.ts";
import { evaluateIn, evaluateShapeIn } from "../known/evaluate.ts";
import { constantText, exactCount, shapeText } from "../known/text.ts";
import { joinVariants, passageText } from "../known/variants.ts";
import { costText, lines, paragraphs, severalText, source, variantsText, type HoverContext } from "./context.ts";

export function hoverJoin({ known, form }: HoverContext, flow: Flow): string | undefined {
  const name = flow.kind === "concat" ? "concat" : flow.kind === "join" ? (flow.operator === "+" ? "add" : "mul") : "";
  const layer = layerTable[name];
  if (layer === undefined) return undefined;
  return paragraphs([layer.summary, known && variantsText(joinVariants(known, flow, form), "at")]);
}

export function hoverRepeat(
  { known, form, text }: HoverContext,
  step: Step & { readonly kind: "repeat" },
): string | undefined {
  const [instance] = known?.instances ?? [];
  const count = instance && constantText(evaluateIn(instance, step.count));
  const [group] = known === undefined ? [] : groupsAt(known.models, step.span, { perCall: false });
  const totals = group && totalsOf(group.model, form, group.layers);
  const first = instance?.passages.get(step)?.[0];
  return paragraphs([
    source(`repeat ${text.slice(step.count.span.start, step.count.span.end)}`),
    count === undefined
      ? "Separate instances, one after the other."
      : `${count} separate instances, one after the other.`,
    lines([
      first && passageText({ from: first.from === undefined ? [] : [first.from], to: first.to }),
      group && totals && `${exactCount(group.layers.length, "layer")}${prefixed(costText(totals))}`,
    ]),
  ]);
}

function prefixed(text: string | undefined): string {
  return text === undefined ? "" : ` · ${text}`;
}

/** A shape with its sizes, in all instances. */
export function hoverShape({ known }: HoverContext, shape: ShapeExpression): string | undefined {
  return severalText(
    known?.instances.map((instance) => {
      const sizes = evaluateShapeIn(instance, shape);
      return sizes && shapeText(sizes);
    }) ?? [],
  );
}

/** The value of a compound expression; what stands there as a number needs no words. */
export function hoverExpression({ known, text }: HoverContext, expression: Expression): string | undefined {
  if (expression.kind !== "binary" && expression.kind !== "unary" && expression.kind !== "call") return undefined;
  const values = known?.instances.map((instance) => constantText(evaluateIn(instance, expression)));
  const value = severalText(values ?? []);
  if (value === undefined) return undefined;
  return paragraphs([source(text.slice(expression.span.start, expression.span.end)), `value ${value}`]);
}
