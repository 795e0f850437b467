/** Every operation of the graph as calls of TensorFlow.js, against the reference device in float64. */
import { describe, it } from "vitest";
import { apply, cases, feedsOf } from "../graph/specimens.ts";
import { expectSame } from "./agree.ts";

const counted = [1, 2, 3, 4, 5, 6];

describe("operations", () => {
  it.each(cases.map((c) => [c.title, c] as const))("%s", async (_, c) => {
    const { builder, value } = apply(c);
    builder.output("out", value);
    const feeds = { ...feedsOf(c.specimen), ...(c.op === "input" ? { image: Float64Array.from(counted) } : {}) };
    await expectSame(builder.finish(), { feeds, state: { "conv1.weight": counted } }, 1e-5);
  });
});
