/** What a rename would do beside changing a name: whether other names change their meaning, new errors, and weight paths. */
import { layerTable } from "../../compiler/layers/table.ts";
import type { Network } from "../../compiler/network/network.ts";
import type { Flow, Step } from "../../compiler/syntax/ast.ts";
import type { TextEdit } from "../../diagnostics/diagnostic.ts";
import { createPlaces } from "../../diagnostics/places.ts";
import { applyEdits } from "../edits.ts";
import { createWorkspace, type Workspace } from "../workspace.ts";
import { occurrencesIn } from "./occurrences.ts";
import type { Definition, Meaning, Occurrence } from "./symbols.ts";

/** The workspace as it would be after the edits, which do not overlap. Its host is the other workspace. */
export function editedWorkspace(workspace: Workspace, edits: readonly TextEdit[]): Workspace {
  const texts = new Map<string, string>();
  for (const path of new Set(edits.map(({ span }) => span.file))) {
    const own = edits.filter(({ span }) => span.file === path);
    texts.set(path, applyEdits(workspace.text(path) ?? "", own));
  }
  return createWorkspace({ read: (path) => texts.get(path) ?? workspace.text(path), list: () => workspace.files() });
}

/** Where a name would mean something else after the edits, as `file:line:column`; `undefined` where none would. */
export function changedMeaning(
  workspace: Workspace,
  after: Workspace,
  edits: readonly TextEdit[],
  files: Iterable<string>,
): string | undefined {
  const moved = createMover(edits);
  const stays: Mover = (_, offset) => offset;
  const key = ({ span, meaning }: Occurrence, move: Mover): string =>
    `${move(span.file, span.start)} ${meaningKey(meaning, move)}`;
  for (const path of files) {
    const old = new Map(outermost(workspace, path).map((occurrence) => [key(occurrence, moved), occurrence]));
    const now = new Map(outermost(after, path).map((occurrence) => [key(occurrence, stays), occurrence]));
    const lost = [...old].find(([name]) => !now.has(name));
    if (lost !== undefined) return createPlaces((file) => workspace.text(file))(lost[1].span);
    const gained = [...now].find(([name]) => !old.has(name));
    if (gained !== undefined) return createPlaces((file) => after.text(file))(gained[1].span);
  }
  return undefined;
}

/** Without the `index` in a label, which is a part of its name. */
function outermost(workspace: Workspace, path: string): Occurrence[] {
  let end = -1;
  return occurrencesIn(workspace, path).filter(({ span }) => {
    const isInside = span.end <= end;
    end = Math.max(end, span.end);
    return !isInside;
  });
}

/** The offset that an offset before the edits has after them. */
type Mover = (file: string, offset: number) => number;

function createMover(edits: readonly TextEdit[]): Mover {
  const byFile = new Map<string, TextEdit[]>();
  for (const edit of edits) byFile.set(edit.span.file, [...(byFile.get(edit.span.file) ?? []), edit]);
  return (file, offset) =>
    (byFile.get(file) ?? [])
      .filter(({ span }) => span.start < offset)
      .reduce((moved, { span, text }) => moved + text.length - (span.end - span.start), offset);
}

function meaningKey(meaning: Meaning, move: Mover): string {
  switch (meaning.kind) {
    case "definition": {
      const { file, start } = meaning.definition.span;
      return `definition ${file} ${move(file, start)}`;
    }
    case "index":
      return `index ${move(meaning.repeat.file, meaning.repeat.start)}`;
    case "layer":
      return `layer ${meaning.layer.name}`;
    case "argument":
      return `argument ${meaning.layer.name} ${meaning.parameter.name}`;
    case "setting":
      return `setting ${meaning.setting.name}`;
    case "value":
      return `value ${meaning.parameter.name} ${meaning.value}`;
    case "function":
      return `function ${meaning.name}`;
    case "file":
      return `file ${meaning.path}`;
    default:
      return meaning satisfies never;
  }
}

/** The message of an error that only the edited workspace has. */
export function newError(workspace: Workspace, after: Workspace, entries: readonly string[]): string | undefined {
  for (const entry of entries) {
    const errors = (where: Workspace) => where.check(entry).diagnostics.filter(({ severity }) => severity === "error");
    const before = new Map<string, number>();
    for (const { code } of errors(workspace)) before.set(code, (before.get(code) ?? 0) + 1);
    for (const { code, message } of errors(after)) {
      const left = before.get(code) ?? 0;
      if (left === 0) return message;
      before.set(code, left - 1);
    }
  }
  return undefined;
}

/** Which weight paths change: what to tell before weights that are there do not fit any more. */
export function weightWarnings(
  workspace: Workspace,
  after: Workspace,
  entries: readonly string[],
  definition: Definition,
): string[] {
  let compared = 0;
  const changed: { model: string; count: number; example: string }[] = [];
  for (const entry of entries) {
    const networks = after.networks(entry);
    for (const [i, network] of workspace.networks(entry).entries()) {
      const renamed = networks[i];
      if (renamed === undefined) continue;
      compared++;
      const paths = weightPaths(network);
      const differing = weightPaths(renamed).flatMap((path, j) =>
        path === paths[j] ? [] : [`\`${paths[j]}\` becomes \`${path}\``],
      );
      if (differing.length === 0) continue;
      changed.push({ model: network.name, count: differing.length, example: differing[0]! });
    }
  }
  if (changed.length > 0) {
    const { model, count, example } = changed[0]!;
    const more = changed.length - 1;
    const others = more === 0 ? "" : ` and of ${more} more model${more === 1 ? "" : "s"}`;
    const paths = count === 1 ? "the weight path of 1 layer" : `the weight paths of ${count} layers`;
    return [`this changes ${paths} of \`${model}\`${others}: ${example}. Weights from before do not fit any more`];
  }
  return compared === 0 && namesWeights(definition)
    ? ["this changes weight paths: weights from before do not fit any more"]
    : [];
}

function weightPaths(network: Network): string[] {
  return network.layers.filter(({ layer }) => layerTable[layer]?.weighted === true).map(({ path }) => path);
}

/** Whether the name can be a part of a weight path, as far as its own declaration tells. */
function namesWeights(definition: Definition): boolean {
  if (definition.kind === "label") return mayHaveWeights([definition.step]);
  return definition.kind === "binding" && hasUnlabelledWeights(definition.binding.flow);
}

function hasUnlabelledWeights(flow: Flow): boolean {
  switch (flow.kind) {
    case "pipe":
      return hasUnlabelledWeights(flow.source) || stepsHaveUnlabelledWeights(flow.steps);
    case "join":
      return hasUnlabelledWeights(flow.left) || hasUnlabelledWeights(flow.right);
    case "concat":
      return flow.parts.some(hasUnlabelledWeights);
    case "if":
      return hasUnlabelledWeights(flow.then) || hasUnlabelledWeights(flow.else);
    case "reference":
    case "missing":
      return false;
    default:
      return flow satisfies never;
  }
}

function stepsHaveUnlabelledWeights(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    if (step.kind === "if") return stepsHaveUnlabelledWeights(step.then) || stepsHaveUnlabelledWeights(step.else);
    if (step.kind === "repeat") return step.label === undefined && stepsHaveUnlabelledWeights(step.steps);
    return step.kind === "call" && step.label === undefined && mayHaveWeights([step]);
  });
}

function mayHaveWeights(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    if (step.kind === "if") return mayHaveWeights(step.then) || mayHaveWeights(step.else);
    if (step.kind === "repeat") return mayHaveWeights(step.steps);
    return step.kind === "call" && (layerTable[step.callee.text]?.weighted ?? true);
  });
}
