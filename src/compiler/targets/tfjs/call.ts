/**
 * What a plan for TensorFlow.js may call: one entry an operation, with what it takes. Tensors are float32, images NHWC, ranks
 * at most 4, and filters [kh,kw,I,O] as TensorFlow has them. `src/runtime/devices/tfjs/` makes the calls.
 */
import type { Shape } from "../../../shape.ts";

type None = Readonly<Record<never, never>>;

export interface TfjsConvolution {
  readonly strides: readonly [number, number];
  /** Zeros before and after: top, bottom, left, right. All 0 where the backend takes no explicit padding. */
  readonly padding: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
}

export interface TfjsPool {
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
}

/** What a fused product does with its sums, in this order: adds a bias, the last input, then applies a function. */
export interface TfjsEpilogue {
  readonly bias: boolean;
  readonly activation: "linear" | "relu";
}

export interface TfjsAttributes {
  // One input, element by element.
  readonly neg: None;
  readonly abs: None;
  readonly sign: None;
  readonly square: None;
  readonly sqrt: None;
  readonly rsqrt: None;
  readonly reciprocal: None;
  readonly exp: None;
  readonly log: None;
  readonly sigmoid: None;
  readonly tanh: None;
  readonly erf: None;
  readonly softplus: None;
  readonly relu: None;
  /** 1 where x > 0, else 0. */
  readonly step: None;

  // Two inputs, element by element, broadcasting as NumPy does.
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  readonly maximum: None;
  readonly minimum: None;
  readonly pow: None;
  /** 1 where the first is greater, else 0. */
  readonly greater: None;
  /** 1 where both are equal, else 0. */
  readonly equal: None;
  /** (condition, a, b), all of one shape or broadcasting: a where the condition is not 0, else b. */
  readonly where: None;

  // Reductions; the reduced axes stay, with length 1.
  readonly sum: { readonly axes: readonly number[] };
  readonly mean: { readonly axes: readonly number[] };
  readonly max: { readonly axes: readonly number[] };
  /** Along the last axis. */
  readonly softmax: None;

  // Form.
  readonly reshape: { readonly shape: Shape };
  readonly broadcastTo: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly slice: { readonly start: Shape; readonly size: Shape };
  readonly stridedSlice: { readonly start: Shape; readonly end: Shape; readonly strides: Shape };
  readonly pad: { readonly before: Shape; readonly after: Shape; readonly value: number };
  readonly concat: { readonly axis: number };
  readonly reverse: { readonly axes: readonly number[] };
  /** NHWC, by whole factors. */
  readonly upsample: { readonly factor: readonly [number, number] };

  // Products. Fused with an epilogue where it is not { bias: false, activation: "linear" }.
  /** Over the last two axes; equal leading axes, or rank 2. */
  readonly matMul: { readonly transposeA: boolean; readonly transposeB: boolean } & TfjsEpilogue;
  /** x [N,H,W,I], w [kh,kw,I,O]. */
  readonly conv2d: TfjsConvolution & TfjsEpilogue;
  /** x [N,H,W,C], w [kh,kw,C,M] → [N,H',W',C·M]. */
  readonly depthwiseConv2d: TfjsConvolution;
  /** (g [N,H',W',O], w [kh,kw,I,O]) → gradient to x, of `inputShape`: the backend's own kernel. */
  readonly conv2dInputGradient: Omit<TfjsConvolution, "dilations"> & { readonly inputShape: Shape };
  /** (x, g) → gradient to w, of `filterShape`: the backend's own kernel. */
  readonly conv2dFilterGradient: Omit<TfjsConvolution, "dilations"> & { readonly filterShape: Shape };
  /** (x, g) → gradient to w [kh,kw,C,M], of `filterShape`: the backend's own kernel. */
  readonly depthwiseFilterGradient: TfjsConvolution & { readonly filterShape: Shape };

  // Windows, without padding.
  readonly maxPool: TfjsPool;
  readonly avgPool: TfjsPool;
}

export type TfjsOp = keyof TfjsAttributes;

export type TfjsCall = { readonly [K in TfjsOp]: TfjsCallOf<K> }[TfjsOp];

export interface TfjsCallOf<K extends TfjsOp> {
  readonly op: K;
  readonly attributes: TfjsAttributes[K];
  /** Values, in the operation's order. */
  readonly inputs: readonly number[];
  /** The value that it makes. */
  readonly value: number;
  readonly shape: Shape;
  /** Weight path of the layer that asked for it. */
  readonly layer?: string;
  /** It depends on the state alone, and the graph does not write the state: its result may be kept until the state changes. */
  readonly prepare?: true;
}
