/** Labels as parts of weight paths: those with a number in braces get it here. */
import type { Label } from "../syntax/ast.ts";
import { evaluate } from "./evaluate-expression.ts";
import type { Frame, RowPlace } from "./frame.ts";

export interface PlacedLabel {
  /** `undefined` without a label. */
  readonly label: string | undefined;
  /** Whether a `repeat` numbers it. A label with a number of its own has no other one. */
  readonly repeated: boolean;
}

export function placeLabel(frame: Frame, place: RowPlace, label: Label | undefined): PlacedLabel {
  const { repeated } = place;
  if (label?.number === undefined) return { label: label?.text || undefined, repeated };
  const { before, value, after } = label.number;
  const number = evaluate(frame.context, frame.environment, value);
  // Where the number has an error, the text as it stands is as good as any.
  if (number?.kind !== "int") return { label: label.text, repeated };
  return { label: `${before}${number.value}${after}`, repeated: false };
}
