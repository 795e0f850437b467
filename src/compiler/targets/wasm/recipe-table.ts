/** The WASM target as plans see it: its recipes, and its kernels as they are. */
import { describeWindows, windowGeometry } from "../../plan/window-geometry.ts";
import type { RecipeTable } from "../../plan/recipe.ts";
import type { PlanTarget } from "../../plan/target.ts";
import { renameBuffers, type Kernel, type Recipe } from "./kernel.ts";
import { convolutionRecipe, inputGradientRecipe, weightGradientRecipe } from "./kernels/convolution-recipes.ts";
import {
  broadcastRecipe,
  concatRecipe,
  copyKernel,
  padRecipe,
  sliceRecipe,
  transposeRecipe,
  upsampleRecipe,
} from "./kernels/copy.ts";
import { elementwiseKernel } from "./kernels/elementwise.ts";
import { matmulRecipe } from "./kernels/matmul.ts";
import { reduceRecipe, routeMaxKernel } from "./kernels/reduce.ts";
import { severalKernel } from "./kernels/several.ts";
import { softmaxKernel } from "./kernels/softmax.ts";
import {
  depthwiseInputGradientRecipe,
  depthwiseRecipe,
  depthwiseWeightGradientRecipe,
  spreadRecipe,
  windowRecipe,
} from "./kernels/window-recipes.ts";
import { routeKernel } from "./kernels/window.ts";

const one = (kernel: Kernel): Recipe => ({ steps: [kernel], temporaries: {} });

export const wasmRecipes: RecipeTable<Kernel> = {
  rename: renameBuffers,
  elementwise: (label, spec) => one(elementwiseKernel(label, spec)),
  convolution: convolutionRecipe,
  inputGradient: inputGradientRecipe,
  weightGradient: weightGradientRecipe,
  depthwise: depthwiseRecipe,
  depthwiseInputGradient: depthwiseInputGradientRecipe,
  depthwiseWeightGradient: depthwiseWeightGradientRecipe,
  matmul: (spec, epilogue) => matmulRecipe(spec, epilogue === undefined ? {} : { epilogue }),
  window: windowRecipe,
  spread: spreadRecipe,
  route(x, a) {
    const geometry = windowGeometry(x, a);
    return one(routeKernel(describeWindows("window_route", geometry), geometry));
  },
  reduce: reduceRecipe,
  routeMax: (label, box) => one(routeMaxKernel(label, box)),
  softmax: (label, rows, length, logarithm) => one(softmaxKernel(label, rows, length, logarithm)),
  copy(shape) {
    const row = { strides: [1], offset: 0 };
    const spec = { shape: [shape.reduce((a, b) => a * b, 1)], from: row, to: row };
    return one(copyKernel(`copy ${shape.join("×")}`, spec));
  },
  broadcast: broadcastRecipe,
  transpose: transposeRecipe,
  slice: sliceRecipe,
  pad: padRecipe,
  concat: concatRecipe,
  upsample: upsampleRecipe,
};

export const wasmTarget: PlanTarget<Kernel> = {
  name: "wasm",
  rules: { mostBuffers: Infinity, readsWhatItWrites: true },
  table: wasmRecipes,
  facts: (kernel) => kernel,
  several: (members, buffers, reads) => severalKernel(`several, ${members.length}`, members, buffers, reads),
};
