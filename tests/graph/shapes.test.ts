/** Shape rules: results, and a clear objection for every kind of misuse. */
import { expect, test } from "vitest";
import type { ConvAttributes, OpAttributes, OpKind, Shape, WindowAttributes } from "../../src/compiler/graph/graph.ts";
import { inferShape } from "../../src/compiler/graph/infer.ts";

const conv: ConvAttributes = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 };
const window: WindowAttributes = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1] };

type Use<K extends OpKind = OpKind> = readonly [K, readonly Shape[], OpAttributes[K], Shape?];
/** Ties the attributes to the op; the list below would otherwise accept those of another one. */
const use = <K extends OpKind>(...entry: Use<K>): Use => entry as unknown as Use;

const good: readonly (readonly [Use, Shape])[] = [
  [
    use(
      "add",
      [
        [2, 1, 3],
        [4, 1],
      ],
      {},
    ),
    [2, 4, 3],
  ],
  [use("add", [[], [3]], {}), [3]],
  [use("add", [[0, 3], [1]], {}), [0, 3]],
  [use("select", [[3], [2, 1], []], {}), [2, 3]],
  [use("reduce_sum", [[2, 3, 4]], { axes: [2, 0] }), [1, 3, 1]],
  [use("reshape", [[2, 6]], { shape: [3, 4] }), [3, 4]],
  [use("broadcast", [[3, 1]], { shape: [2, 3, 5] }), [2, 3, 5]],
  [use("transpose", [[2, 3, 4]], { permutation: [2, 0, 1] }), [4, 2, 3]],
  [use("slice", [[4, 5]], { start: [1, 0], size: [2, 5] }), [2, 5]],
  [use("pad", [[2, 3]], { before: [1, 0], after: [0, 2] }), [3, 5]],
  [
    use(
      "concat",
      [
        [2, 1],
        [2, 4],
      ],
      { axis: 1 },
    ),
    [2, 5],
  ],
  [use("upsample", [[1, 2, 3, 4]], { factor: [2, 3] }), [1, 4, 9, 4]],
  [
    use(
      "matmul",
      [
        [5, 2, 3],
        [4, 3],
      ],
      { transposeA: false, transposeB: true },
    ),
    [5, 2, 4],
  ],
  [
    use(
      "matmul",
      [
        [3, 2],
        [3, 4],
      ],
      { transposeA: true, transposeB: false },
    ),
    [2, 4],
  ],
  // ResNet's stem: 224 → 112 → 56.
  [
    use(
      "conv2d",
      [
        [1, 224, 224, 6],
        [64, 7, 7, 6],
      ],
      { ...conv, stride: [2, 2], padding: [3, 3, 3, 3] },
    ),
    [1, 112, 112, 64],
  ],
  [use("window_max", [[1, 112, 112, 64]], window), [1, 56, 56, 64]],
  [
    use(
      "conv2d",
      [
        [2, 7, 9, 4],
        [6, 3, 2, 2],
      ],
      { ...conv, dilation: [2, 3], groups: 2 },
    ),
    [2, 3, 6, 6],
  ],
  [use("window_sum", [[1, 5, 4, 2]], { ...window, padding: [1, 0, 0, 1] }), [1, 2, 2, 2]],
  [use("patch_norm", [[1, 5, 5, 4]], { ...conv, kernel: [3, 3], groups: 2, epsilon: 1e-6 }), [1, 3, 3, 2]],
  [use("row_norm", [[2, 3, 4]], { epsilon: 0 }), [2, 3, 1]],
  [use("random_uniform", [[1]], { shape: [2, 2], key: 3 }), [2, 2]],
];

test.each(good)("%j gives %j", ([op, inputs, attributes, given], shape) => {
  expect(inferShape(op, inputs, attributes, given)).toEqual(shape);
});

const bad: readonly (readonly [Use, string])[] = [
  [use("add", [[2]], {}), "add: 1 inputs, needs 2"],
  [use("concat", [], { axis: 0 }), "concat: 0 inputs, needs 1 or more"],
  [use("random_uniform", [[1], [1]], { shape: [2], key: 0 }), "2 inputs, needs 0 to 1"],
  [use("add", [[2, 3], [4]], {}), "add: shapes [2,3] and [4] do not broadcast"],
  [use("shift", [[3], [2, 3]], { name: "bias" }), "the amount [2,3] does not broadcast to [3]"],
  [use("shift", [[3], [3]], { name: "" }), "a shift needs a name"],
  [use("input", [], { name: "x" }), "its shape must be given"],
  [use("input", [], { name: "" }, [2]), "an input needs a name"],
  [use("state", [], { path: "w" }, [2, -1]), "must be whole numbers of at least 0, is [2,-1]"],
  [use("constant", [], { values: [1, 2] }, [3]), "a constant of shape [3] needs 1 or 3 values, has 2"],
  [use("neg", [[2]], {}, [3]), "neg: the result has shape [2], stated is [3]"],
  [use("power", [[2]], { exponent: NaN }), "the exponent must be a finite number"],
  [use("reduce_sum", [[2, 3]], { axes: [2] }), "axes [2] do not exist in a tensor with 2 axes"],
  [use("reduce_sum", [[2, 3]], { axes: [0, 0] }), "axes [0,0] name an axis twice"],
  [use("reduce_mean", [[2, 0]], { axes: [1] }), "nothing to reduce in [2,0] along [1]"],
  [use("softmax", [[2]], { axis: 1 }), "axis [1] do not exist"],
  [
    use(
      "route_max",
      [
        [2, 3],
        [2, 3],
        [2, 1],
      ],
      { axes: [1] },
    ),
    "the cotangent must have shape [2,1], has [2,3]",
  ],
  [use("reshape", [[2, 3]], { shape: [4] }), "[2,3] does not reshape to [4]"],
  [use("broadcast", [[2]], { shape: [3] }), "[2] does not broadcast to [3]"],
  [use("transpose", [[2, 3]], { permutation: [0] }), "permutation [0] does not fit 2 axes"],
  [use("transpose", [[2, 3]], { permutation: [0, 0] }), "name an axis twice"],
  [use("slice", [[4]], { start: [2], size: [3] }), "the slice at [2] of [3] reaches out of [4]"],
  [use("slice", [[4]], { start: [2, 0], size: [1] }), "start must have 1 numbers, has 2"],
  [use("pad", [[4]], { before: [-1], after: [0] }), "before must be whole numbers of at least 0"],
  [
    use(
      "concat",
      [
        [2, 3],
        [3, 3],
      ],
      { axis: 1 },
    ),
    "[2,3] and [3,3] differ in more than axis 1",
  ],
  [use("upsample", [[2, 3]], { factor: [2, 2] }), "the image must have 4 axes, has shape [2,3]"],
  [use("upsample", [[1, 2, 2, 1]], { factor: [0, 2] }), "factor must be whole numbers of at least 1"],
  [use("block_sum", [[1, 3, 2, 1]], { factor: [2, 2] }), "[1,3,2,1] does not divide into blocks of [2,2]"],
  [
    use(
      "matmul",
      [
        [2, 3],
        [4, 5],
      ],
      { transposeA: false, transposeB: false },
    ),
    "the inner lengths 3 and 4",
  ],
  [use("matmul", [[3], [3, 2]], { transposeA: false, transposeB: false }), "needs two axes or more"],
  [
    use(
      "matmul",
      [
        [2, 2, 3],
        [3, 3, 2],
      ],
      { transposeA: false, transposeB: false },
    ),
    "the leading axes of",
  ],
  [
    use(
      "matmul",
      [
        [2, 3],
        [2, 3, 2],
      ],
      { transposeA: false, transposeB: false },
    ),
    "the leading axes of",
  ],
  [
    use(
      "conv2d",
      [
        [1, 4, 4, 3],
        [8, 3, 3, 2],
      ],
      conv,
    ),
    "needs 2 channels in 1 groups, the image has 3",
  ],
  [
    use(
      "conv2d",
      [
        [1, 4, 4, 3],
        [8, 3, 3, 1],
      ],
      { ...conv, groups: 2 },
    ),
    "3 channels do not divide into 2 groups",
  ],
  [
    use(
      "conv2d",
      [
        [1, 4, 4, 4],
        [5, 3, 3, 2],
      ],
      { ...conv, groups: 2 },
    ),
    "5 outputs do not divide into 2 groups",
  ],
  [
    use(
      "conv2d",
      [
        [1, 2, 4, 1],
        [1, 3, 3, 1],
      ],
      conv,
    ),
    "a window of 3 does not fit into 2 with padding 0 and 0",
  ],
  [
    use(
      "conv2d",
      [
        [1, 4, 4, 1],
        [1, 3, 3, 1],
      ],
      { ...conv, stride: [0, 1] },
    ),
    "stride must be whole numbers of at least 1",
  ],
  [
    use(
      "conv2d_input_gradient",
      [
        [1, 3, 3, 1],
        [1, 3, 3, 1],
      ],
      { ...conv, inputShape: [1, 4, 4, 1] },
    ),
    "the cotangent must have shape [1,2,2,1], has [1,3,3,1]",
  ],
  [
    use(
      "conv2d_weight_gradient",
      [
        [1, 4, 4, 1],
        [1, 3, 3, 1],
      ],
      { ...conv, weightShape: [1, 3, 3, 1] },
    ),
    "the cotangent must have shape [1,2,2,1], has [1,3,3,1]",
  ],
  [use("window_sum", [[1, 4, 4, 1]], { ...window, dilation: [2, 4] }), "a window of 9 does not fit into 4"],
  [
    use("window_max", [[1, 4, 4, 1]], { ...window, kernel: [2, 2], padding: [2, 0, 0, 0] }),
    "window 0 lies in the padding only (kernel 2, padding 2 and 0)",
  ],
  // Dilation 3 steps over the single row: taps at −1 and 2.
  [
    use("window_max", [[1, 1, 4, 1]], { ...window, kernel: [2, 1], padding: [1, 2, 0, 0], dilation: [3, 1] }),
    "window 0 lies in the padding only",
  ],
  [use("unit_rows", [[3]], {}), "rows need two axes or more"],
  [use("row_norm", [[3]], { epsilon: -1 }), "epsilon must be 0 or more, is -1"],
  [
    use(
      "bcos_scale",
      [
        [2, 4],
        [2, 3],
      ],
      { b: 2 },
    ),
    "4 channels do not divide into 3 groups",
  ],
  [
    use(
      "bcos_scale",
      [
        [2, 4],
        [3, 1],
      ],
      { b: 2 },
    ),
    "differ in more than the last axis",
  ],
  [
    use(
      "bcos_scale",
      [
        [2, 4],
        [2, 1],
      ],
      { b: 0.5 },
    ),
    "the exponent must be 1 or more, is 0.5",
  ],
  [use("random_uniform", [[2]], { shape: [2], key: 0 }), "the step must have shape [1], has [2]"],
  [use("random_uniform", [], { shape: [2], key: 0.5 }), "the key must be a whole number"],
];

test.each(bad)("%j is refused: %s", ([op, inputs, attributes, given], message) => {
  expect(() => inferShape(op, inputs, attributes, given)).toThrow(message);
});
