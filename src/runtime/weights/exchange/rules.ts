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
  /** Only for networks that have this tensor. */
  readonly when?: Telltale;
  /** Only for networks that do not have it. */
  readonly unless?: Telltale;
}

/** A tensor that tells one kind of network from others: patterns of its name in files and among weight paths. */
export interface Telltale {
  readonly file: string;
  readonly model: string;
}

/** Tensors that the model has no place for and that it does not need. */
export interface DropRule {
  readonly file: string;
  readonly reason: string;
  /** Only where all its numbers are 0. */
  readonly zero?: boolean;
  /** Only where the file's tensor of this pattern, filled with what `file` matched, is one of the model's weights. */
  readonly beside?: string;
}

/** Tensors that files of a program have beside a weight of the model, and that say nothing: made again for an export. */
export interface RestoreRule {
  readonly file: string;
  /** Pattern of the model's weight, with the wildcards of `file`. */
  readonly beside: string;
  /** `zeros`, as many as the weight has numbers and of its type; or a `counter`, the whole number 0. */
  readonly content: "zeros" | "counter";
}

/** What stands in front of all names of a network. The first that counts is taken. */
export interface PrefixRule {
  readonly prefix: string;
  readonly when?: Telltale;
  readonly unless?: Telltale;
}

/** Those of the rules that count for a network with tensors of these names: a file's, or the weight paths of a model. */
export function rulesFor<R extends Pick<RenameRule, "when" | "unless">>(
  rules: readonly R[],
  side: keyof Telltale,
  names: readonly string[],
): readonly R[] {
  const known = new Map<Telltale, boolean>();
  const has = (telltale: Telltale): boolean => {
    const found = known.get(telltale) ?? names.some((name) => matchPattern(telltale[side], name) !== undefined);
    known.set(telltale, found);
    return found;
  };
  return rules.filter(
    ({ when, unless }) => (when === undefined || has(when)) && (unless === undefined || !has(unless)),
  );
}

/** Whether the rule is for tensors of this shape. */
export function isForShape(rule: RenameRule, shape: Shape): boolean {
  return shape.length >= (rule.minRank ?? 0);
}
