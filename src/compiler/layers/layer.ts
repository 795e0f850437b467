/** What a layer of the language is. `table.ts` lists them all; each layer is one file beside this one. */
import type { Code, Params } from "../../diagnostics/catalogue.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Shape, ValueId } from "../graph/graph.ts";
import type { Form, Initial } from "../graph/program.ts";
import type { LayerInstance } from "../network/network.ts";
import type { BcosSettings } from "../network/settings.ts";

/** The value of an argument after checking, defaults filled in. */
export type ArgumentValue = number | boolean | string | readonly number[] | Variant;

/** An enum value with arguments: `group(2)`. Without arguments it is `{ variant: "batch", args: [] }`. */
export interface Variant {
  readonly variant: string;
  readonly args: readonly (number | readonly number[])[];
}

export type ArgumentType =
  | { readonly kind: "int"; readonly min?: number; readonly max?: number }
  | { readonly kind: "float"; readonly min?: number; readonly max?: number }
  | { readonly kind: "bool" }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  /** An int or a list of two; the value is always [height, width]. */
  | { readonly kind: "pair"; readonly min?: number }
  /** `same` · `valid` · an int · a list of two; the value is "same" or [height, width]; `valid` is [0, 0]. */
  | { readonly kind: "padding" }
  /** `auto` or a number; the value is "auto" or the number. */
  | { readonly kind: "auto_float" }
  /** `name` or `name(numbers or lists)`; the value is a `Variant`. */
  | { readonly kind: "variant"; readonly variants: Readonly<Record<string, readonly ("int" | "float" | "list")[]>> };

export interface LayerParameter {
  readonly name: string;
  readonly type: ArgumentType;
  /** Absent: required. `undefined` stands for "taken from the settings or left out": the argument is then absent. */
  readonly default?: ArgumentValue | undefined;
  readonly required: boolean;
  readonly doc: string;
}

export type LayerArguments = Readonly<Record<string, ArgumentValue | undefined>>;

/** A finding of a shape rule: a code and its parameters; the checker adds the place. */
export type LayerProblem = { readonly [C in Code]: { readonly code: C; readonly params: Params<C> } }[Code];

export type ShapeResult = { readonly shape: Shape } | { readonly problem: LayerProblem };

export interface LayerDefinition {
  readonly name: string;
  /** One line, for hover and completion. */
  readonly summary: string;
  readonly category: "linear" | "norm" | "activation" | "pool" | "join" | "form" | "regularisation" | "token";
  /** In positional order. */
  readonly parameters: readonly LayerParameter[];
  /** `join` layers take several inputs and are written as `a + b`, `a * b`, `concat(a, b)`, not as steps. */
  readonly inputs: "one" | "many";
  /** Whether an instance owns tensors in the weights (decides generated weight paths). */
  readonly weighted: boolean;
  /** Batch-free shapes in, batch-free shape out. Must not throw. */
  readonly shape: (args: LayerArguments, inputs: readonly Shape[]) => ShapeResult;
  /** Emits the layer in the conventional form. Value ids include the batch axis. */
  readonly standard: (context: LoweringContext, layer: LayerInstance, inputs: readonly ValueId[]) => ValueId;
  /** The arguments as the B-cos form has them, where the settings fill in some. Absent: as they are. */
  readonly settled?: (args: LayerArguments, settings: BcosSettings) => LayerArguments;
  /** What the B-cos form makes of it, in a few words, for listings. Absent: it stays what it is. */
  readonly becomes?: (args: LayerArguments, settings: BcosSettings) => string;
  /** Emits the layer in the B-cos form and notes what it changed. */
  readonly bcos: (context: LoweringContext, layer: LayerInstance, inputs: readonly ValueId[]) => ValueId;
}

export interface LoweringContext {
  readonly graph: GraphBuilder;
  readonly form: Form;
  readonly settings: BcosSettings;
  /** Batch statistics and dropout, instead of running statistics and none. */
  readonly training: boolean;
  readonly batch: number;
  /** A trainable tensor at `LAYERPATH.NAME`. */
  weight(layer: LayerInstance, name: string, shape: Shape, initial: Initial, layout?: "ohwi" | "plain"): ValueId;
  /** A tensor that training updates by itself, e.g. a running variance. */
  buffer(layer: LayerInstance, name: string, shape: Shape, initial: number): ValueId;
  updateBuffer(layer: LayerInstance, name: string, value: ValueId): void;
  /** The number of the training step, [1]: what random layers draw from. An input of the training graph. */
  step(): ValueId;
  /** Reports a change, once a layer. */
  note<C extends Code>(layer: LayerInstance, code: C, params: Params<C>): void;
}
