/**
 * How many axes values have: 1 for vectors, 2 for tokens, 3 for images. Read off the rows and the layer table alone, so that it
 * is known in unfinished rows too; where it is not, all of them are possible.
 */
import type { ArgumentType, ArgumentValue, LayerDefinition } from "../../compiler/layers/layer.ts";
import { layerTable } from "../../compiler/layers/table.ts";
import type { Declaration, Flow, Port, SourceFile, Step } from "../../compiler/syntax/ast.ts";
import type { Frame } from "../cursor/flow-cursor.ts";
import { calleeMeaning, type Files } from "../names/resolve.ts";
import { scopeOf } from "../names/tables.ts";

export type Ranks = ReadonlySet<number>;

const allRanks: Ranks = new Set([1, 2, 3]);

/** A shape of each rank, whose axes go with most layers. */
const specimens = new Map<number, readonly number[]>([
  [1, [64]],
  [2, [64, 64]],
  [3, [64, 64, 64]],
]);

/** What flows into a step at the innermost of the frames. */
export function ranksAt(
  files: Files,
  file: SourceFile,
  declaration: Declaration | undefined,
  frames: readonly Frame[],
): Ranks {
  let ranks = allRanks;
  for (const frame of frames) {
    if (frame.kind !== "flow") continue;
    if (frame.source !== undefined) ranks = ranksOfName(files, file, declaration, frame.source.image, new Set());
    for (const { image } of frame.steps) ranks = behindCall(files, file, image, ranks);
  }
  return ranks;
}

/** Whether a layer takes one of them. */
export function takesRanks(layer: LayerDefinition, ranks: Ranks): boolean {
  return [...ranks].some((rank) => rankBehind(layer, rank) !== undefined);
}

/** Whether the input of a block does. */
export function fitsPort(port: Port | undefined, ranks: Ranks): boolean {
  const rank = port === undefined ? undefined : rankOfPort(port);
  return rank === undefined || ranks.has(rank);
}

function ranksOfName(
  files: Files,
  file: SourceFile,
  declaration: Declaration | undefined,
  name: string,
  seen: Set<string>,
): Ranks {
  const definition = declaration === undefined ? undefined : scopeOf(declaration).tensors.get(name);
  if (definition?.kind === "input" || definition?.kind === "output") return known(rankOfPort(definition.port));
  // In damaged text rows may go in circles.
  if (definition?.kind !== "binding" || seen.has(name)) return allRanks;
  seen.add(name);

  function ofFlow(flow: Flow): Ranks {
    switch (flow.kind) {
      case "reference":
        return ranksOfName(files, file, declaration, flow.name.text, seen);
      case "pipe":
        return ofSteps(flow.steps, ofFlow(flow.source));
      case "join":
        return ofFlow(flow.left);
      case "concat":
        return flow.parts[0] === undefined ? allRanks : ofFlow(flow.parts[0]);
      case "if":
        return new Set([...ofFlow(flow.then), ...ofFlow(flow.else)]);
      case "missing":
        return allRanks;
      default:
        return flow satisfies never;
    }
  }

  function ofSteps(steps: readonly Step[], before: Ranks): Ranks {
    return steps.reduce((ranks, step) => ofStep(step, ranks), before);
  }

  function ofStep(step: Step, ranks: Ranks): Ranks {
    switch (step.kind) {
      case "call":
        return behindCall(files, file, step.callee.text, ranks);
      case "repeat":
        return ofSteps(step.steps, ranks);
      case "if":
        return new Set([...ofSteps(step.then, ranks), ...ofSteps(step.else, ranks)]);
      case "ascription":
        return known(step.shape.dimensions.length);
      case "missing":
        return ranks;
      default:
        return step satisfies never;
    }
  }

  return ofFlow(definition.binding.flow);
}

function behindCall(files: Files, file: SourceFile, callee: string, before: Ranks): Ranks {
  const layer = layerTable[callee];
  if (layer !== undefined) {
    const behind = [...before].flatMap((rank) => rankBehind(layer, rank) ?? []);
    return behind.length === 0 ? allRanks : new Set(behind);
  }
  const meaning = calleeMeaning(files, file, callee);
  const definition = meaning?.kind === "definition" ? meaning.definition : undefined;
  const output = definition?.kind === "block" ? definition.declaration.outputs[0] : undefined;
  return output === undefined ? allRanks : known(rankOfPort(output));
}

function rankOfPort({ shape }: Port): number | undefined {
  return shape.dimensions.some(({ kind }) => kind === "missing") ? undefined : shape.dimensions.length;
}

function known(rank: number | undefined): Ranks {
  return rank === undefined ? allRanks : new Set([rank]);
}

/** The rank that a layer makes of one; `undefined` where it does not take it. */
function rankBehind(layer: LayerDefinition, rank: number): number | undefined {
  const specimen = specimens.get(rank);
  if (specimen === undefined || layer.inputs === "many") return undefined;
  const values = layer.parameters.map(({ name, type, default: value, required }) => [
    name,
    required ? specimenOf(type) : value,
  ]);
  const result = layer.shape(Object.fromEntries(values) as Record<string, ArgumentValue | undefined>, [specimen]);
  if ("shape" in result) return result.shape.length;
  // Other problems are those of the specimen.
  return result.problem.code === "shape/rank" ? undefined : rank;
}

function specimenOf(type: ArgumentType): ArgumentValue | undefined {
  switch (type.kind) {
    case "int":
    case "float":
    case "auto_float":
      return type.kind === "auto_float" ? 1 : (type.min ?? 1);
    case "bool":
      return true;
    case "enum":
      return type.values[0];
    case "pair":
      return [type.min ?? 1, type.min ?? 1];
    case "padding":
      return "same";
    case "variant":
      return undefined;
    default:
      return type satisfies never;
  }
}
