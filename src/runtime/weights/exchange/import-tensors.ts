/**
 * From the tensors of a file to a model's weights, with a report of what became of each. Bytes stay as they are: names and
 * shapes change, numbers do not.
 */
import { sameShape, type Shape } from "../../../shape.ts";
import type { StateSpec } from "../../../compiler/graph/program.ts";
import { fileShape } from "../layout.ts";
import { isFloat, type Dtype } from "../dtypes.ts";
import type { StoredTensor } from "../safetensors.ts";
import { matchByOrder } from "./match-by-order.ts";
import { matchNames, type Meant } from "./match-names.ts";
import { fillPattern, matchPattern } from "./patterns.ts";
import { leftAside } from "./prefixes.ts";
import { differByOnes, reshaped } from "./reshape.ts";
import type { DropRule, RenameRule } from "./rules.ts";
import { isZero, recogniseSource, sourceOf, type SourceName } from "./sources.ts";

export interface ImportOptions {
  /** Whose names the tensors have. Default: `auto`, by the names. */
  readonly from?: SourceName | "auto" | undefined;
  /** Takes the tensors whose names start so, instead of those under the prefix that fits best. */
  readonly prefix?: string | undefined;
  /** Rules before those of the source. */
  readonly renames?: readonly RenameRule[] | undefined;
  /** Takes the tensors in the order of the file for the weights in the order of the model, whatever their names. */
  readonly order?: boolean | undefined;
  /** The file's name for messages. */
  readonly place?: string | undefined;
}

export interface ImportReport {
  readonly source: SourceName;
  readonly prefix: string;
  readonly mapped: readonly MappedTensor[];
  /** Tensors that the model does not need, and why. */
  readonly dropped: readonly { readonly name: string; readonly reason: string }[];
  /** Other copies of the network, and parts of a checkpoint that are no weights. */
  readonly aside: readonly string[];
  /** Weights of the model that the file does not have. */
  readonly missing: readonly { readonly path: string; readonly shape: Shape }[];
  readonly unexpected: readonly { readonly name: string; readonly shape: Shape }[];
  readonly misshapen: readonly {
    readonly path: string;
    readonly name: string;
    readonly expected: Shape;
    readonly found: Shape;
  }[];
  /** Tensors of whole numbers that are meant for weights. */
  readonly mistyped: readonly { readonly path: string; readonly name: string; readonly dtype: Dtype }[];
  /** Weights that several tensors are meant for. */
  readonly ambiguous: readonly { readonly path: string; readonly names: readonly string[] }[];
}

export interface MappedTensor {
  readonly path: string;
  readonly name: string;
  readonly dtype: Dtype;
  /** In weight files of the model. */
  readonly shape: Shape;
  /** In the file, where it is another. */
  readonly converted?: Shape;
}

export interface Imported {
  /** By weight path, for `writeSafetensors`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly report: ImportReport;
}

/**
 * Finds the weights and buffers of `state` among the tensors of a file. Whether what is missing or unexpected is an error
 * is for the caller to say: see `importFindings`.
 */
export function importTensors(
  state: readonly StateSpec[],
  tensors: ReadonlyMap<string, StoredTensor>,
  options: ImportOptions = {},
): Imported {
  const { from = "auto" } = options;
  const source = from === "auto" ? recogniseSource(tensors) : sourceOf(from);
  const wanted = wantedShapes(state);
  const rules = [...(options.renames ?? []), ...source.rules];
  const match =
    options.order === true
      ? matchByOrder(wanted, tensors, weightsIn(tensors, source.drops), options.place)
      : matchNames(wanted, [...tensors.keys()], rules, options.prefix);

  const result = new Map<string, StoredTensor>();
  const mapped: MappedTensor[] = [];
  const misshapen: ImportReport["misshapen"][number][] = [];
  const mistyped: ImportReport["mistyped"][number][] = [];
  const missing: ImportReport["missing"][number][] = [];
  const ambiguous: ImportReport["ambiguous"][number][] = [];
  const used = new Set<string>();
  for (const [path, shape] of wanted) {
    const meant = match.byPath.get(path) ?? [];
    for (const { name } of meant) used.add(name);
    if (meant.length > 1) ambiguous.push({ path, names: meant.map((m) => m.name) });
    const [first] = meant;
    if (first === undefined) missing.push({ path, shape });
    if (first === undefined || meant.length > 1) continue;
    const tensor = tensors.get(first.name)!;
    if (!fits(shape, tensor.shape, first)) {
      misshapen.push({ path, name: first.name, expected: shape, found: tensor.shape });
      continue;
    }
    if (!isFloat(tensor.dtype)) {
      mistyped.push({ path, name: first.name, dtype: tensor.dtype });
      continue;
    }
    result.set(path, { ...tensor, shape });
    const converted = sameShape(shape, tensor.shape) ? {} : { converted: tensor.shape };
    mapped.push({ path, name: first.name, dtype: tensor.dtype, shape, ...converted });
  }

  const dropped: ImportReport["dropped"][number][] = [];
  const aside: string[] = [];
  const unexpected: ImportReport["unexpected"][number][] = [];
  for (const [name, tensor] of tensors) {
    if (used.has(name)) continue;
    const isOutside = options.prefix !== undefined && !name.startsWith(match.prefix);
    const reason = dropReason(source.drops, withoutPrefix(name, match.prefix), tensor, (beside) =>
      used.has(match.prefix + beside),
    );
    if (isOutside || [...match.copies, ...leftAside].some((part) => name.startsWith(part))) aside.push(name);
    else if (reason !== undefined) dropped.push({ name, reason });
    else unexpected.push({ name, shape: tensor.shape });
  }
  const report = { source: source.name, prefix: match.prefix, mapped, dropped, aside, missing, unexpected };
  return { tensors: result, report: { ...report, misshapen, mistyped, ambiguous } };
}

/** Weights and buffers by path, with their shapes in weight files. */
export function wantedShapes(state: readonly StateSpec[]): ReadonlyMap<string, Shape> {
  return new Map(state.filter((spec) => spec.role !== "optimizer").map((spec) => [spec.path, fileShape(spec)]));
}

/** Names of the tensors that may be weights: numbers with fractions that no rule leaves out. */
function weightsIn(tensors: ReadonlyMap<string, StoredTensor>, drops: readonly DropRule[]): readonly string[] {
  const entries = [...tensors].filter(
    ([name, tensor]) => isFloat(tensor.dtype) && dropReason(drops, name, tensor, () => false) === undefined,
  );
  return entries.map(([name]) => name);
}

function fits(wanted: Shape, found: Shape, { rule }: Meant): boolean {
  if (differByOnes(wanted, found)) return true;
  const expected = rule?.reshape === undefined ? undefined : reshaped(wanted, rule.reshape);
  return expected !== undefined && sameShape(expected, found);
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function dropReason(
  rules: readonly DropRule[],
  name: string,
  tensor: StoredTensor,
  isUsed: (name: string) => boolean,
): string | undefined {
  return rules.find((rule) => {
    const values = matchPattern(rule.file, name);
    if (values === undefined) return false;
    if (rule.beside !== undefined && !isUsed(fillPattern(rule.beside, values))) return false;
    return rule.zero !== true || isZero(tensor);
  })?.reason;
}
