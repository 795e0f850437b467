/** What an entry of the op table is: arity, shape rule, gradient rule, cost and the small uses that tests enumerate. */
import type { GraphBuilder } from "../builder.ts";
import type { NodeOf, OpAttributes, OpKind, Shape, ValueId } from "../graph.ts";

/**
 * - `true`: the derivative.
 * - `explain`: the reverse walk with every dynamic factor held constant, so that what arrives at x is W(x)ᵀ·v.
 */
export type GradientMode = "true" | "explain";

export interface GradientContext<K extends OpKind> {
  /** Where the gradient's own operations go. */
  readonly graph: GraphBuilder;
  readonly node: NodeOf<K>;
  readonly inputs: readonly ValueId[];
  /** The node's own value. */
  readonly output: ValueId;
  /** Of the output's shape. */
  readonly cotangent: ValueId;
  readonly mode: GradientMode;
}

/**
 * One cotangent an input; undefined where nothing flows. A cotangent may have a larger, broadcast shape than its input:
 * `differentiate` sums it down.
 */
export type GradientRule<K extends OpKind> = (context: GradientContext<K>) => readonly (ValueId | undefined)[];

/** One input of a specimen. Its numbers are distinct, evenly spaced over the range, and never 0: away from kinks. */
export interface SpecimenInput {
  readonly shape: Shape;
  /** Lowest and highest number; −1 to 1 without it. */
  readonly range?: readonly [number, number];
}

/** A small use of an op. Tests check every one: shapes, devices, and the gradient by finite differences. */
export interface Specimen<K extends OpKind> {
  readonly inputs: readonly SpecimenInput[];
  readonly attributes: OpAttributes[K];
  /** For leaves, whose shape can't be inferred. */
  readonly shape?: Shape;
  /** How the op is applied, where some of its inputs are themselves computed. Without it: the op on the inputs. */
  readonly build?: (graph: GraphBuilder, inputs: readonly ValueId[]) => ValueId;
}

export type Arity = number | { readonly min: number; readonly max: number };

interface OpCommon<K extends OpKind> {
  /** One line. */
  readonly doc: string;
  readonly arity: Arity;
  /**
   * The result's shape, from the inputs' shapes (their number is already checked). `given` is the shape that the
   * caller stated; only leaves need it. Throws an `Error` that says what is wrong.
   */
  readonly shape: (inputs: readonly Shape[], attributes: OpAttributes[K], given: Shape | undefined) => Shape;
  /** Floating-point operations: 2 a multiply-add, 1 for every other arithmetic or transcendental operation. */
  readonly flops: (node: NodeOf<K>, inputs: readonly Shape[]) => number;
  readonly specimens: readonly Specimen<K>[];
}

interface Differentiable<K extends OpKind> {
  readonly gradient: GradientRule<K>;
  readonly notDifferentiable?: undefined;
}

interface NotDifferentiable {
  readonly gradient?: undefined;
  /** Why there is no rule. `differentiate` throws with it when a cotangent has to pass. */
  readonly notDifferentiable: string;
}

export type OpDefinition<K extends OpKind> = OpCommon<K> & (Differentiable<K> | NotDifferentiable);

/** Some entries of the table. */
export type OpGroup<K extends OpKind> = { readonly [P in K]: OpDefinition<P> };

export type NoAttributes = Readonly<Record<never, never>>;
export const noAttributes: NoAttributes = {};
