import fc from "fast-check";
import { expect, it } from "vitest";
import { closest, editDistance } from "../../src/diagnostics/suggest.ts";

const layers = ["conv", "linear", "norm", "relu", "max_pool", "avg_pool", "global_avg_pool", "identity"];

it.each([
  ["cnov", "conv"],
  ["liner", "linear"],
  ["maxpool", "max_pool"],
  ["MaxPool", "max_pool"],
  ["globalAvgPool", "global_avg_pool"],
  ["gobal_avg_pol", "global_avg_pool"],
  ["RELU", "relu"],
  ["identiti", "identity"],
])("takes %s for %s", (name, meant) => {
  expect(closest(name, layers)).toBe(meant);
});

it.each(["", "x", "attention", "co", "qqqq", "x".repeat(100_000)])("has no guess for %j", (name) => {
  expect(closest(name, layers)).toBeUndefined();
});

it("prefers a difference in case over a nearer spelling, and the first of equals", () => {
  expect(closest("classes", ["classed", "Classes"])).toBe("Classes");
  expect(closest("abcd", ["abce", "abcf"])).toBe("abce");
  expect(closest("B", ["b", "maxout"])).toBe("b");
});

it("never suggests the name itself", () => {
  expect(closest("conv", ["conv"])).toBeUndefined();
});

it("counts a swap of neighbours as one edit and is a symmetric distance", () => {
  expect(editDistance("conv", "cnov")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("", "abc")).toBe(3);
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});
