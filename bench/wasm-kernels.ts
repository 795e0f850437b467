/**
 * Speed of the WASM kernels on one thread: product 1024³ and two convolutions, forward, input gradient and weight
 * gradient, plain and B-cos. Processor time, medians of interleaved repetitions.
 * Run: npm run build && node dist/bench/wasm-kernels.js [--relaxed]
 */
import { forwardShape } from "../src/compiler/plan/convolution-shape.ts";
import { ex } from "../src/compiler/plan/expression.ts";
import { assembleModule, supportsRelaxedSimd } from "../src/compiler/targets/wasm/assembler.ts";
import { kernelSource, type Recipe } from "../src/compiler/targets/wasm/kernel.ts";
import {
  convolutionRecipe,
  inputGradientRecipe,
  weightGradientRecipe,
} from "../src/compiler/targets/wasm/kernels/convolution-recipes.ts";
import { matmulRecipe } from "../src/compiler/targets/wasm/kernels/matmul.ts";
import { loadRecipe, type LoadedRecipe } from "./wasm-runner.ts";

interface Workload {
  readonly name: string;
  readonly recipe: Recipe;
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
}

const o = ex.input(0);

function convolutions(batch: number, side: number, inputs: number, outputs: number): Workload[] {
  const attributes = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
  const shape = forwardShape([batch, side, side, inputs], [outputs, 3, 3, inputs], attributes);
  const pixels = batch * side * side;
  const [x, w, y] = [pixels * inputs, outputs * 9 * inputs, pixels * outputs];
  const title = `conv 3×3 ${batch}×${side}²×${inputs}→${outputs}`;
  // y = o·|o|/n: forward stores o and y; backward takes g·2|o|/n, and adds x·(the norm's part) to the input gradient.
  const scaled = {
    inputs: [{ kind: "same" }, { kind: "row" }] as const,
    value: ex.mul(o, ex.mul(2, ex.div(ex.abs(ex.input(1)), ex.input(2)))),
  };
  const normPart = {
    inputs: [{ kind: "same" }, { kind: "row" }] as const,
    outputs: [ex.add(o, ex.mul(ex.input(1), ex.input(2)))],
  };
  const bcos = { inputs: [], outputs: [o, ex.bcosScale(o, ex.input(1), 2)] };
  return [
    { name: `${title} forward`, recipe: convolutionRecipe({ shape }), inputs: { x, w }, outputs: { out: y } },
    {
      name: `${title} forward, B-cos`,
      recipe: convolutionRecipe({ shape, norm: { epsilon: 1e-6 }, epilogue: bcos }),
      inputs: { x, w },
      outputs: { out: y, out2: y, norm: pixels },
    },
    { name: `${title} dX`, recipe: inputGradientRecipe(shape), inputs: { x: y, w }, outputs: { out: x } },
    {
      name: `${title} dX, B-cos`,
      recipe: inputGradientRecipe(shape, { prologue: scaled, epilogue: normPart }),
      inputs: { x: y, w, p1: y, p2: pixels, e1: x, e2: pixels },
      outputs: { out: x },
    },
    { name: `${title} dW`, recipe: weightGradientRecipe({ shape }), inputs: { x, g: y }, outputs: { out: w } },
    {
      name: `${title} dW, B-cos`,
      recipe: weightGradientRecipe({ shape, prologue: scaled }),
      inputs: { x, g: y, p1: y, p2: pixels },
      outputs: { out: w },
    },
  ];
}

const square = [1024, 1024];
const WORKLOADS: readonly Workload[] = [
  {
    name: "product 1024³",
    recipe: matmulRecipe({ a: square, b: square, transposeA: false, transposeB: false }),
    inputs: { a: 1024 ** 2, b: 1024 ** 2 },
    outputs: { out: 1024 ** 2 },
  },
  ...convolutions(8, 56, 64, 64),
  ...convolutions(32, 16, 128, 128),
];

function load(workload: Workload, relaxed: boolean): LoadedRecipe {
  const random = (length: number) => Float32Array.from({ length }, () => Math.random() + 0.1);
  const inputs = Object.fromEntries(Object.entries(workload.inputs).map(([name, length]) => [name, random(length)]));
  return loadRecipe(workload.recipe, inputs, workload.outputs, { relaxed });
}

function processorTime(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const relaxed = process.argv.includes("--relaxed") && supportsRelaxedSimd();
const loaded = WORKLOADS.map((workload) => load(workload, relaxed));
const times = loaded.map((): number[] => []);
for (let round = 0; round < 12; round++) {
  loaded.forEach((recipe, i) => {
    const time = processorTime(() => recipe.run());
    if (round >= 4) times[i]!.push(time);
  });
}
console.log(`one thread${relaxed ? ", relaxed SIMD" : ""}`);
WORKLOADS.forEach((workload, i) => {
  const time = median(times[i]!);
  const flops = workload.recipe.steps.reduce((sum, kernel) => sum + kernel.flops, 0);
  const speed = (flops / time / 1e6).toFixed(1).padStart(6);
  console.log(`${workload.name.padEnd(42)} ${time.toFixed(1).padStart(7)} ms ${speed} GFLOP/s`);
});

const kernels = Array.from({ length: 8 }, () => WORKLOADS.flatMap((workload) => workload.recipe.steps)).flat();
const sources = kernels.map((kernel, i) => kernelSource(kernel, `k${i}`));
const started = performance.now();
const binary = assembleModule(sources, { memory: { minimum: 1, shared: false }, relaxed });
const assembled = performance.now();
new WebAssembly.Module(binary);
const compiled = performance.now();
console.log(
  `module of ${kernels.length} kernels, ${(binary.length / 1024).toFixed(0)} KiB: ` +
    `assembled in ${(assembled - started).toFixed(1)} ms, compiled in ${(compiled - assembled).toFixed(1)} ms`,
);
