/**
 * Builds a plan's calls one by one. Equal calls are made once, and what changes nothing makes no call: reshapes of reshapes,
 * transposes that only move axes of length 1, factors that become 1.
 */
import { sameShape, sizeOf, type Shape } from "../../../shape.ts";
import type { TfjsAttributes, TfjsCall, TfjsOp } from "./call.ts";
import { callShape } from "./call-shapes.ts";
import type { TfjsCapabilities } from "./capabilities.ts";

/** A value of a plan in the making. */
export type CallValue = number;

export type Leaf =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "state"; readonly path: string }
  | { readonly kind: "constant"; readonly values: readonly number[] }
  | { readonly kind: "draw"; readonly key: number; readonly step?: string };

export interface Entry {
  readonly shape: Shape;
  /** Undefined for what calls make. */
  readonly leaf?: Leaf;
  readonly call?: TfjsCall;
}

export interface CallBuilder {
  readonly capabilities: TfjsCapabilities;
  leaf(leaf: Leaf, shape: Shape): CallValue;
  /** Throws an `Error` where the op does not take these inputs. */
  call<K extends TfjsOp>(op: K, inputs: readonly CallValue[], attributes: TfjsAttributes[K]): CallValue;
  shapeOf(value: CallValue): Shape;
  /** Calls made inside `body` carry the layer. */
  within<T>(layer: string | undefined, body: () => T): T;
  readonly entries: readonly Entry[];
}

/** What TensorFlow.js's backends all have. */
export const MAX_RANK = 4;

const commutative: ReadonlySet<TfjsOp> = new Set(["add", "mul", "maximum", "minimum", "equal"]);

export function createCallBuilder(capabilities: TfjsCapabilities): CallBuilder {
  const entries: Entry[] = [];
  const known = new Map<string, CallValue>();
  let layer: string | undefined;

  const at = (value: CallValue): Entry => entries[value]!;
  const callAt = (value: CallValue): TfjsCall | undefined => at(value).call;

  function put(key: string, make: (value: CallValue) => Entry): CallValue {
    const found = known.get(key);
    if (found !== undefined) return found;
    const entry = make(entries.length);
    if (entry.shape.length > MAX_RANK) throw new Error(`${key} has ${entry.shape.length} axes`);
    known.set(key, entries.length);
    return entries.push(entry) - 1;
  }

  /** The number of a constant of shape []. */
  function numberOf(value: CallValue): number | undefined {
    const { leaf, shape } = at(value);
    return leaf?.kind === "constant" && shape.length === 0 ? leaf.values[0] : undefined;
  }

  const reshaped = (value: CallValue, shape: Shape): CallValue => {
    const before = callAt(value);
    if (before?.op === "reshape") return reshaped(before.inputs[0]!, shape);
    if (sameShape(at(value).shape, shape)) return value;
    const { leaf } = at(value);
    if (leaf?.kind === "constant") return builder.leaf(leaf, shape);
    return emit("reshape", [value], { shape });
  };

  const transposed = (value: CallValue, permutation: readonly number[]): CallValue => {
    const moved = permutation.filter((axis) => at(value).shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) {
      const { shape } = at(value);
      return reshaped(
        value,
        permutation.map((axis) => shape[axis]!),
      );
    }
    const before = callAt(value);
    if (before?.op !== "transpose") return emit("transpose", [value], { permutation });
    const inner = before.attributes.permutation;
    return transposed(
      before.inputs[0]!,
      permutation.map((axis) => inner[axis]!),
    );
  };

  /** x · c, where x may itself be a product with a number. */
  const scaled = (value: CallValue, factor: number): CallValue => {
    const before = callAt(value);
    const inner = before?.op === "mul" ? numberOf(before.inputs[1]!) : undefined;
    if (before !== undefined && inner !== undefined) return scaled(before.inputs[0]!, inner * factor);
    if (Math.fround(factor) === 1) return value;
    return emit("mul", [value, builder.leaf({ kind: "constant", values: [factor] }, [])], {});
  };

  function emit<K extends TfjsOp>(op: K, inputs: readonly CallValue[], attributes: TfjsAttributes[K]): CallValue {
    const ordered = commutative.has(op) ? inputs.toSorted((a, b) => numericLast(a) - numericLast(b) || a - b) : inputs;
    const key = `${op} ${ordered.join()} ${JSON.stringify(attributes, namedNumber)}`;
    return put(key, (value) => {
      const shapes = ordered.map((input) => at(input).shape);
      const shape = callShape(op, shapes, attributes);
      const call = { op, attributes, inputs: ordered, value, shape, ...(layer === undefined ? {} : { layer }) };
      return { shape, call: call as TfjsCall };
    });
  }

  const numericLast = (value: CallValue): number => (numberOf(value) === undefined ? 0 : 1);

  const builder: CallBuilder = {
    capabilities,
    entries,
    shapeOf: (value) => at(value).shape,
    leaf: (leaf, shape) =>
      put(
        `${JSON.stringify(leaf, namedNumber)} ${leaf.kind === "input" || leaf.kind === "state" ? "" : shape.join()}`,
        () => ({ leaf, shape }),
      ),
    call(op, inputs, attributes) {
      if (op === "reshape") return reshaped(inputs[0]!, (attributes as TfjsAttributes["reshape"]).shape);
      if (op === "transpose") return transposed(inputs[0]!, (attributes as TfjsAttributes["transpose"]).permutation);
      if (op === "mul") {
        const numbers = inputs.map(numberOf);
        if (numbers[1] !== undefined && numbers[0] === undefined) return scaled(inputs[0]!, numbers[1]);
        if (numbers[0] !== undefined && numbers[1] === undefined) return scaled(inputs[1]!, numbers[0]);
      }
      if (op === "concat" && inputs.length === 1) return inputs[0]!;
      if (changesNothing({ op, attributes } as Pick<TfjsCall, "op" | "attributes">, at(inputs[0]!).shape))
        return inputs[0]!;
      return emit(op, inputs, attributes);
    },
    within(inner, body) {
      const outer = layer;
      layer = inner;
      try {
        return body();
      } finally {
        layer = outer;
      }
    },
  };
  return builder;
}

function changesNothing(call: Pick<TfjsCall, "op" | "attributes">, shape: Shape): boolean {
  const { op, attributes } = call as TfjsCall;
  const single = (axes: readonly number[]): boolean => axes.every((axis) => shape[axis] === 1);
  switch (op) {
    case "slice":
      return sameShape(attributes.size, shape);
    case "stridedSlice":
      return (
        sameShape(attributes.end, shape) && attributes.strides.every((d, i) => d === 1 && attributes.start[i] === 0)
      );
    case "pad":
      return [...attributes.before, ...attributes.after].every((d) => d === 0);
    case "broadcastTo":
      return sameShape(attributes.shape, shape);
    case "sum":
    case "mean":
    case "max":
    case "reverse":
      return single(attributes.axes);
    case "upsample":
      return sizeOf(attributes.factor) === 1;
    default:
      return false;
  }
}

/** JSON writes −0 as 0 and has no word for infinities and NaN. */
function namedNumber(_: string, value: unknown): unknown {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return `${1 / value} ${value}`;
}
