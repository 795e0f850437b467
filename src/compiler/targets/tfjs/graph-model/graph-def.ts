/**
 * TensorFlow's GraphDef as JSON, as far as graph models of TensorFlow.js use it: protocol buffers in their JSON form, with
 * texts in base64 and 64-bit whole numbers as texts (tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto).
 */

export interface GraphDef {
  readonly node: readonly GraphNode[];
  readonly library: Readonly<Record<never, never>>;
  readonly versions: { readonly producer: number };
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of nodes. */
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

export type DataType = "DT_FLOAT" | "DT_INT32" | "DT_BOOL";

export type Attribute =
  | { readonly type: DataType }
  | { readonly s: string }
  | { readonly i: string }
  | { readonly b: boolean }
  | { readonly shape: ShapeProto }
  | { readonly tensor: { readonly dtype: DataType; readonly tensorShape: ShapeProto } }
  | { readonly list: { readonly i?: readonly string[]; readonly s?: readonly string[] } };

export interface ShapeProto {
  readonly dim: readonly { readonly size: string }[];
}

/** `inputs` and `outputs` by name: what callers feed and fetch. */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
}

export interface TensorInfo {
  /** `NODE:0`. */
  readonly name: string;
  readonly dtype: DataType;
  readonly tensorShape: ShapeProto;
}

/** −1 stands for a length that is not known before a run. */
export function shapeProto(shape: readonly number[]): ShapeProto {
  return { dim: shape.map((length) => ({ size: String(length) })) };
}

export const typeAttribute = (type: DataType): Attribute => ({ type });

export const textAttribute = (text: string): Attribute => ({ s: base64(text) });

export const textsAttribute = (texts: readonly string[]): Attribute => ({ list: { s: texts.map(base64) } });

export const integerAttribute = (value: number): Attribute => ({ i: String(value) });

export const integersAttribute = (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } });

export const flagAttribute = (value: boolean): Attribute => ({ b: value });

/** Of a `Const`; its numbers are in the weight files. */
export function constAttributes(type: DataType, shape: readonly number[]): Readonly<Record<string, Attribute>> {
  return { dtype: { type }, value: { tensor: { dtype: type, tensorShape: shapeProto(shape) } } };
}

/** Of a text in ASCII. */
function base64(text: string): string {
  return btoa(text);
}
