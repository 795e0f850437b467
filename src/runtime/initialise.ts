/** The first values of a program's state: a function of the seed and each tensor's own path. */
import { sizeOf, type Shape } from "../shape.ts";
import type { Initial, StateSpec } from "../compiler/graph/program.ts";
import { createRandom, type Random } from "./random.ts";

/**
 * The initial values of a state tensor in the program's layout, float32 numbers. Each path has its own stream of random
 * numbers, so a layer more or less changes no other layer.
 */
export function initialValues(spec: StateSpec, seed: number): Float32Array {
  const values = new Float32Array(sizeOf(spec.shape));
  const draw = drawer(spec.initial, spec.shape, createRandom(seed, `initial/${spec.path}`));
  for (let i = 0; i < values.length; i++) values[i] = draw();
  return values;
}

function drawer(initial: Initial, shape: Shape, random: Random): () => number {
  switch (initial.kind) {
    case "constant":
      return () => initial.value;
    case "kaiming_normal": {
      const deviation = Math.sqrt(2 / fan(shape, initial.fan));
      return () => deviation * random.normal();
    }
    case "kaiming_uniform": {
      const bound = 1 / Math.sqrt(initial.fanIn);
      return () => bound * (2 * random.uniform() - 1);
    }
    case "truncated_normal":
      return () => initial.deviation * random.truncatedNormal();
    default:
      return initial satisfies never;
  }
}

/** Of a weight [O, …, I]: fan_in = I·kh·kw and fan_out = O·kh·kw. */
function fan(shape: Shape, which: "in" | "out"): number {
  const size = sizeOf(shape);
  return size / (which === "in" ? shape[0]! : shape[shape.length - 1]!);
}
