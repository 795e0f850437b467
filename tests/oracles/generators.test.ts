import { expect, test } from "vitest";
import { byRule, fillTensor, fnv1a, formulaImage, lowbias32, uniform } from "../../scripts/oracles/generators.ts";
import { permute, toChannelsFirst, toChannelsLast } from "../../scripts/oracles/layout.ts";

test("hashes give their published values", () => {
  expect(fnv1a("")).toBe(0x811c9dc5);
  expect(fnv1a("a")).toBe(3826002220);
  expect(lowbias32(0)).toBe(0);
  expect(lowbias32(1)).toBe(1753845952);
  expect(lowbias32(4294967295)).toBe(1734902346);
});

test("u lies in (-1, 1) and depends on tag and index", () => {
  expect(uniform("dot", 3)[0]).toBe(0.9396370716858655);
  expect(uniform("dot", 1000)[999]).toBe(0.5373362207319587);
  expect(uniform("other", 1)[0]).not.toBe(uniform("dot", 1)[0]);
});

test("rules", () => {
  expect(byRule("fround(1.0*u)", "dot", [1])[0]).toBe(Math.fround(0.9396370716858655));
  expect(byRule("fround(0.25 + 1.5*u)", "dot", [2])[1]).toBe(Math.fround(0.25 + 1.5 * uniform("dot", 2)[1]!));
  expect(byRule("abs(fround(u))", "dot", [2])[1]).toBe(Math.fround(0.9133753140922636));
  expect(() => byRule("u*u", "dot", [1])).toThrow("unknown rule");
});

test("the fill rule", () => {
  const weight = fillTensor("resnet18", "conv1.linear.weight", [64, 6, 7, 7], {});
  expect([weight[0], weight[1], weight[18815]]).toEqual([
    0.026252049952745438, -0.07460873574018478, 0.07348241657018661,
  ]);
  const variance = fillTensor("t", "bn.running_var", [4], { scaleExp_by_key: { "bn.running_var": -3 } });
  for (const v of variance) expect(v >= 1 / 8 && v <= 1.5 / 8).toBe(true);
});

test("the formula image has values k/1024 in [0, 1)", () => {
  const image = formulaImage(200, 5, 7);
  expect(image.length).toBe(105);
  for (const v of image) expect(Number.isInteger(v * 1024) && v >= 0 && v < 1).toBe(true);
});

test("layouts", () => {
  const chw = Float64Array.from({ length: 24 }, (_, i) => i);
  const hwc = toChannelsLast(chw, [1, 2, 3, 4]);
  expect(Array.from(hwc.slice(0, 4))).toEqual([0, 12, 1, 13]);
  expect(toChannelsFirst(hwc, [1, 2, 3, 4])).toEqual(chw);
  expect(Array.from(permute([1, 2, 3, 4, 5, 6], [2, 3], [1, 0]))).toEqual([1, 4, 2, 5, 3, 6]);
});
