/** Recipes that are put together from others in the same way on every target. */
import type { ConvAttributes, Shape } from "../graph/graph.ts";
import { ex } from "./expression.ts";
import { renameRecipe, type Recipe, type RecipeTable } from "./recipe.ts";

/** x [rows, length] → [rows]: ‖x‖ + ε. Buffers: `x1`, `out`. */
export function rowNormRecipe<K>(
  table: RecipeTable<K>,
  label: string,
  rows: number,
  length: number,
  epsilon: number,
): Recipe<K> {
  const root = ex.sqrt(ex.input(0));
  const finish = epsilon === 0 ? root : ex.add(root, epsilon);
  const value = ex.square(ex.input(0));
  return table.reduce(label, { outer: rows, reduced: length, inner: 1, kind: "sum", value, finish });
}

/**
 * patch_norm: x [N,H,W,C] → [N,H',W',groups]: √(Σ x² over the patch of the group + ε): squares summed pixel by pixel,
 * then over windows. Buffers: `x`, `squares` (temporary), `out`.
 */
export function patchNormRecipe<K>(
  table: RecipeTable<K>,
  x: Shape,
  a: ConvAttributes & { readonly kernel: readonly [number, number]; readonly epsilon: number },
): Recipe<K> {
  const [batch, height, width, channels] = x as readonly [number, number, number, number];
  const spec = {
    outer: batch * height * width * a.groups,
    reduced: channels / a.groups,
    inner: 1,
    kind: "sum",
    value: ex.square(ex.input(0)),
  } as const;
  const sums = table.reduce(`squares of ${x.join("×")}`, spec);
  const epilogue = { inputs: [], outputs: [ex.sqrt(ex.add(ex.input(0), a.epsilon))] };
  const windows = table.window("sum", [batch, height, width, a.groups], a, epilogue);
  return {
    steps: [
      ...renameRecipe(table, sums, { x1: "x", out: "squares" }).steps,
      ...renameRecipe(table, windows, { x: "squares" }).steps,
    ],
    temporaries: { ...sums.temporaries, ...windows.temporaries, squares: 4 * spec.outer },
  };
}

/** unit_rows: x [rows, …] with every row divided by its L2 norm. Buffers: `x`, `norms` (temporary), `out`. */
export function unitRowsRecipe<K>(table: RecipeTable<K>, x: Shape): Recipe<K> {
  const rows = x[0]!;
  const length = x.slice(1).reduce((a, b) => a * b, 1);
  const norms = rowNormRecipe(table, `norms of ${x.join("×")}`, rows, length, 0);
  const scale = table.elementwise(`unit_rows ${x.join("×")}`, {
    rows,
    channels: length,
    inputs: [{ kind: "same" }, { kind: "row" }],
    outputs: [ex.div(ex.input(0), ex.input(1))],
  });
  return {
    steps: [
      ...renameRecipe(table, norms, { x1: "x", out: "norms" }).steps,
      ...renameRecipe(table, scale, { x1: "x", x2: "norms" }).steps,
    ],
    temporaries: { ...norms.temporaries, norms: 4 * rows },
  };
}
