/** Names of launches for people. */
import { expect, it } from "vitest";
import { layerName } from "../../src/layer-name.ts";

it.each([
  [["a", "b"], "a, b"],
  [["", "b"], "b, (no layer)"],
  [["a", "b", "c"], "a and 2 more"],
  [["", "b", "c"], "b and 2 more"],
])("of the layers %j: %s", (paths, name) => {
  const parts = paths.map((path) => ({ path }));
  expect(layerName({ path: "", parts })).toBe(name);
});

it("of one layer or none: its path", () => {
  expect(layerName({ path: "conv" })).toBe("conv");
  expect(layerName({ path: "" })).toBe("");
});
