/** Carries out the recipes of a B-cosification: from the weights of a conventional network to those of a B-cos network. */
import type { Recipes, TensorRecipe } from "../../compiler/cosify/recipe.ts";
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { sizeOf, type Shape } from "../../shape.ts";
import type { Tensor } from "../device.ts";
import { fileShape } from "../weights/layout.ts";
import type { Weights, WeightTensor } from "../weights/weights.ts";

/** A step of `cosificationSteps` with the program that was built of it. */
export interface BuiltStep {
  readonly program: Program;
  readonly recipes: Recipes;
}

/**
 * The weights of a step's program from those of the conventional network, both as weight files have them. Float64Arrays give
 * Float64Arrays. The numbers given are not changed. Throws `weights/missing` and `weights/shape` where they are those of
 * another network; `place` names where they come from.
 */
export function convertWeights(
  { program, recipes }: BuiltStep,
  weights: Weights,
  place?: string,
): Map<string, WeightTensor> {
  const details = place === undefined ? {} : { place };
  const tensor = (path: string): WeightTensor => weights.get(path) ?? fail("weights/missing", { path }, details);
  const result = new Map<string, WeightTensor>();
  for (const spec of program.state) {
    const recipe = recipes.get(spec.path);
    if (spec.role === "optimizer" || recipe === undefined) continue;
    const shape = fileShape(spec);
    const data = carryOut(recipe, tensor);
    if (data.length !== sizeOf(shape)) {
      const path = recipe.kind === "folded-bias" ? recipe.bias : recipe.from;
      const found = describe(tensor(path).shape);
      fail("weights/shape", { path, expected: `numbers for ${describe(shape)} of the B-cos network`, found }, details);
    }
    result.set(spec.path, { shape, data });
  }
  return result;
}

function carryOut(recipe: TensorRecipe, tensor: (path: string) => WeightTensor): Tensor {
  switch (recipe.kind) {
    case "copy":
      return tensor(recipe.from).data.slice();
    case "signed-pairs": {
      const { shape, data } = tensor(recipe.from);
      return signedPairs(data, recipe.run * sizeOf(shape.slice(2)));
    }
    case "folded-bias": {
      const [bias, mean, weight, variance] = [recipe.bias, recipe.mean, recipe.weight, recipe.variance].map(
        (path) => tensor(path).data,
      ) as [Tensor, Tensor, Tensor, Tensor];
      return bias.map((b, c) => b - (mean[c]! * weight[c]!) / Math.sqrt(variance[c]! + recipe.epsilon));
    }
    default:
      throw new Error(`unknown recipe ${JSON.stringify(recipe satisfies never)}`);
  }
}

/** Each run of so many numbers, halved, and behind it its negative. Halves are exact. */
function signedPairs(values: Tensor, run: number): Tensor {
  const result =
    values instanceof Float64Array ? new Float64Array(2 * values.length) : new Float32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    const to = i + Math.floor(i / run) * run;
    result[to] = values[i]! / 2;
    result[to + run] = -values[i]! / 2;
  }
  return result;
}

function describe(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
