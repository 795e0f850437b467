/** Which tensor of a file becomes which weight of a model, by their names. */
import type { Shape } from "../../../shape.ts";
import { fillPattern, matchPattern } from "./patterns.ts";
import { prefixesIn } from "./prefixes.ts";
import { isForShape, rulesFor, type RenameRule } from "./rules.ts";

/** A tensor of the file that is meant for a weight, and the rule that says so; none where the names are equal. */
export interface Meant {
  readonly name: string;
  readonly rule: RenameRule | undefined;
}

export interface NameMatch {
  /** In front of the names of the tensors that are taken. */
  readonly prefix: string;
  /** Weight path → tensors that are meant for it: more than one is a fault. */
  readonly byPath: ReadonlyMap<string, readonly Meant[]>;
  /** Prefixes of other copies of the network. */
  readonly copies: readonly string[];
}

/**
 * Of the prefixes in the file, or of the one that is given, takes the one under which the most weights are found. Rules
 * count where they lead to a weight of the model; a name that none leads anywhere counts as it is. `wanted` has the shapes
 * of the model's weights as weight files have them.
 */
export function matchNames(
  wanted: ReadonlyMap<string, Shape>,
  names: readonly string[],
  rules: readonly RenameRule[],
  given?: string,
): NameMatch {
  const candidates = (given === undefined ? prefixesIn(names) : [given]).map((prefix) => ({
    prefix,
    byPath: matchUnder(prefix, wanted, names, rules),
  }));
  const chosen = candidates.reduce((best, next) => (next.byPath.size > best.byPath.size ? next : best));
  const copies = candidates.filter((c) => c.byPath.size > 0 && !chosen.prefix.startsWith(c.prefix));
  return { ...chosen, copies: copies.map((copy) => copy.prefix) };
}

function matchUnder(
  prefix: string,
  wanted: ReadonlyMap<string, Shape>,
  names: readonly string[],
  rules: readonly RenameRule[],
): Map<string, Meant[]> {
  const inside = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const usable = rulesFor(rules, "file", inside);
  const byPath = new Map<string, Meant[]>();
  for (const name of inside) {
    const found = findPath(name, wanted, usable);
    if (found === undefined) continue;
    const meant = { name: prefix + name, rule: found.rule };
    const before = byPath.get(found.path);
    if (before === undefined) byPath.set(found.path, [meant]);
    else before.push(meant);
  }
  return byPath;
}

function findPath(
  name: string,
  wanted: ReadonlyMap<string, Shape>,
  rules: readonly RenameRule[],
): { readonly path: string; readonly rule: RenameRule | undefined } | undefined {
  for (const rule of rules) {
    const values = matchPattern(rule.file, name);
    if (values === undefined) continue;
    const path = fillPattern(rule.model, values);
    const shape = wanted.get(path);
    if (shape !== undefined && isForShape(rule, shape)) return { path, rule };
  }
  return wanted.has(name) ? { path: name, rule: undefined } : undefined;
}
