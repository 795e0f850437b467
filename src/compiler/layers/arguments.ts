/** Parameters that several layers share, typed reading of checked arguments, and small checks of shape rules. */
import type { Shape } from "../graph/graph.ts";
import type { BcosSettings } from "../network/settings.ts";
import type { ArgumentValue, LayerArguments, LayerParameter, LayerProblem, ShapeResult, Variant } from "./layer.ts";

export type Pair = readonly [number, number];

export function width(doc: string): LayerParameter {
  return { name: "width", type: { kind: "int", min: 1 }, required: true, doc };
}

export const kernel: LayerParameter = {
  name: "kernel",
  type: { kind: "pair", min: 1 },
  required: true,
  doc: "Height and width of the window in pixels: an int, or a list of two.",
};

export const stride: LayerParameter = {
  name: "stride",
  type: { kind: "pair", min: 1 },
  default: [1, 1],
  required: false,
  doc: "Step of the window in pixels: an int, or a list of two.",
};

export const padding: LayerParameter = {
  name: "padding",
  type: { kind: "padding" },
  default: "same",
  required: false,
  doc:
    "Zeros on both sides: an int, a list of two (height, width), `valid` for none, or `same` for " +
    "`dilation * (kernel - 1) / 2` rounded down, which keeps the size at stride 1 for odd kernels.",
};

export const dilation: LayerParameter = {
  name: "dilation",
  type: { kind: "pair", min: 1 },
  default: [1, 1],
  required: false,
  doc: "Distance between neighbouring elements of the kernel in pixels.",
};

export const b: LayerParameter = {
  name: "b",
  type: { kind: "float", min: 1 },
  default: undefined,
  required: false,
  doc: "Exponent B of this layer in the B-cos form, instead of the settings' `b`. 1 makes it plain linear.",
};

export const maxout: LayerParameter = {
  name: "maxout",
  type: { kind: "int", min: 1 },
  default: undefined,
  required: false,
  doc: "Units per output of this layer in the B-cos form, instead of the settings' `maxout`; the largest one counts.",
};

export const weights: LayerParameter = {
  name: "weights",
  type: { kind: "enum", values: ["unit", "free"] },
  default: undefined,
  required: false,
  doc:
    "Whether the rows of this layer's weights are normalised to length 1 in the B-cos form (`unit`) or taken as they are " +
    "(`free`), instead of the settings' `weights`. With `b: 1, maxout: 1, weights: free` the layer is the conventional one.",
};

export function bias(value: boolean): LayerParameter {
  return {
    name: "bias",
    type: { kind: "bool" },
    default: value,
    required: false,
    doc: "Whether the conventional form adds a trainable bias. The B-cos form has none, unless the settings keep it.",
  };
}

export function rate(doc: string): LayerParameter {
  return { name: "rate", type: { kind: "float", min: 0, max: 1 }, required: true, doc };
}

// The checker guarantees the types; anything else here is a bug of the compiler.

function wrong(name: string, value: ArgumentValue | undefined): never {
  throw new Error(`argument ${name} has the unexpected value ${JSON.stringify(value)}`);
}

export function numberOf(args: LayerArguments, name: string): number {
  const value = args[name];
  return typeof value === "number" ? value : wrong(name, value);
}

export function optionalNumber(args: LayerArguments, name: string): number | undefined {
  return args[name] === undefined ? undefined : numberOf(args, name);
}

export function boolOf(args: LayerArguments, name: string): boolean {
  const value = args[name];
  return typeof value === "boolean" ? value : wrong(name, value);
}

/** The argument `weights`, else what the settings say. */
export function weightsOf(args: LayerArguments, settings: BcosSettings): BcosSettings["weights"] {
  const value = args["weights"];
  if (value === undefined) return settings.weights;
  return value === "unit" || value === "free" ? value : wrong("weights", value);
}

export function pairOf(args: LayerArguments, name: string): Pair {
  const value = args[name];
  if (Array.isArray(value) && value.length === 2) return [value[0] as number, value[1] as number];
  return wrong(name, value);
}

export function optionalPair(args: LayerArguments, name: string): Pair | undefined {
  return args[name] === undefined ? undefined : pairOf(args, name);
}

export function variantOf(args: LayerArguments, name: string): Variant | undefined {
  const value = args[name];
  if (value === undefined) return undefined;
  return typeof value === "object" && "variant" in value ? value : wrong(name, value);
}

/** Padding on (height, width), the same on both sides. */
export function paddingOf(args: LayerArguments, size: Pair, dilated: Pair = [1, 1]): Pair {
  if (args["padding"] !== "same") return pairOf(args, "padding");
  return [Math.floor((dilated[0] * (size[0] - 1)) / 2), Math.floor((dilated[1] * (size[1] - 1)) / 2)];
}

/** `[56, 56, 64]` */
export function shapeText(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function problem(found: LayerProblem): ShapeResult {
  return { problem: found };
}

/** The height, width and channels of an image, or the problem that it is none. */
export function imageOf(
  layer: string,
  shape: Shape,
): { image: readonly [number, number, number] } | { problem: LayerProblem } {
  const [height, width, channels] = shape;
  if (shape.length === 3 && height !== undefined && width !== undefined && channels !== undefined)
    return { image: [height, width, channels] };
  return {
    problem: {
      code: "shape/rank",
      params: { layer, expected: "an image `[H, W, C]`", actual: `\`${shapeText(shape)}\`` },
    },
  };
}

/** `B 2` or `B 2, MaxOut 2`: what is special about a layer in the B-cos form. */
export function unitText(args: LayerArguments, settings: BcosSettings): string {
  const units = optionalNumber(args, "maxout") ?? settings.maxout;
  const parts = [`B ${optionalNumber(args, "b") ?? settings.b}`];
  if (units !== 1) parts.push(`MaxOut ${units}`);
  if (weightsOf(args, settings) !== settings.weights) parts.push(`${weightsOf(args, settings)} weights`);
  return parts.join(", ");
}

/** The one input of a layer that takes one. */
export function single<T>(inputs: readonly T[]): T {
  const [first] = inputs;
  if (first === undefined) throw new Error("a layer without an input");
  return first;
}
