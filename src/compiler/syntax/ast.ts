/**
 * The syntax tree of a `.bcos` file. Every node has its span; a part that a typing fault destroyed is a `Missing` node,
 * so that the rest of its statement and file stays usable.
 */
import type { Span } from "../../diagnostics/diagnostic.ts";

export interface Name {
  readonly text: string;
  readonly span: Span;
}

/** `conv1`, `downsample.0`, `layer{index + 1}.conv`. */
export interface Label extends Name {
  /** What stands in braces, and the text on both sides of it. */
  readonly number?: { readonly before: string; readonly value: Expression; readonly after: string };
}

/** A comment as written, with its slashes. `///` comments before a declaration are also its `doc`. */
export interface Comment {
  readonly text: string;
  readonly span: Span;
}

export interface SourceFile {
  readonly kind: "file";
  /** The path under which the host gave the text. */
  readonly path: string;
  readonly imports: readonly Import[];
  readonly settings: readonly SettingsBlock[];
  /** Models and blocks, in source order. */
  readonly declarations: readonly Declaration[];
  readonly comments: readonly Comment[];
  readonly span: Span;
}

export interface Import {
  readonly kind: "import";
  readonly names: readonly Name[];
  /** The text between the quotes; the span includes them. */
  readonly from: Name;
  readonly span: Span;
}

/** `bcos { preset: v2 }` */
export interface SettingsBlock {
  readonly kind: "settings";
  readonly settings: readonly Setting[];
  readonly span: Span;
}

export interface Setting {
  readonly name: Name;
  readonly value: Expression;
  readonly span: Span;
}

export interface Declaration {
  readonly kind: "model" | "block";
  readonly name: Name;
  /** The text of the `///` lines above, without slashes; "" without. */
  readonly doc: string;
  readonly parameters: readonly Parameter[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly settings: readonly SettingsBlock[];
  readonly bindings: readonly Binding[];
  readonly span: Span;
}

/** `stride: int = 1`, `kind: enum(batch, layer) = batch` */
export interface Parameter {
  readonly name: Name;
  readonly type: ParameterType;
  readonly default: Expression | undefined;
  readonly span: Span;
}

export type ParameterType =
  | { readonly kind: "int" | "float" | "bool"; readonly span: Span }
  | { readonly kind: "enum"; readonly values: readonly Name[]; readonly span: Span }
  | { readonly kind: "missing"; readonly span: Span };

/** `input x: [H, W, C]` */
export interface Port {
  readonly direction: "input" | "output";
  readonly name: Name;
  readonly doc: string;
  readonly shape: ShapeExpression;
  readonly span: Span;
}

/** `[56, 56, width]`, without the batch, channels last. */
export interface ShapeExpression {
  readonly dimensions: readonly Expression[];
  readonly span: Span;
}

/** `stem = image -> conv(64) -> norm` */
export interface Binding {
  readonly kind: "binding";
  readonly name: Name;
  readonly doc: string;
  readonly flow: Flow;
  readonly span: Span;
}

/** An expression whose value is a tensor. */
export type Flow =
  | { readonly kind: "reference"; readonly name: Name; readonly span: Span }
  | { readonly kind: "pipe"; readonly source: Flow; readonly steps: readonly Step[]; readonly span: Span }
  | {
      readonly kind: "join";
      readonly operator: "+" | "*";
      readonly operatorSpan: Span;
      readonly left: Flow;
      readonly right: Flow;
      readonly span: Span;
    }
  | { readonly kind: "concat"; readonly parts: readonly Flow[]; readonly span: Span }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: Flow;
      readonly else: Flow;
      readonly span: Span;
    }
  | { readonly kind: "missing"; readonly span: Span };

/** What stands behind a `->`, and the shape statements between. */
export type Step =
  | CallStep
  | {
      readonly kind: "repeat";
      readonly label: Label | undefined;
      readonly count: Expression;
      readonly steps: readonly Step[];
      readonly span: Span;
    }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: readonly Step[];
      /** Empty without an `else`: the value passes unchanged. */
      readonly else: readonly Step[];
      readonly span: Span;
    }
  | { readonly kind: "ascription"; readonly shape: ShapeExpression; readonly span: Span }
  | { readonly kind: "missing"; readonly span: Span };

/** `conv1: conv(64, kernel: 7)`: a layer or a block. */
export interface CallStep {
  readonly kind: "call";
  readonly label: Label | undefined;
  readonly callee: Name;
  readonly arguments: readonly Argument[];
  readonly span: Span;
}

export interface Argument {
  readonly name: Name | undefined;
  readonly value: Expression;
  readonly span: Span;
}

/** A compile-time expression. */
export type Expression =
  | { readonly kind: "int" | "float"; readonly value: number; readonly span: Span }
  | { readonly kind: "bool"; readonly value: boolean; readonly span: Span }
  | { readonly kind: "name"; readonly name: string; readonly span: Span }
  | { readonly kind: "list"; readonly items: readonly Expression[]; readonly span: Span }
  | {
      readonly kind: "unary";
      readonly operator: "-" | "not";
      readonly operand: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly operatorSpan: Span;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  /** `min(a, b)`, and variants with arguments in settings: `group(2)`, `v1(100)`. */
  | { readonly kind: "call"; readonly callee: Name; readonly arguments: readonly Expression[]; readonly span: Span }
  | { readonly kind: "missing"; readonly span: Span };

export type BinaryOperator = "+" | "-" | "*" | "/" | "%" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or";
