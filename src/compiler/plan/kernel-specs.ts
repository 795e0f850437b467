/** What kernels are asked to compute, whatever the target: shapes, and expressions in front of and behind an operation. */
import type { Shape } from "../../shape.ts";
import type { ConvolutionShape } from "./convolution-shape.ts";
import type { Access, Expression } from "./expression.ts";

/** What is done to every element of a tensor on its way into a kernel. */
export interface Prologue {
  /** Inputs 1, 2, … over the tensor's [rows, channels]; input 0 is the element itself. Buffers `p1`, `p2`, … */
  readonly inputs: readonly Access[];
  readonly value: Expression;
}

/** What is done with every result before it is written. */
export interface Epilogue {
  /**
   * Inputs 1, 2, … over the output [rows, channels]; input 0 is the result. With a norm, input 1 is the norm and is not
   * listed here; the listed ones follow. Buffers `e1`, `e2`, … in the order of the list.
   */
  readonly inputs: readonly Access[];
  /**
   * One or two values a result; buffers `out` and `out2`. Where the target allows it, an output may be the buffer of a
   * listed input of access `same`: each element is read right before it is written.
   */
  readonly outputs: readonly Expression[];
}

export const PLAIN: Epilogue = { inputs: [], outputs: [{ op: "input", index: 0 }] };

export interface ElementwiseSpec {
  readonly rows: number;
  readonly channels: number;
  /** Inputs 0, 1, …: buffers `x1`, `x2`, … */
  readonly inputs: readonly Access[];
  /** Buffers `out`, `out2`, … Where the target allows it, one may be the buffer of an input of access `same`. */
  readonly outputs: readonly Expression[];
  /**
   * For outputs that overwrite an input of access `same`: its index. Where the target refuses one buffer twice in a launch,
   * such an output has no buffer of its own, and the input's is for reading and writing.
   */
  readonly over?: readonly (number | undefined)[];
}

/** A reduction over all rows of what a convolution writes, which it gathers a block at a time. */
export interface Gather {
  readonly kind: "sum" | "mean" | "variance";
  /** Inputs of `value` over the output [rows, channels]: buffers that the convolution has written, and `r1`, `r2`, … */
  readonly inputs: readonly { readonly buffer: string; readonly access: Access }[];
  readonly value: Expression;
  /** Applied to the result (input 0), which is written to the buffer `gathered`. */
  readonly finish?: Expression;
  /** Of a variance: the mean too, in the buffer `mean`. */
  readonly withMean?: boolean;
}

/** √(Σ x² + ε), or √(Σ x²) + ε where ε is `outside`. */
export interface Norm {
  readonly epsilon: number;
  readonly outside?: boolean;
}

export interface ConvolutionSpec {
  readonly shape: ConvolutionShape;
  readonly prologue?: Prologue;
  readonly epilogue?: Epilogue;
  /** Of patches: one a pixel and group, written to the buffer `norm` [pixels, groups]. */
  readonly norm?: Norm;
  /** Not with MaxOut, several matrices, or an input gradient with strides. */
  readonly gather?: Gather;
}

export interface WeightGradientSpec {
  /** Of the forward convolution; `maxOut` must be 1 (g is that of all units). */
  readonly shape: ConvolutionShape;
  /** Applied to g: rows are its pixels, channels O. Buffers `p1`, … */
  readonly prologue?: Prologue;
  /** Applied to x: rows are its pixels, channels C. Buffers `q1`, … */
  readonly inputPrologue?: Prologue;
}

export interface MatmulSpec {
  /** Left and right side; the right side has the left's leading axes or none. */
  readonly a: Shape;
  readonly b: Shape;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Neighbouring columns of b of which the largest product is kept. Default 1. */
  readonly maxOut?: number;
}
