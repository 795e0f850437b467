/** What callers hand over: checked against the graph and converted to the session's precision. */
import type { Graph } from "../../../compiler/graph/graph.ts";
import { sizeOf } from "../../../shape.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import type { Tensor } from "../../device.ts";
import type { Precision } from "./pool.ts";

/** The array itself where it has the type already. */
export function toTensor(values: ArrayLike<number>, precision: Precision): Tensor {
  if (precision === "float32") return values instanceof Float32Array ? values : Float32Array.from(values);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/**
 * The feeds that a run reads. `needed` has their names; feeds that only other outputs of the graph need
 * may be there too. Fails with `run/feed` on a name the graph doesn't have, a missing feed or a wrong length.
 */
export function checkFeeds(
  graph: Graph,
  needed: ReadonlySet<string>,
  feeds: Readonly<Record<string, ArrayLike<number>>>,
  precision: Precision,
): Map<string, Tensor> {
  const inputs = graph.nodes.flatMap((node) => (node.op === "input" ? [node] : []));
  const objection = (name: string, problem: string): never =>
    fail("run/feed", {
      graph: graph.name,
      name,
      problem,
      takes: inputs.map((node) => `\`${node.attributes.name}\` [${node.shape.join(", ")}]`).join(", ") || "no feeds",
    });

  for (const [name, values] of Object.entries(feeds)) {
    const input = inputs.find((node) => node.attributes.name === name);
    if (input === undefined) objection(name, "has no feed");
    else if (values.length !== sizeOf(input.shape)) {
      objection(name, `takes ${sizeOf(input.shape)} numbers, not ${values.length}, for the feed`);
    }
  }
  const given = new Map<string, Tensor>();
  for (const name of needed) {
    if (!Object.hasOwn(feeds, name)) objection(name, "was run without the feed");
    given.set(name, toTensor(feeds[name]!, precision));
  }
  return given;
}
