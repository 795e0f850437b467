/** Convolutions, windows and forms of shapes drawn at random, as calls of TensorFlow.js, against the reference device. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { input, scalar } from "../../src/compiler/graph/build.ts";
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import { sizeOf, type Shape, type ValueId } from "../../src/compiler/graph/graph.ts";
import { randomValues } from "../wasm/support.ts";
import { expectSame } from "./agree.ts";

type Four = [number, number, number, number];
type Pair = [number, number];

const whole = (min: number, max: number) => fc.integer({ min, max });
const pair = (min: number, max: number) => fc.tuple(whole(min, max), whole(min, max));
const padding = (max: number) => fc.tuple(...Array.from({ length: 4 }, () => whole(0, max))) as fc.Arbitrary<Four>;

const outputs = (size: number, kernel: number, stride: number, pads: number, dilation: number): number =>
  Math.floor((size + pads - dilation * (kernel - 1) - 1) / stride) + 1;

/** Output height and width; below 1 where the window does not fit. */
function outputSize(x: Shape, kernel: Pair, stride: Pair, [t, d, l, r]: Four, dilation: Pair): Pair {
  return [
    outputs(x[1]!, kernel[0], stride[0], t + d, dilation[0]),
    outputs(x[2]!, kernel[1], stride[1], l + r, dilation[1]),
  ];
}

async function check(shapes: readonly Shape[], build: (b: GraphBuilder, values: readonly ValueId[]) => void) {
  const b = createBuilder("test");
  const values = shapes.map((shape, i) => input(b, `x${i}`, shape));
  build(b, values);
  const feeds = Object.fromEntries(
    shapes.map((shape, i) => [`x${i}`, Float64Array.from(randomValues(sizeOf(shape), i + 3))]),
  );
  await expectSame(b.finish(), { feeds }, 2e-5);
}

describe("shapes drawn at random", () => {
  it("convolutions and their gradients", async () => {
    const geometry = fc.record({
      ...{ batch: whole(1, 2), side: pair(1, 9), kernel: pair(1, 4), stride: pair(1, 3), dilation: pair(1, 2) },
      ...{ padding: padding(3), groups: whole(1, 3), each: whole(1, 3), made: whole(1, 3) },
    });
    await fc.assert(
      fc.asyncProperty(geometry, async ({ batch, side, kernel, groups, each, made, ...conv }) => {
        const x = [batch, ...side, groups * each];
        const w = [groups * made, ...kernel, each];
        const [height, width] = outputSize(x, kernel, conv.stride, conv.padding, conv.dilation);
        fc.pre(height >= 1 && width >= 1);
        const attributes = { ...conv, groups };
        await check([x, w, [batch, height, width, groups * made]], (b, [image, weight, g]) => {
          b.output("y", b.emit("conv2d", [image!, weight!], attributes));
          b.output("dx", b.emit("conv2d_input_gradient", [g!, weight!], { ...attributes, inputShape: x }));
          b.output("dw", b.emit("conv2d_weight_gradient", [image!, g!], { ...attributes, weightShape: w }));
          b.output("n", b.emit("patch_norm", [image!], { ...attributes, kernel, epsilon: 1e-6 }));
        });
      }),
      { numRuns: 60 },
    );
  });

  it("windows", async () => {
    const geometry = fc.record({
      ...{ batch: whole(1, 2), side: pair(1, 8), channels: whole(1, 3), kernel: pair(1, 3), stride: pair(1, 3) },
      ...{ dilation: pair(1, 2), padding: padding(1) },
    });
    await fc.assert(
      fc.asyncProperty(geometry, async ({ batch, side, channels, ...window }) => {
        const { kernel, stride, dilation } = window;
        const x = [batch, ...side, channels];
        const [height, width] = outputSize(x, kernel, stride, window.padding, dilation);
        fc.pre(height >= 1 && width >= 1);
        const filled = [0, 1].every((axis) => meetsInput(side[axis]!, axis, [height, width][axis]!, window));
        await check([x, [batch, height, width, channels]], (b, [image, g]) => {
          b.output("sum", b.emit("window_sum", [image!], window));
          b.output("spread", b.emit("window_spread", [g!], { ...window, inputShape: x }));
          if (!filled) return;
          // Few different numbers: maxima stand at several places.
          const coarse = b.emit("sign", [image!], {});
          const largest = b.emit("window_max", [coarse], window);
          b.output("max", largest);
          b.output("route", b.emit("window_route", [g!, coarse, largest], window));
        });
      }),
      { numRuns: 60 },
    );
  });

  it("sums over many rows", async () => {
    // In blocks, in blocks of blocks, and numbers of rows without divisors.
    for (const rows of [[16], [40, 3], [1031], [2, 1024], [7, 30, 30], [2048, 3]]) {
      const axes = rows.map((_, axis) => axis);
      await check([[...rows, 3]], (b, [x]) => {
        b.output("sum", b.emit("reduce_sum", [x!], { axes }));
        b.output("mean", b.emit("reduce_mean", [x!], { axes }));
        b.output("variance", b.emit("reduce_variance", [x!], { axes }));
      });
    }
  });

  it("channels beside what they lack to a number", async () => {
    const shape = [2, 3, 4, 3];
    await check([shape], (b, [x]) => {
      const lacking = (to: number): ValueId => b.emit("sub", [scalar(b, to), x!], {});
      b.output("two", b.emit("concat", [x!, lacking(1)], { axis: 3 }));
      b.output("three", b.emit("concat", [lacking(0.5), x!, lacking(2)], { axis: 3 }));
      b.output("rows", b.emit("concat", [x!, lacking(1)], { axis: 1 }));
    });
  });

  it("axes beyond four", async () => {
    const shape = fc.array(whole(1, 3), { minLength: 5, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(shape, fc.infiniteStream(whole(0, 1000)), async (x, draws) => {
        const draw = (): number => draws.next().value as number;
        const permutation = shuffled(x.length, draw);
        const axes = x.flatMap((_, axis) => (draw() % 2 === 0 ? [axis] : []));
        const small = x.map((length) => (draw() % 2 === 0 ? length : 1));
        const size = x.map((length) => 1 + (draw() % length));
        const start = x.map((length, i) => draw() % (length - size[i]! + 1));
        await check([x, small, size], (b, [whole, part, piece]) => {
          b.output("transposed", b.emit("transpose", [whole!], { permutation }));
          b.output("sum", b.emit("reduce_sum", [whole!], { axes }));
          b.output("mean", b.emit("reduce_mean", [whole!], { axes }));
          b.output("variance", b.emit("reduce_variance", [whole!], { axes }));
          const coarse = b.emit("sign", [whole!], {});
          const largest = b.emit("reduce_max", [coarse], { axes });
          b.output("max", largest);
          b.output("route", b.emit("route_max", [b.emit("mul", [largest, largest], {}), coarse, largest], { axes }));
          b.output("apart", b.emit("sub", [whole!, part!], {}));
          b.output("broadcast", b.emit("broadcast", [part!], { shape: x }));
          b.output("slice", b.emit("slice", [whole!], { start, size }));
          b.output("pad", b.emit("pad", [piece!], { before: start, after: x.map((d, i) => d - start[i]! - size[i]!) }));
          b.output("concat", b.emit("concat", [whole!, whole!], { axis: permutation[0]! }));
          b.output("softmax", b.emit("softmax", [whole!], { axis: permutation[1]! }));
          b.output("log_softmax", b.emit("log_softmax", [whole!], { axis: permutation[2]! }));
        });
      }),
      { numRuns: 40 },
    );
  });

  it("products", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ lead: fc.array(whole(1, 3), { maxLength: 3 }), m: whole(1, 5), k: whole(1, 5), n: whole(1, 5) }),
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
        async ({ lead, m, k, n }, [transposeA, transposeB, shared]) => {
          const x = [...lead, ...(transposeA ? [k, m] : [m, k])];
          const right = transposeB ? [n, k] : [k, n];
          await check([x, shared ? right : [...lead, ...right]], (b, [left, y]) => {
            b.output("y", b.emit("matmul", [left!, y!], { transposeA, transposeB }));
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Whether every window along the axis holds an element of the input: maxima need one. */
function meetsInput(
  size: number,
  axis: number,
  windows: number,
  a: { kernel: Pair; stride: Pair; dilation: Pair; padding: Four },
): boolean {
  return Array.from({ length: windows }, (_, window) =>
    Array.from({ length: a.kernel[axis]! }, (_, tap) => {
      const at = window * a.stride[axis]! + tap * a.dilation[axis]! - a.padding[2 * axis]!;
      return at >= 0 && at < size;
    }).some(Boolean),
  ).every(Boolean);
}

function shuffled(length: number, draw: () => number): readonly number[] {
  const left = Array.from({ length }, (_, i) => i);
  return Array.from({ length }, () => left.splice(draw() % left.length, 1)[0]!);
}
