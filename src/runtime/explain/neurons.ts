/** Explanations of neurons: of single values of a layer, binding or block. */
import type { ExplainedLayer } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { argmax } from "../argmax.ts";
import type { Tensor } from "../device.ts";
import { countSamples, requireGraph, type Session } from "../session.ts";
import { explainWith, type CheckOptions, type Explanation, type Neuron, type Subject } from "./explanation.ts";

export interface NeuronOptions extends CheckOptions {
  /** The channel. Default: of the given place, or of the whole layer, the one with the largest value, image by image. */
  readonly unit?: number;
  /** [y, x] in the layer's map, [token], or [] for a vector. Default: where the unit has its largest value. */
  readonly place?: readonly number[];
}

/**
 * Explains, for each of the images [n, …input shape], one value a of the layer that the program was built for
 * (`explainedLayer`): a = Σ contributions + constant, as for logits. Throws what `explain` throws.
 */
export async function explainNeurons(
  session: Session,
  images: ArrayLike<number>,
  options: NeuronOptions = {},
): Promise<Explanation[]> {
  const { program } = session;
  const count = countSamples(program, images);
  requireGraph(program, "explain");
  const layer = program.explainedLayer;
  if (layer === undefined) {
    const expected = "a session of a program that was built with `explainedLayer`";
    return fail("run/input", { name: "session", expected, found: "one that explains logits" });
  }
  const fault = neuronFault(layer, options);
  if (fault !== undefined) fail("run/input", { ...fault });
  const choose = (_image: number, _time: number, values: Tensor): Subject => {
    const index = strongest(values, layer, options);
    return { named: { neuron: neuronAt(layer, index) }, combination: new Map([[index, 1]]) };
  };
  return explainWith(session, images, count, { of: "activation", times: 1, choose }, options);
}

/** What a layer does not have: the option at fault, what it takes, and what was given. */
export interface NeuronFault {
  readonly name: "unit" | "place";
  readonly expected: string;
  readonly found: string;
}

/** The fault of a unit or a place that the layer does not have. */
export function neuronFault({ path, shape }: ExplainedLayer, { unit, place }: NeuronOptions): NeuronFault | undefined {
  const [sizes, units] = [shape.slice(0, -1), shape.at(-1)!];
  const within = (value: number, size: number): boolean => Number.isSafeInteger(value) && value >= 0 && value < size;
  if (unit !== undefined && !within(unit, units)) {
    return { name: "unit", expected: `a channel of \`${path}\`, 0 to ${units - 1}`, found: String(unit) };
  }
  if (place === undefined) return undefined;
  if (place.length === sizes.length && place.every((value, axis) => within(value, sizes[axis]!))) return undefined;
  const ranges = sizes.map((size) => `0 to ${size - 1}`).join(", ");
  const expected = sizes.length === 0 ? `nothing: \`${path}\` is a vector` : `a place of \`${path}\`, ${ranges}`;
  return { name: "place", expected, found: place.join(", ") };
}

/** Index of the largest value among those that the options leave; of equal ones the first. */
function strongest(values: Tensor, { shape }: ExplainedLayer, { unit, place }: NeuronOptions): number {
  const units = shape.at(-1)!;
  const first = place?.reduce((at, value, axis) => at * shape[axis]! + value, 0);
  if (first !== undefined) {
    return first * units + (unit ?? argmax(values, first * units, units));
  }
  if (unit === undefined) return argmax(values);
  const own = Array.from({ length: values.length / units }, (_, at) => values[at * units + unit]!);
  return argmax(own) * units + unit;
}

function neuronAt({ path, shape }: ExplainedLayer, index: number): Neuron {
  const units = shape.at(-1)!;
  const place: number[] = [];
  let rest = Math.floor(index / units);
  for (const size of shape.slice(0, -1).reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return { layer: path, unit: index % units, place };
}
