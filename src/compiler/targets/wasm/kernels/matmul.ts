/** Matrix products as 1 × 1 convolutions over a row of pixels: pack the right side, then one kernel. */
import type { ConvolutionShape } from "../../../plan/convolution-shape.ts";
import type { ConvolutionSpec, MatmulSpec } from "../../../plan/kernel-specs.ts";
import { renameBuffers, type Kernel, type Recipe } from "../kernel.ts";
import { convolutionKernel } from "./convolution.ts";
import { transposeRecipe } from "./copy.ts";
import { packedSize } from "./geometry.ts";
import { packKernel } from "./panels.ts";

/**
 * Buffers: `a`, `b`, `packed` (temporary, b in panels), `at` (temporary where a is transposed), `p…`, `e…`, `norm`,
 * `out`, `out2`. The epilogue sees rows [M of all products] and channels N; the norm is that of the rows of a.
 */
export function matmulRecipe(spec: MatmulSpec, epilogue: Pick<ConvolutionSpec, "epilogue" | "norm"> = {}): Recipe {
  const maxOut = spec.maxOut ?? 1;
  const [rows, columns] = spec.a.slice(-2) as [number, number];
  const [m, k] = spec.transposeA ? [columns, rows] : [rows, columns];
  const [bRows, bColumns] = spec.b.slice(-2) as [number, number];
  const n = spec.transposeB ? bRows : bColumns;
  const products = spec.a.slice(0, -2).reduce((a, b) => a * b, 1);
  // Without leading axes on the right, all rows meet the same matrix.
  const matrices = spec.b.length > 2 ? products : 1;
  const shape: ConvolutionShape = {
    matrices,
    batch: 1,
    input: [1, (m * products) / matrices],
    inputChannels: k,
    output: [1, (m * products) / matrices],
    outputChannels: n / maxOut,
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    offset: [0, 0],
    groups: 1,
    maxOut,
  };
  const sizes = `${spec.a.join("×")}${spec.transposeA ? "ᵀ" : ""} · ${spec.b.join("×")}${spec.transposeB ? "ᵀ" : ""}`;
  const block = {
    groups: { count: matrices, source: k * n, target: packedSize(shape) },
    taps: [1, 1] as const,
    depth: k,
    columns: n,
    offset: 0,
    tapStrides: [0, 0] as const,
    depthStride: spec.transposeB ? 1 : n,
    columnStride: spec.transposeB ? k : 1,
    target: 0,
    maxOut,
  };
  const pack = packKernel(`pack ${sizes}`, [block]);
  const steps: Kernel[] = [renameBuffers(pack, { source: "b" })];
  const temporaries: Record<string, number> = { packed: 4 * matrices * packedSize(shape) };
  if (spec.transposeA) {
    const transpose = transposeRecipe([products, k, m], [0, 2, 1]).steps;
    steps.push(...transpose.map((kernel) => renameBuffers(kernel, { x: "a", out: "at" })));
    temporaries["at"] = 4 * products * m * k;
  }
  const product = convolutionKernel(`matmul ${sizes}`, { shape, ...epilogue });
  steps.push(renameBuffers(product, { x: spec.transposeA ? "at" : "a" }));
  return { steps, temporaries };
}
