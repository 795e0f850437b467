/**
 * The graph: static-shape tensor operations in SSA form. A graph is plain data; `nodes` is in topological order and a
 * node's index is the id of its one value. Tensors are row-major floating point, images NHWC, batch first.
 */
import type { Span } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../../shape.ts";

export { sameShape, sizeOf, type Shape } from "../../shape.ts";

/** Index into `Graph.nodes`. */
export type ValueId = number;

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** What the caller reads, by name. */
  readonly outputs: Readonly<Record<string, ValueId>>;
  /** What is written back to the session's state after a run: state path → value of the same shape. */
  readonly updates: Readonly<Record<string, ValueId>>;
  /** Named places inside: the outputs of layers and bindings by weight path. Not kept alive by themselves. */
  readonly taps: Readonly<Record<string, ValueId>>;
}

export type Node = { readonly [K in OpKind]: NodeOf<K> }[OpKind];

export interface NodeOf<K extends OpKind> {
  readonly op: K;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly ValueId[];
  readonly shape: Shape;
  /** The layer that asked for it, for labels, profiles and error messages. */
  readonly origin?: Origin;
}

export interface Origin {
  /** Weight path of the layer instance. */
  readonly path: string;
  readonly span?: Span;
}

export interface ConvAttributes {
  readonly stride: readonly [number, number];
  /** Zeros before and after: top, bottom, left, right. */
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

export interface WindowAttributes {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Top, bottom, left, right. Zeros for sums, minus infinity for maxima. */
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
}

type None = Readonly<Record<never, never>>;

/** Every operation and its attributes. `ops/` holds one entry a kind: shape rule, gradient rule, cost, docs. */
export interface OpAttributes {
  // Leaves.
  /** Fed at every run. */
  readonly input: { readonly name: string };
  /** A tensor of the session's state: a weight, a running statistic, an optimiser's moment. */
  readonly state: { readonly path: string };
  /** `values` is one number for all elements, or one an element in row-major order. */
  readonly constant: { readonly values: readonly number[] };

  // One input, element by element.
  readonly neg: None;
  readonly abs: None;
  /** −1, 0 or 1; sign(0) = 0. */
  readonly sign: None;
  readonly square: None;
  readonly sqrt: None;
  readonly exp: None;
  readonly log: None;
  readonly sigmoid: None;
  readonly tanh: None;
  readonly erf: None;
  /** ln(1 + eˣ), without overflow. */
  readonly softplus: None;
  readonly relu: None;
  /** xᵖ for x ≥ 0. */
  readonly power: { readonly exponent: number };

  // Two inputs, element by element, broadcasting as NumPy does.
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  readonly max: None;
  readonly min: None;
  /** 1 where a > b, else 0. */
  readonly greater: None;
  /** (condition, a, b): a where the condition is not 0, else b. */
  readonly select: None;

  // What explanations need to know.
  /** Identity. A dynamic factor: the explanation treats its value as constant, the true gradient passes. */
  readonly dynamic: None;
  /**
   * (x, c): x + c, where c broadcasts to x and is an amount that no explanation can attribute to the input (a bias, a
   * subtracted running mean, a position embedding). Explanations carry ⟨cotangent, c⟩ as a named constant part.
   */
  readonly shift: { readonly name: string };

  // Reductions; the reduced axes stay, with length 1.
  readonly reduce_sum: { readonly axes: readonly number[] };
  readonly reduce_mean: { readonly axes: readonly number[] };
  readonly reduce_max: { readonly axes: readonly number[] };
  /** Biased variance about the mean. */
  readonly reduce_variance: { readonly axes: readonly number[] };
  /** (g, x, y = reduce_max(x)): g at the first maximum of each reduced set, 0 elsewhere. */
  readonly route_max: { readonly axes: readonly number[] };
  readonly softmax: { readonly axis: number };
  readonly log_softmax: { readonly axis: number };

  // Form.
  readonly reshape: { readonly shape: Shape };
  readonly broadcast: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly slice: { readonly start: Shape; readonly size: Shape };
  /** Zeros before and after each axis. */
  readonly pad: { readonly before: Shape; readonly after: Shape };
  readonly concat: { readonly axis: number };
  /** Nearest neighbour, NHWC, by whole factors (height, width). */
  readonly upsample: { readonly factor: readonly [number, number] };
  /** Sum over whole blocks (height, width): the transpose of `upsample`. */
  readonly block_sum: { readonly factor: readonly [number, number] };

  // Products.
  /** Over the last two axes; the leading axes are equal or absent on the right side. */
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** x [N,H,W,C], w [O,kh,kw,C/groups] → [N,H',W',O]. No flip (cross-correlation). */
  readonly conv2d: ConvAttributes;
  /** (g [N,H',W',O], w) → gradient to x, of `inputShape`. */
  readonly conv2d_input_gradient: ConvAttributes & { readonly inputShape: Shape };
  /** (x, g) → gradient to w, of `weightShape`. */
  readonly conv2d_weight_gradient: ConvAttributes & { readonly weightShape: Shape };

  // Windows over NHWC, channel by channel.
  /** Sum over the window, zeros outside. */
  readonly window_sum: WindowAttributes;
  /** The transpose of `window_sum`: (g) → `inputShape`. */
  readonly window_spread: WindowAttributes & { readonly inputShape: Shape };
  readonly window_max: WindowAttributes;
  /** (g, x, y = window_max(x)): each g to the first maximum of its window. */
  readonly window_route: WindowAttributes;

  // B-cos.
  /** Rows (all axes but the first) divided by their L2 norm, without an epsilon: the ŵ of a B-cos layer. */
  readonly unit_rows: None;
  /**
   * x [N,H,W,C] → [N,H',W',groups]: √(Σ x² over the patch of the group + ε), zeros outside the image.
   */
  readonly patch_norm: ConvAttributes & { readonly kernel: readonly [number, number]; readonly epsilon: number };
  /** x [..., D] → [..., 1]: ‖x‖ + ε. */
  readonly row_norm: { readonly epsilon: number };
  /**
   * (o [..., C], n [..., G], G divides C): o · s with the dynamic factor s = |o/n| for b = 2, (|o/n| + 1e-6)^(b−1)
   * otherwise. n of group g covers the g-th of G equal runs of channels. With o = ŵ·x and n = ‖x‖
   * this is |cos(x, w)|^(b−1) ŵ·x (Böhle et al. 2022, B-cos Networks); the 1e-6 is their implementation's.
   */
  readonly bcos_scale: { readonly b: number };

  /**
   * () or (step [1]) → uniform numbers in [0, 1), the same for the same key, step and element on every device:
   * `counterUniform` of `src/runtime/random.ts`.
   */
  readonly random_uniform: { readonly shape: Shape; readonly key: number };
}

export type OpKind = keyof OpAttributes;
