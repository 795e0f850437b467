/**
 * The way back: a model's weights with the names and shapes of another program. Bytes stay as they are, so that weights that
 * were imported come out as they were.
 */
import type { Form, StateSpec } from "../../../compiler/graph/program.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { sameShape, type Shape } from "../../../shape.ts";
import type { StoredTensor } from "../safetensors.ts";
import { importTensors, wantedShapes } from "./import-tensors.ts";
import { fillPattern, matchPattern } from "./patterns.ts";
import { reshaped } from "./reshape.ts";
import { isForShape, rulesFor, type RenameRule, type RestoreRule } from "./rules.ts";
import { sourceOf, type SourceName, type WeightSource } from "./sources.ts";

export interface ExportOptions {
  readonly to: SourceName;
  /** Of the program that the weights belong to. */
  readonly form: Form;
  /** In front of every name, in place of what the target has there. */
  readonly prefix?: string | undefined;
}

export interface ExportReport {
  readonly target: SourceName;
  readonly prefix: string;
  readonly mapped: readonly ExportedTensor[];
  /** Tensors that files of the target have besides, made here: zeros. */
  readonly restored: readonly string[];
}

export interface ExportedTensor {
  readonly path: string;
  readonly name: string;
  readonly shape: Shape;
  /** In weight files of the model, where it is another. */
  readonly converted?: Shape;
}

export interface Exported {
  /** By the target's names, for `writeSafetensors`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly report: ExportReport;
}

/**
 * `tensors` has the weights and buffers of `state` by their paths, with the shapes of the model's weight files. Throws
 * `weights/export` where the target's names do not fit the model: what is written can always be imported again.
 */
export function exportTensors(
  state: readonly StateSpec[],
  tensors: ReadonlyMap<string, StoredTensor>,
  { to, form, prefix: given }: ExportOptions,
): Exported {
  const target = sourceOf(to);
  if (target.form !== undefined && target.form !== form) {
    fail("weights/export", { target: to, reason: `its networks are \`${target.form}\`, and this one is \`${form}\`` });
  }
  const wanted = wantedShapes(state);
  const paths = [...wanted.keys()];
  const rules = rulesFor(target.rules, "model", paths);
  const prefix = given ?? rulesFor(target.prefixes, "model", paths)[0]?.prefix ?? "";

  const result = new Map<string, StoredTensor>();
  const mapped: ExportedTensor[] = [];
  for (const [path, shape] of wanted) {
    const outside = outsideOf(path, shape, rules);
    const name = prefix + outside.name;
    if (result.has(name)) {
      fail("weights/export", { target: to, reason: `two weights would be named \`${name}\`` }, { place: path });
    }
    result.set(name, { ...tensors.get(path)!, shape: outside.shape });
    const converted = sameShape(shape, outside.shape) ? {} : { converted: shape };
    mapped.push({ path, name, shape: outside.shape, ...converted });
  }
  const restored = new Map<string, StoredTensor>();
  for (const [path] of wanted) {
    for (const rule of target.restores) {
      const name = restoredName(rule, path, wanted);
      if (name === undefined) continue;
      const beside = outsideOf(name, wanted.get(path)!, rules).name;
      restored.set(prefix + beside, restoredTensor(rule, tensors.get(path)!));
    }
  }
  const all = new Map([...result, ...restored]);
  checkWayBack(state, tensors, all, target, prefix);
  return { tensors: all, report: { target: to, prefix, mapped, restored: [...restored.keys()] } };
}

/** Name and shape of a weight in the target's files. */
function outsideOf(
  path: string,
  shape: Shape,
  rules: readonly RenameRule[],
): { readonly name: string; readonly shape: Shape } {
  for (const rule of rules) {
    const values = isForShape(rule, shape) ? matchPattern(rule.model, path) : undefined;
    if (values === undefined) continue;
    return { name: fillPattern(rule.file, values), shape: reshaped(shape, rule.reshape) ?? shape };
  }
  return { name: path, shape };
}

/** The path of the tensor that the rule puts beside a weight; `undefined` where it puts none or the model has it. */
function restoredName(
  { file, beside }: RestoreRule,
  path: string,
  wanted: ReadonlyMap<string, Shape>,
): string | undefined {
  const values = matchPattern(beside, path);
  const name = values === undefined ? undefined : fillPattern(file, values);
  return name === undefined || wanted.has(name) ? undefined : name;
}

function restoredTensor({ content }: RestoreRule, { dtype, shape, bytes }: StoredTensor): StoredTensor {
  if (content === "counter") return { dtype: "I64", shape: [], bytes: new Uint8Array(8) };
  return { dtype, shape, bytes: new Uint8Array(bytes.length) };
}

/** Names of a model of one's own may be such that a rule would read them otherwise. */
function checkWayBack(
  state: readonly StateSpec[],
  tensors: ReadonlyMap<string, StoredTensor>,
  exported: ReadonlyMap<string, StoredTensor>,
  target: WeightSource,
  prefix: string,
): void {
  const back = importTensors(state, exported, { from: target.name, prefix });
  const lost = [...wantedShapes(state).keys()].find(
    (path) => back.tensors.get(path)?.bytes !== tensors.get(path)?.bytes,
  );
  const place = lost ?? back.report.unexpected[0]?.name;
  if (place !== undefined) {
    fail("weights/export", { target: target.name, reason: "its names would not lead back to this weight" }, { place });
  }
}
