/** What callers hand over: checked against the graph and converted to the session's precision. */
import { sizeOf, type Shape } from "../../../shape.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import type { Tensor } from "../../device.ts";
import type { Precision } from "./pool.ts";

/** The array itself where it has the type already. */
export function toTensor(values: ArrayLike<number>, precision: Precision): Tensor {
  if (precision === "float32") return values instanceof Float32Array ? values : Float32Array.from(values);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/**
 * The feeds that a run of a graph with these inputs reads. `needed` has their names; feeds that only other outputs of the graph need
 * may be there too. `held` names feeds that are given otherwise. Fails with `run/feed` on a name the graph doesn't have, a missing
 * feed or a wrong length.
 */
export function checkFeeds(
  graph: string,
  inputs: Readonly<Record<string, Shape>>,
  needed: ReadonlySet<string>,
  feeds: Readonly<Record<string, ArrayLike<number>>>,
  precision: Precision,
  held: readonly string[] = [],
): Map<string, Tensor> {
  const taken = Object.entries(inputs).map(([name, shape]) => `\`${name}\` [${shape.join(", ")}]`);
  const objection = (name: string, problem: string): never =>
    fail("run/feed", { graph, name, problem, takes: taken.join(", ") || "no feeds" });

  for (const [name, values] of Object.entries(feeds)) {
    const shape = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (shape === undefined) objection(name, "has no feed");
    else if (values.length !== sizeOf(shape)) {
      objection(name, `takes ${sizeOf(shape)} numbers, not ${values.length}, for the feed`);
    }
  }
  for (const name of held) if (!Object.hasOwn(inputs, name)) objection(name, "has no feed");
  const given = new Map<string, Tensor>();
  for (const name of needed) {
    if (held.includes(name)) continue;
    if (!Object.hasOwn(feeds, name)) objection(name, "was run without the feed");
    given.set(name, toTensor(feeds[name]!, precision));
  }
  return given;
}
