/** The form of the tables that say what tensors are called elsewhere. */
import type { Shape } from "../../../shape.ts";
import { matchPattern } from "./patterns.ts";
import type { Reshape } from "./reshape.ts";

export interface RenameRule {
  /** Pattern of the name in the file, without a prefix that a wrapper puts in front. */
  readonly file: string;
  /** Pattern of the model's weight path. */
  readonly model: string;
  /** Only for tensors of so many axes at least, as the model's weight files have them. Products have two or more. */
  readonly minRank?: number;
  readonly reshape?: Reshape;
  /** Only where the file has a tensor of this pattern. */
  readonly when?: string;
  /** Only where there is none. */
  readonly unless?: string;
}

/** Tensors that the model has no place for and that it does not need. */
export interface DropRule {
  readonly file: string;
  readonly reason: string;
  /** Only where all its numbers are 0. */
  readonly zero?: boolean;
  /** Only where the model has the weight of this pattern, filled with what `file` matched. */
  readonly beside?: string;
}

/** The rules that count for a file with tensors of these names. */
export function rulesFor(rules: readonly RenameRule[], names: readonly string[]): readonly RenameRule[] {
  const has = (pattern: string): boolean => names.some((name) => matchPattern(pattern, name) !== undefined);
  return rules.filter(
    ({ when, unless }) => (when === undefined || has(when)) && (unless === undefined || !has(unless)),
  );
}

/** Whether the rule is for tensors of this shape. */
export function isForShape(rule: RenameRule, shape: Shape): boolean {
  return shape.length >= (rule.minRank ?? 0);
}
