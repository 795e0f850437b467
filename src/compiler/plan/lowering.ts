/** What lowering a group starts from and ends with, and which inputs of a kernel its outputs overwrite. */
import type { ValueId } from "../graph/graph.ts";
import type { Bindings } from "./around.ts";
import type { Leaf } from "./bodies.ts";
import type { PlanState } from "./groups.ts";
import type { Recipe } from "./recipe.ts";
import type { PlanTarget } from "./target.ts";
import { isWhole } from "./views.ts";

export interface LoweredGroup<K> {
  readonly recipe: Recipe<K>;
  /** Equal for groups whose kernels are the same code. */
  readonly key: string;
  readonly bindings: Bindings;
}

/** What groups are lowered for: `inPlace` has the values that are written straight into state, by value. */
export interface Lowering<K> {
  readonly target: PlanTarget<K>;
  readonly state: PlanState;
  readonly inPlace: ReadonlyMap<ValueId, string>;
  readonly made: MadeKernels<K>;
}

/**
 * What was made so far for a target: networks repeat their layers, and the graphs of a network have most of them in common.
 * Depends on nothing but the target, so that any plans for it can have one in common.
 */
export interface MadeKernels<K> {
  /** By label and key. */
  readonly recipes: Map<string, Recipe<K>>;
  /** Kernels in other storage types, by the kernel and these. */
  readonly stored: Map<K, Map<string, K>>;
  /** Of kernels, by label and key. */
  readonly names: Map<string, string>;
}

export function createMadeKernels<K>(): MadeKernels<K> {
  return { recipes: new Map(), stored: new Map(), names: new Map() };
}

/** The recipe of a label and a key, which together say all that `make` makes it from. */
export function recipeOf<K>(
  { made: { recipes } }: Lowering<K>,
  label: string,
  key: string,
  make: () => Recipe<K>,
): Recipe<K> {
  const both = `${label} ${key}`;
  const recipe = recipes.get(both) ?? make();
  recipes.set(both, recipe);
  return recipe;
}

/**
 * Which input each output overwrites, where the target must know: new state that is computed from the old. Undefined
 * where there is none. `roots` has −1 for inputs that are not read element by element.
 */
export function overwritten<K>(
  { target, state, inPlace }: Lowering<K>,
  outputs: readonly ValueId[],
  leaves: readonly Leaf[],
): readonly (number | undefined)[] | undefined {
  if (target.rules.readsWhatItWrites) return undefined;
  const over = outputs.map((output) => {
    const path = inPlace.get(output);
    const index = leaves.findIndex(
      ({ root, view }) => path !== undefined && statePath(state, root) === path && isWhole(view),
    );
    return index < 0 ? undefined : index;
  });
  return over.some((index) => index !== undefined) ? over : undefined;
}

export function statePath(state: PlanState, root: ValueId): string | undefined {
  const node = state.values.node(root);
  return node.op === "state" ? node.attributes.path : undefined;
}
