/** The WebGPU target as plans see it: its recipes, and what of its kernels a schedule needs. */
import type { RecipeTable } from "../../plan/recipe.ts";
import type { PlanTarget } from "../../plan/target.ts";
import { recipeOf, renameBindings, type GpuKernel } from "./kernel.ts";
import { withStorage } from "./kernel-storage.ts";
import { convolutionKernel } from "./kernels/convolution.ts";
import {
  broadcastRecipe,
  concatRecipe,
  padRecipe,
  sliceRecipe,
  transposeRecipe,
  upsampleRecipe,
} from "./kernels/copy.ts";
import { elementwiseKernel } from "./kernels/elementwise.ts";
import { inputGradientKernel } from "./kernels/input-gradient.ts";
import { matmulKernel } from "./kernels/matmul.ts";
import { randomKernel } from "./kernels/random.ts";
import { reduceRecipe, routeMaxKernel, softmaxKernel } from "./kernels/reduce.ts";
import { weightGradientRecipe } from "./kernels/weight-gradient.ts";
import {
  depthwiseInputGradientRecipe,
  depthwiseRecipe,
  depthwiseWeightGradientRecipe,
  routeRecipe,
  spreadRecipe,
  windowRecipe,
} from "./kernels/window-recipes.ts";
import { defaultLimits } from "./limits.ts";

export const gpuRecipes: RecipeTable<GpuKernel> = {
  rename: renameBindings,
  elementwise: (label, spec) => recipeOf(elementwiseKernel(label, spec)),
  convolution: (spec) => recipeOf(convolutionKernel(spec)),
  inputGradient: (forward, spec) => recipeOf(inputGradientKernel(forward, spec)),
  weightGradient: (spec) => weightGradientRecipe(spec),
  depthwise: depthwiseRecipe,
  depthwiseInputGradient: depthwiseInputGradientRecipe,
  depthwiseWeightGradient: depthwiseWeightGradientRecipe,
  matmul: (spec, epilogue) => recipeOf(matmulKernel(spec, epilogue === undefined ? {} : { epilogue })),
  window: windowRecipe,
  spread: spreadRecipe,
  route: routeRecipe,
  reduce: (label, spec) => reduceRecipe(label, spec),
  routeMax: (label, box) => recipeOf(routeMaxKernel(label, box)),
  softmax: (label, rows, length, logarithm) => recipeOf(softmaxKernel(label, rows, length, logarithm)),
  copy: (shape) => broadcastRecipe(shape, shape),
  broadcast: broadcastRecipe,
  transpose: transposeRecipe,
  slice: sliceRecipe,
  pad: padRecipe,
  concat: concatRecipe,
  upsample: upsampleRecipe,
  random: (shape, key, stepped) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return recipeOf(randomKernel(`random_uniform ${shape.join("×")}`, key, count, stepped));
  },
};

export const gpuTarget: PlanTarget<GpuKernel> = {
  name: "webgpu",
  rules: {
    mostBuffers: defaultLimits.storageBuffers,
    readsWhatItWrites: false,
    withoutRules: ["mean with variance", "load", "statistics"],
  },
  table: gpuRecipes,
  facts: (kernel) => ({
    label: kernel.label,
    buffers: kernel.bindings.map((binding) => binding.name),
    reads: kernel.bindings.filter((binding) => binding.access === "read").length,
    units: kernel.variants[0]!.workgroups.reduce((a, b) => a * b, 1),
    flops: kernel.flops,
    bytes: kernel.bytes,
    scratchBytes: 0,
  }),
  withStorage,
};
