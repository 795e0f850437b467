/** Weight paths: what names a layer, and how repeated ones are numbered. */
import { describe, expect, test } from "vitest";
import { check, findings, networkOf, weightPaths, withHead } from "./helper.ts";

describe("weight paths", () => {
  const paths = (rows: string, rest = "") => weightPaths(networkOf(withHead(rows, rest))).map((p) => p.split(" ")[0]);
  const pair = `block Pair(width: int) {
    input x: [H, W, C]
    output y: [H, W, width]
    y = x -> conv(width, kernel: 1) -> n: norm
  }`;

  test("a single layer with weights takes the binding's name", () => {
    expect(paths("  a = image -> relu -> conv(4, kernel: 1) -> relu")).toEqual(["a", "fc"]);
  });

  test("several are numbered by their kind", () => {
    expect(paths("  a = image -> conv(4, kernel: 1) -> norm -> conv(5, kernel: 1)")).toEqual([
      "a.conv0",
      "a.norm0",
      "a.conv1",
      "fc",
    ]);
    expect(paths("  a = image -> first: conv(4, kernel: 1) -> norm")).toEqual(["first", "a.norm0", "fc"]);
    expect(paths("  a = image -> repeat 2 { conv(4, kernel: 1) }")).toEqual(["a.conv0", "a.conv1", "fc"]);
  });

  test("a single instance of a block takes the binding's name, several are numbered", () => {
    expect(paths("  a = image -> Pair(4)", pair)).toEqual(["a.y.conv0", "a.n", "fc"]);
    expect(paths("  a = image -> Pair(4) -> Pair(5)", pair)).toEqual([
      "a.0.y.conv0",
      "a.0.n",
      "a.1.y.conv0",
      "a.1.n",
      "fc",
    ]);
    expect(paths("  a = image -> repeat 1 { Pair(4) }", pair)).toEqual(["a.0.y.conv0", "a.0.n", "fc"]);
  });

  test("a label of a block is a prefix, numbered inside a repeat", () => {
    expect(paths("  a = image -> p: Pair(4)", pair)).toEqual(["p.y.conv0", "p.n", "fc"]);
    expect(paths("  a = image -> repeat 2 { p: Pair(4) }", pair)).toEqual([
      "p.0.y.conv0",
      "p.0.n",
      "p.1.y.conv0",
      "p.1.n",
      "fc",
    ]);
    expect(paths("  a = image -> p: Pair(4) -> Pair(4)", pair)).toEqual(["p.y.conv0", "p.n", "a.y.conv0", "a.n", "fc"]);
  });

  test("a label of a layer is numbered inside a repeat", () => {
    expect(paths("  a = image -> repeat 2 { c: conv(4, kernel: 1) }")).toEqual(["c.0", "c.1", "fc"]);
  });

  test("a number in a label's braces takes the place of the one behind it", () => {
    expect(paths("  a = image -> repeat 2 { c{index + 1}.of: conv(4, kernel: 1) -> n{index}: norm }")).toEqual([
      "c1.of",
      "n0",
      "c2.of",
      "n1",
      "fc",
    ]);
    expect(paths("  a = image -> repeat 2 { p.q{ index }: Pair(4) }", pair)).toEqual([
      "p.q0.y.conv0",
      "p.q0.n",
      "p.q1.y.conv0",
      "p.q1.n",
      "fc",
    ]);
    const nested = "  a = image -> repeat 2 { s{index}: repeat 2 { c: conv(4, kernel: 1) } }";
    expect(paths(nested)).toEqual(["s0.0.c", "s0.1.c", "s1.0.c", "s1.1.c", "fc"]);
  });

  test("a number in a label needs a repeat around it, and is one like any other", () => {
    const of = (rows: string) => findings(check(withHead(rows)));
    expect(of("  a = image -> c{index}: conv(4, kernel: 1)")).toEqual(["name/wrong-kind: index"]);
    expect(of("  a = image -> repeat 2 { c{index + 9007199254740993}: conv(4, kernel: 1) }")).toEqual([
      "type/overflow: 9007199254740993",
    ]);
    const twice = "  a = image -> repeat 2 { c{index}: conv(4, kernel: 1) -> c{index + 1}: norm }";
    expect(of(twice)).toEqual(["name/weight-path: c{index}"]);
  });

  test("a labelled repeat is a scope of numbered instances", () => {
    expect(paths("  a = image -> stage: repeat 2 { c: conv(4, kernel: 1) -> n: norm }")).toEqual([
      "stage.0.c",
      "stage.0.n",
      "stage.1.c",
      "stage.1.n",
      "fc",
    ]);
    expect(paths("  a = image -> stage: repeat 2 { Pair(4) }", pair)).toEqual([
      "stage.0.y.conv0",
      "stage.0.n",
      "stage.1.y.conv0",
      "stage.1.n",
      "fc",
    ]);
    expect(paths("  a = image -> out: repeat 2 { in: repeat 2 { c: conv(4, kernel: 1) } }")).toEqual([
      "out.0.in.0.c",
      "out.0.in.1.c",
      "out.1.in.0.c",
      "out.1.in.1.c",
      "fc",
    ]);
  });

  test("counting goes on along the row", () => {
    const rows = "  a = image -> Pair(4) -> repeat 2 { Pair(4) } -> Pair(4)";
    expect(paths(rows, pair).filter((p) => p?.endsWith(".n"))).toEqual(["a.0.n", "a.1.n", "a.2.n", "a.3.n"]);
  });

  test("joins and layers without weights have paths of their own", () => {
    const network = networkOf(
      withHead("  b = image -> relu\n  a = concat(image + b, image + b, b) -> conv(4, kernel: 1)"),
    );
    expect(network.layers.map((l) => l.path)).toEqual([
      "b.relu0",
      "a.add0",
      "a.add1",
      "a.concat",
      "a",
      "logits.global_avg_pool0",
      "fc",
    ]);
  });

  test("a generated path gives way to a label", () => {
    const network = networkOf(withHead("  b = image -> relu\n  a = b -> b.relu0: conv(4, kernel: 1)"));
    expect(network.layers.map((l) => l.path).slice(0, 2)).toEqual(["b.relu0_1", "b.relu0"]);
  });
});
