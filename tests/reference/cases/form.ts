/** Leaves and changes of form. */
import type { Shape } from "../../../src/compiler/graph/graph.ts";
import { counterUniform } from "../../../src/runtime/random.ts";
import { build, gen, indices, nd, sum } from "../nd.ts";
import { broadcastAt, type Cases } from "./case.ts";

export const formCases = {
  // Leaves: `operations.test.ts` feeds `given` and the state `weight` with 0, 1, 2, …
  input: [{ label: "fed", attributes: { name: "given" }, inputs: [], expected: nd([2, 3], [0, 1, 2, 3, 4, 5]) }],
  state: [{ label: "held", attributes: { path: "weight" }, inputs: [], expected: nd([6], [0, 1, 2, 3, 4, 5]) }],
  constant: [
    { label: "one number", attributes: { values: [2.5] }, inputs: [], expected: nd([2, 2], [2.5, 2.5, 2.5, 2.5]) },
    { label: "a number an element", attributes: { values: [1, -2, 3] }, inputs: [], expected: nd([3], [1, -2, 3]) },
  ],

  reshape: [
    {
      label: "[2, 6] → [3, 4]",
      attributes: { shape: [3, 4] },
      inputs: [gen([2, 6], 0)],
      expected: nd([3, 4], gen([12], 0).data),
    },
  ],
  broadcast: (
    [
      [[1], [2, 3]],
      [[5], [2, 3, 5]],
      [
        [2, 1, 3],
        [2, 4, 3],
      ],
      [
        [2, 1],
        [2, 20],
      ],
    ] as const
  ).map(([from, shape]) => {
    const x = gen(from, 0.3);
    return {
      label: `[${from}] → [${shape}]`,
      attributes: { shape },
      inputs: [x],
      expected: build(shape, (...i) => broadcastAt(x, i)),
    };
  }),
  transpose: (
    [
      [
        [3, 5],
        [1, 0],
      ],
      [
        [2, 3, 4, 5],
        [0, 3, 1, 2],
      ],
      [
        [2, 3, 4, 5],
        [0, 2, 3, 1],
      ],
      [
        [2, 3, 17],
        [1, 0, 2],
      ],
      [
        [2, 3, 4],
        [2, 1, 0],
      ],
      [[4], [0]],
    ] as const
  ).map(([from, permutation]) => {
    const x = gen(from, 0.3);
    const shape = permutation.map((axis) => from[axis]!);
    const back = (i: number[]) => from.map((_, axis) => i[(permutation as readonly number[]).indexOf(axis)]!);
    return {
      label: `[${from}] by ${permutation}`,
      attributes: { permutation },
      inputs: [x],
      expected: build(shape, (...i) => x.at(...back(i))),
    };
  }),
  slice: (
    [
      [[7], [2], [3]],
      [
        [3, 5, 4],
        [1, 0, 2],
        [2, 5, 1],
      ],
      [
        [3, 40],
        [1, 3],
        [2, 30],
      ],
    ] as const
  ).map(([from, start, size]) => {
    const x = gen(from, 0.3);
    return {
      label: `[${from}] from ${start}`,
      attributes: { start, size },
      inputs: [x],
      expected: build(size, (...i) => x.at(...i.map((v, axis) => v + start[axis]!))),
    };
  }),
  pad: (
    [
      [[3], [2], [1]],
      [
        [2, 3, 2],
        [0, 1, 0],
        [1, 0, 2],
      ],
      [
        [2, 20],
        [1, 2],
        [0, 3],
      ],
    ] as const
  ).map(([from, before, after]) => {
    const x = gen(from, 0.3);
    const shape = from.map((d, axis) => d + before[axis]! + after[axis]!);
    return {
      label: `[${from}]`,
      attributes: { before, after },
      inputs: [x],
      expected: build(shape, (...i) => x.at(...i.map((v, axis) => v - before[axis]!))),
    };
  }),
  concat: (
    [
      [
        [
          [2, 3],
          [2, 1],
          [2, 4],
        ],
        1,
      ],
      [
        [
          [2, 3],
          [1, 3],
        ],
        0,
      ],
      [
        [
          [2, 2, 2, 20],
          [2, 2, 2, 3],
        ],
        3,
      ],
      [[[2, 3]], 1],
    ] as const
  ).map(([shapes, axis]) => {
    const inputs = (shapes as readonly Shape[]).map((s, k) => gen(s, k));
    const shape = inputs[0]!.shape.with(axis, sum(inputs.map((x) => x.shape[axis]!)));
    const expected = build(shape, (...i) => {
      let position = i[axis]!;
      const x = inputs.find((x) => position < x.shape[axis]! || ((position -= x.shape[axis]!), false))!;
      return x.at(...i.with(axis, position));
    });
    return { label: `${shapes.length} over ${axis}`, attributes: { axis }, inputs, expected };
  }),
  upsample: (
    [
      [
        [2, 2, 3, 2],
        [2, 3],
      ],
      [
        [1, 1, 1, 17],
        [1, 2],
      ],
    ] as const
  ).map(([from, factor]) => {
    const x = gen(from, 0.3);
    const shape = [from[0], from[1] * factor[0], from[2] * factor[1], from[3]];
    return {
      label: `[${from}] by ${factor}`,
      attributes: { factor },
      inputs: [x],
      expected: build(shape, (n, y, c, k) => x.at(n!, Math.floor(y! / factor[0]), Math.floor(c! / factor[1]), k!)),
    };
  }),
  block_sum: (
    [
      [
        [2, 4, 6, 2],
        [2, 3],
      ],
      [
        [1, 2, 1, 3],
        [2, 1],
      ],
    ] as const
  ).map(([from, factor]) => {
    const x = gen(from, 0.3);
    const shape = [from[0], from[1] / factor[0], from[2] / factor[1], from[3]];
    return {
      label: `[${from}] by ${factor}`,
      attributes: { factor },
      inputs: [x],
      expected: build(shape, (n, y, c, k) =>
        sum([...indices(factor)].map(([dy, dx]) => x.at(n!, y! * factor[0] + dy!, c! * factor[1] + dx!, k!))),
      ),
    };
  }),

  random_uniform: [
    {
      label: "without a step",
      attributes: { shape: [3, 3], key: 7 },
      inputs: [],
      expected: nd(
        [3, 3],
        Array.from({ length: 9 }, (_, i) => counterUniform(7, 0, i)),
      ),
    },
    {
      label: "with a step",
      attributes: { shape: [6], key: 7 },
      inputs: [nd([1], [12])],
      expected: nd(
        [6],
        Array.from({ length: 6 }, (_, i) => counterUniform(7, 12, i)),
      ),
    },
  ],
} satisfies Partial<Cases>;
