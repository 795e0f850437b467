/** A group in several kernels, where one would have more buffers than the target allows. */
import type { ValueId } from "../graph/graph.ts";
import { outputNames } from "./around.ts";
import { expressionsOf } from "./bodies.ts";
import { ex } from "./expression.ts";
import { accessesOf, elementwiseChannels, epilogueOf, resultChannels, resultOf, type Group } from "./groups.ts";
import { keyOf } from "./key.ts";
import { overwritten, statePath, type LoweredGroup, type Lowering } from "./lowering.ts";
import { renameRecipe, type Recipe } from "./recipe.ts";

/**
 * First what the anchor makes, then every other value by an element-wise kernel, in the order of the graph. Old state that
 * a piece reads and another one overwrites is put aside before.
 */
export function lowerInPieces<K>(
  lowering: Lowering<K>,
  group: Group,
  lowerWhole: (lowering: Lowering<K>, group: Group) => LoweredGroup<K>,
): LoweredGroup<K> {
  const { state, target, inPlace } = lowering;
  const { values } = state;
  const { table } = target;
  const result = resultOf(group);
  const names = new Map(Object.entries(outputNames(group.outputs)).map(([name, root]) => [root, name]));
  const first = result === undefined ? undefined : lowerWhole(lowering, { ...group, outputs: [result] });
  const bindings: Record<string, ValueId> = { ...first?.bindings, ...outputNames(group.outputs) };
  const temporaries: Record<string, number> = { ...first?.recipe.temporaries };
  if (result !== undefined && !names.has(result)) {
    names.set(result, "raw");
    temporaries["raw"] = 4 * values.size(result);
  }
  if (group.norm !== undefined) names.set(group.norm, "norm");
  const begin = first && renameRecipe(table, first.recipe, { out: names.get(result!)! });
  const written = new Map(group.outputs.flatMap((root) => (inPlace.has(root) ? [[inPlace.get(root)!, root]] : [])));

  const specs: unknown[] = [];
  const aside: K[] = [];
  /** The name under which a piece for `target` reads a value. */
  const nameOf = (root: ValueId, piece: ValueId): string => {
    const path = statePath(state, root);
    const writer = path === undefined ? undefined : written.get(path);
    const own = names.get(root) ?? `operand${root}`;
    if (!names.has(root)) bindings[own] = root;
    if (writer === undefined || writer === piece) return own;
    const kept = `old${root}`;
    if (temporaries[kept] === undefined) {
      const count = values.size(root);
      temporaries[kept] = 4 * count;
      const spec = { rows: 1, channels: count, inputs: [{ kind: "same" as const }], outputs: [ex.input(0)] };
      specs.push(spec);
      aside.push(...renameRecipe(table, table.elementwise(`copy ${count}`, spec), { x1: own, out: kept }).steps);
    }
    return kept;
  };
  const piece = (root: ValueId): Recipe<K> => {
    const body = epilogueOf(state, group, [root])!;
    const channels = result === undefined ? elementwiseChannels(state, body, root)! : resultChannels(values, group);
    const inputs = accessesOf(body, channels)!;
    const over = overwritten(lowering, [root], body.leaves);
    const spec = {
      rows: values.size(root) / channels,
      channels,
      inputs,
      outputs: expressionsOf(body),
      ...(over === undefined ? {} : { over }),
    };
    specs.push(spec);
    const renamed: Record<string, string> = { out: names.get(root)! };
    body.leaves.forEach((leaf, i) => (renamed[`x${i + 1}`] = nameOf(leaf.root, root)));
    for (const i of over ?? []) if (i !== undefined) renamed[`x${i + 1}`] = names.get(root)!;
    const { op, shape } = values.node(root);
    return renameRecipe(table, table.elementwise(`${op} ${shape.join("×")}`, spec), renamed);
  };
  const pieces = group.outputs
    .filter((root) => root !== result)
    .sort((a, b) => a - b)
    .flatMap((root) => piece(root).steps);
  return {
    recipe: { steps: [...aside, ...(begin?.steps ?? []), ...pieces], temporaries },
    key: keyOf("pieces", first?.key, specs),
    bindings,
  };
}
