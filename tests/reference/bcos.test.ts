/**
 * B-cos layers composed from the device's operations, against numbers computed with the published implementation (v2) in
 * float64. Inputs are sin(1.3 i + s) at flat index i, with images and filters in channels-first order.
 */
import { describe, expect, test } from "vitest";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import type { ConvAttributes } from "../../src/compiler/graph/graph.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { gen, sum } from "./nd.ts";

function close(found: ArrayLike<number>, expected: readonly number[]): void {
  // The published numbers have ten digits.
  expected.forEach((v, i) => expect(Math.abs(found[i]! - v)).toBeLessThan(1e-9 * Math.max(1, Math.abs(v))));
}

const toNhwc = { permutation: [0, 2, 3, 1] };
const toNchw = { permutation: [0, 3, 1, 2] };

describe("linear 5 → 3", () => {
  const x = gen([2, 5], 0.7);
  const w = gen([3, 5], 0.2);

  /** y and the gradient of its sum with the scale held constant. */
  function linear(b: number) {
    const g = createBuilder("linear");
    const input = g.emit("input", [], { name: "x" }, [2, 5]);
    const rows = g.emit("unit_rows", [g.emit("input", [], { name: "w" }, [3, 5])], {});
    const o = g.emit("matmul", [input, rows], { transposeA: false, transposeB: true });
    const norm = g.emit("row_norm", [input], { epsilon: 1e-12 });
    const y = g.emit("bcos_scale", [o, norm], { b });
    const scale = g.emit("div", [y, o], {});
    g.output("y", y);
    g.output("dx", g.emit("matmul", [scale, rows], { transposeA: false, transposeB: false }));
    return evaluateGraph(g.finish(), { feeds: { x: x.data, w: w.data } }).outputs;
  }

  test.each([
    [
      1,
      [1.341595762, 1.479974533, 1.543518411, 1.141401809],
      8.34333320067,
      [0.7726186192, 1.886505376, 0.2366573372],
      -0.0846191262394,
    ],
    [
      1.5,
      [1.249266281, 1.447450903, 1.541665629],
      7.92800797422,
      [0.7576051902, 1.827532371, 0.2201203468],
      -0.0753816113263,
    ],
    [
      2,
      [1.163289632, 1.415640525, 1.539813526, 0.8377547838],
      7.55025304537,
      [0.7433236524, 1.771908397, 0.2046431891],
      -0.067187859797,
    ],
    [
      2.5,
      [1.083232542, 1.384532133, 1.537966732],
      7.20582994369,
      [0.7297318608, 1.719423034, 0.190155434],
      -0.0599074547359,
    ],
  ])("b = %d", (b, first, total, gradient, gradientTotal) => {
    const { y, dx } = linear(b);
    close(y!, first);
    close([sum(y!)], [total]);
    close(dx!, gradient);
    close([sum(dx!)], [gradientTotal]);
    // Completeness: the dynamic weights reproduce the output.
    close([sum(dx!.map((v, i) => v * x.data[i]!))], [total]);
  });
});

describe("convolution 4 → 6, 3×3", () => {
  const strided: ConvAttributes = { stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 };
  const dilated: ConvAttributes = { stride: [1, 1], padding: [2, 2, 2, 2], dilation: [2, 2], groups: 1 };
  const x = gen([1, 4, 5, 5], 0.7);

  function convolution(b: number, conv: ConvAttributes) {
    const channels = 4 / conv.groups;
    const w = gen([6, channels, 3, 3], 0.2);
    const g = createBuilder("convolution");
    const input = g.emit("transpose", [g.emit("input", [], { name: "x" }, [1, 4, 5, 5])], toNhwc);
    const filters = g.emit("transpose", [g.emit("input", [], { name: "w" }, [6, channels, 3, 3])], toNhwc);
    const rows = g.emit("unit_rows", [filters], {});
    const o = g.emit("conv2d", [input, rows], conv);
    const norm = g.emit("patch_norm", [input], { ...conv, kernel: [3, 3], epsilon: 1e-6 });
    const y = g.emit("bcos_scale", [o, norm], { b });
    const scale = g.emit("div", [y, o], {});
    const dx = g.emit("conv2d_input_gradient", [scale, rows], { ...conv, inputShape: [1, 5, 5, 4] });
    g.output("y", g.emit("transpose", [y], toNchw));
    g.output("dx", g.emit("transpose", [dx], toNchw));
    return evaluateGraph(g.finish(), { feeds: { x: x.data, w: w.data } }).outputs;
  }

  test.each([
    [
      "b 1",
      1,
      strided,
      [-0.3074648086, 0.05546322257, 0.2238713078],
      0.00173947333075,
      [-0.02381725769, -0.01274217707],
      -0.179378391539,
    ],
    [
      "b 1.5",
      1.5,
      strided,
      [-0.09971295778, 0.006934982381],
      -0.0118931691053,
      [-0.01681746785, 0.00178651456],
      -0.103510032151,
    ],
    [
      "b 2",
      2,
      strided,
      [-0.03233729238, 0.0008670773573, 0.01761849425, 0.0001469050876],
      -0.00667313097199,
      [-0.006703577038, -0.001108106087],
      -0.0405123150178,
    ],
    [
      "b 2.5",
      2.5,
      strided,
      [-0.01048730664, 0.0001084241152],
      -0.0030485834937,
      [-0.002280415009, -0.001076402922],
      -0.0146918309895,
    ],
    [
      "b 2, two groups",
      2,
      { ...strided, groups: 2 },
      [-0.05032867237, 0.0451818437, -0.0006274359636],
      -0.14414853155,
      [-0.01108394042, -0.002699534171],
      -0.18057349696,
    ],
    [
      "b 2, dilation 2",
      2,
      dilated,
      [0.004972515193, -0.02679826993],
      -0.12705819093,
      [0.003076536401, -0.006821600139],
      -0.246822765739,
    ],
  ] as const)("%s", (_, b, conv, first, total, gradient, gradientTotal) => {
    const { y, dx } = convolution(b, conv);
    close(y!, first);
    close([sum(y!)], [total]);
    close(dx!, gradient);
    close([sum(dx!)], [gradientTotal]);
    close([sum(dx!.map((v, i) => v * x.data[i]!))], [total]);
  });

  test("an input of zeros gives zeros", () => {
    const conv = { ...strided, kernel: [3, 3], epsilon: 1e-6 } as const;
    const g = createBuilder("zeros");
    const o = g.emit("input", [], { name: "o" }, [1, 3, 3, 6]);
    const input = g.emit("input", [], { name: "x" }, [1, 5, 5, 4]);
    g.output("y", g.emit("bcos_scale", [o, g.emit("patch_norm", [input], conv)], { b: 2 }));
    const { y } = evaluateGraph(g.finish(), { feeds: { o: new Float64Array(54), x: new Float64Array(100) } }).outputs;
    expect([...y!]).toEqual(new Array(54).fill(0));
  });
});
