/** Matrix products, with an epilogue, MaxOut and the norms of the rows of the left side. */
import { costOf } from "../../../plan/expression.ts";
import { PLAIN, type ConvolutionSpec, type MatmulSpec } from "../../../plan/kernel-specs.ts";
import { wideEpilogueNames } from "../elements.ts";
import { typeOf } from "../expression-wgsl.ts";
import type { GpuKernel } from "../kernel.ts";
import { productKernel, type Widths } from "./product.ts";
import { storeOf } from "./store.ts";

/** Buffers: `a`, `b`, `e…`, `norm`, `out…`. The epilogue sees rows [M of all products] and channels N. */
export function matmulKernel(spec: MatmulSpec, parts: Pick<ConvolutionSpec, "epilogue" | "norm"> = {}): GpuKernel {
  const epilogue = parts.epilogue ?? PLAIN;
  const maxOut = spec.maxOut ?? 1;
  const [rows, columns] = spec.a.slice(-2) as [number, number];
  const [m, k] = spec.transposeA ? [columns, rows] : [rows, columns];
  const [bRows, bColumns] = spec.b.slice(-2) as [number, number];
  const n = spec.transposeB ? bRows : bColumns;
  const products = spec.a.slice(0, -2).reduce((x, y) => x * y, 1);
  // Without leading axes on the right, all rows meet the same matrix.
  const matrices = spec.b.length > 2 ? products : 1;
  const productRows = (m * products) / matrices;
  const row = `(z * ${productRows}u + row)`;
  const first = spec.transposeA ? `${row} / ${m}u * ${k * m}u + ${row} % ${m}u` : `${row} * ${k}u`;
  const store = storeOf({
    ...{ epilogue, rows: m * products, channels: n / maxOut, groups: 1 },
    ...(parts.norm === undefined ? {} : { norm: parts.norm }),
    place: `let pixel = z * ${productRows}u + row;\nlet channel = column;\nlet part = 0u;`,
  });
  // Numbers that are read four at a time are counted in fours.
  const [aPitch, bPitch] = [spec.transposeA ? m : 1, spec.transposeB ? 1 : n];
  const index = (pitch: number, width: number): string => {
    if (width === 1) return `u32(place.x) + k${pitch === 1 ? "" : ` * ${pitch}u`}`;
    return pitch === 1 ? "(u32(place.x) + k) / 4u" : `u32(place.x) / 4u + k * ${pitch / 4}u`;
  };
  const code = (widths: Widths): string => `fn first_tap(z: u32) -> u32 {
  return 0u;
}

fn end_tap(z: u32) -> u32 {
  return 1u;
}

fn a_place(z: u32, row: u32, tap: u32) -> vec3i {
  return vec3i(i32(${first}), 0, 0);
}

fn a_at(place: vec3i, k: u32) -> ${typeOf(widths.a)} {
  return a[${index(aPitch, widths.a)}];
}

fn b_place(z: u32, column: u32, tap: u32) -> vec3i {
  return vec3i(i32(z * ${k * n}u + (column)${spec.transposeB ? ` * ${k}u` : ""}), 0, 0);
}

fn b_at(place: vec3i, k: u32) -> ${typeOf(widths.b)} {
  return b[${index(bPitch, widths.b)}];
}

${store.code(widths.store)}`;
  const sizes = `${spec.a.join("×")}${spec.transposeA ? "ᵀ" : ""} · ${spec.b.join("×")}${spec.transposeB ? "ᵀ" : ""}`;
  return productKernel({
    label: `matmul ${sizes}`,
    inputs: [{ name: "a", length: products * m * k }, { name: "b", length: matrices * k * n }, ...store.inputs],
    outputs: store.outputs,
    functions: (widths) => ({
      code: code(widths),
      wide: [
        ...(widths.a === 4 ? ["a"] : []),
        ...(widths.b === 4 ? ["b"] : []),
        ...(widths.store === 4 ? wideEpilogueNames(epilogue) : []),
      ],
    }),
    canWiden: {
      a: (spec.transposeA ? m : k) % 4 === 0,
      b: spec.transposeB ? k % 4 === 0 : n % 4 === 0 && maxOut === 1,
      store: store.canWiden,
    },
    batches: matrices,
    rows: productRows,
    columns: n / maxOut,
    depth: k,
    units: maxOut,
    squares: parts.norm !== undefined,
    alongA: spec.transposeA ? "row" : "k",
    alongB: spec.transposeB ? "k" : "column",
    flops: products * m * n * (2 * k + epilogue.outputs.reduce((sum, e) => sum + costOf(e), 0)),
  });
}
