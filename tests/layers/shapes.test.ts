import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Shape } from "../../src/compiler/graph/graph.ts";
import type { ArgumentValue, ShapeResult } from "../../src/compiler/layers/layer.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import { diagnose } from "../../src/diagnostics/catalogue.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { argumentsOf, net } from "./nets.ts";

type Given = Readonly<Record<string, ArgumentValue>>;

function shapeOf(layer: string, args: Given, ...inputs: Shape[]): ShapeResult {
  return layerTable[layer]!.shape(argumentsOf(layer, args), inputs);
}

/** The shape, or the message of the problem. */
function outcome(layer: string, args: Given, ...inputs: Shape[]): Shape | string {
  const result = shapeOf(layer, args, ...inputs);
  return "shape" in result ? result.shape : diagnose(result.problem.code, result.problem.params as never).message;
}

const image = [8, 9, 4];

describe("shapes", () => {
  test.each<[string, Given, Shape, Shape]>([
    ["conv", { width: 6, kernel: 3 }, image, [8, 9, 6]],
    ["conv", { width: 6, kernel: 7, stride: 2 }, [224, 224, 3], [112, 112, 6]],
    ["conv", { width: 6, kernel: 3, padding: [0, 0] }, image, [6, 7, 6]],
    ["conv", { width: 6, kernel: [1, 7], stride: [2, 1] }, image, [4, 9, 6]],
    ["conv", { width: 6, kernel: 3, dilation: 2, groups: 2 }, image, [8, 9, 6]],
    ["conv", { width: 6, kernel: 2, stride: 2 }, image, [4, 4, 6]],
    ["depthwise_conv", { kernel: 3, multiplier: 2 }, image, [8, 9, 8]],
    ["linear", { width: 5 }, [7], [5]],
    ["linear", { width: 5 }, image, [8, 9, 5]],
    ["norm", {}, image, image],
    ["norm", { kind: { variant: "group", args: [2] } }, image, image],
    ["norm", { kind: { variant: "layer", args: [] } }, [7], [7]],
    ["relu", {}, image, image],
    ["max_pool", { kernel: 3, stride: 2 }, [112, 112, 4], [56, 56, 4]],
    ["max_pool", { kernel: 2 }, image, [4, 4, 4]],
    ["avg_pool", { kernel: 3, stride: 1 }, image, image],
    ["global_avg_pool", {}, image, [4]],
    ["global_avg_pool", {}, [5, 4], [4]],
    ["blur_pool", {}, image, [4, 5, 4]],
    ["flatten", {}, image, [288]],
    ["crop", { size: [2, 9] }, image, [2, 9, 4]],
    ["pad", { size: [1, 2] }, image, [10, 13, 4]],
    ["upsample", { factor: [2, 1] }, image, [16, 9, 4]],
    ["dropout", { rate: 0.5 }, image, image],
    ["stochastic_depth", { rate: 0.5 }, image, image],
    ["identity", {}, image, image],
    ["patches", { size: [2, 3] }, image, [4, 3, 24]],
    ["position_embed", {}, [8, 9, 12], [8, 9, 12]],
    ["tokens", {}, image, [72, 4]],
    ["attention", { heads: 2 }, [5, 12], [5, 4]],
  ])("%s %o of %o", (layer, args, input, expected) => {
    expect(outcome(layer, args, input)).toEqual(expected);
  });

  test("joins", () => {
    expect(outcome("add", {}, image, image)).toEqual(image);
    expect(outcome("mul", {}, image, [4])).toEqual(image);
    expect(outcome("mul", {}, [1, 1, 4], image)).toEqual(image);
    expect(outcome("concat", {}, image, [8, 9, 2], [8, 9, 1])).toEqual([8, 9, 7]);
    expect(outcome("concat", {}, [3], [4])).toEqual([7]);
  });

  test.each(["gelu", "silu", "sigmoid", "layer_scale"])("%s keeps the shape", (layer) => {
    expect(outcome(layer, {}, image)).toEqual(image);
    expect(outcome(layer, {}, [7])).toEqual([7]);
  });
});

describe("problems", () => {
  test.each<[string, Given, Shape[], string]>([
    ["conv", { width: 6, kernel: 3 }, [[7]], "`conv` takes an image `[H, W, C]`, not `[7]`"],
    [
      "conv",
      { width: 6, kernel: 9, padding: 0 },
      [image],
      "the window of `conv` covers 9 pixels, but the padded height has only 8",
    ],
    [
      "conv",
      { width: 6, kernel: [3, 3], dilation: [1, 7], padding: 0 },
      [image],
      "the window of `conv` covers 15 pixels, but the padded width has only 9",
    ],
    [
      "conv",
      { width: 6, kernel: 3, groups: 3 },
      [image],
      "`conv` has 3 groups, which don't divide its 4 input channels",
    ],
    ["conv", { width: 6, kernel: 3, groups: 4 }, [image], "`conv` has 4 groups, which don't divide its 6 outputs"],
    [
      "max_pool",
      { kernel: 3, padding: 2 },
      [image],
      "the padding 2 of `max_pool` is more than half of its window's height, 3",
    ],
    ["global_avg_pool", {}, [[4]], "`global_avg_pool` takes an image `[H, W, C]` or tokens `[T, D]`, not `[4]`"],
    [
      "norm",
      { kind: { variant: "group", args: [3] } },
      [image],
      "`norm` has 3 groups, which don't divide its 4 channels",
    ],
    [
      "norm",
      { kind: { variant: "instance", args: [] } },
      [[4]],
      "`norm(kind: instance)` takes an image `[H, W, C]` or tokens `[T, D]`, not `[4]`",
    ],
    ["crop", { size: 9 }, [image], "`crop` to height 9, but the image has only 8"],
    ["patches", { size: 3 }, [image], "patches of height 3 don't divide an image of height 8"],
    ["patches", { size: [2, 2] }, [image], "patches of width 2 don't divide an image of width 9"],
    ["patches", { size: 2 }, [[8, 4]], "`patches` takes an image `[H, W, C]`, not `[8, 4]`"],
    ["position_embed", {}, [image], "`position_embed` takes a multiple of 4 channels, 8 or more, not 4"],
    ["position_embed", {}, [[8, 9, 10]], "`position_embed` takes a multiple of 4 channels, 8 or more, not 10"],
    ["position_embed", {}, [[72, 8]], "`position_embed` takes an image `[H, W, C]`, not `[72, 8]`"],
    ["tokens", {}, [[5, 4]], "`tokens` takes an image `[H, W, C]`, not `[5, 4]`"],
    ["attention", { heads: 4 }, [[5, 18]], "18 channels are not queries, keys and values of 4 heads each"],
    ["attention", { heads: 1 }, [[5, 4]], "4 channels are not queries, keys and values of 1 head each"],
    ["attention", { heads: 2 }, [[2, 2, 12]], "`attention` takes tokens `[T, 3 * D]`, not `[2, 2, 12]`"],
    ["add", {}, [image, [8, 9, 1]], "the two sides of `+` have different shapes"],
    ["mul", {}, [image, [8, 9, 1]], "the two sides of `*` have different shapes"],
    ["concat", {}, [image, [8, 8, 4]], "the parts of `concat` do not fit together"],
  ])("%s %o", (layer, args, inputs, message) => {
    expect(outcome(layer, args, ...inputs)).toBe(message);
  });
});

test("the graph agrees with every shape rule, whatever the window", () => {
  const size = fc.integer({ min: 1, max: 9 });
  const small = fc.integer({ min: 1, max: 4 });
  const window = fc.record({
    height: size,
    width: size,
    channels: small,
    kernel: fc.tuple(small, small),
    stride: fc.tuple(small, small),
    dilation: fc.tuple(small, small),
    padding: fc.oneof(fc.constant("same" as const), fc.tuple(fc.nat(3), fc.nat(3))),
    form: fc.constantFrom("bcos" as const, "standard" as const),
    layer: fc.constantFrom("conv", "depthwise_conv", "max_pool", "avg_pool"),
  });
  fc.assert(
    fc.property(window, ({ height, width, channels, kernel, stride, dilation, padding, form, layer }) => {
      const pooled = layer.endsWith("pool");
      const args = {
        kernel,
        stride,
        padding,
        ...(pooled ? {} : { dilation }),
        ...(layer === "conv" ? { width: 3 } : {}),
      };
      const expected = shapeOf(layer, args, [height, width, channels]);
      fc.pre("shape" in expected);
      const b = net([height, width, channels]);
      const it = b.layer(layer, "it", "input", args);
      const network = b.finish(b.layer("global_avg_pool", "pool", it), {
        encode: { variant: "none", args: [] },
        logitBias: 0,
      });
      const { program } = buildProgram(network, { form, batch: 1, graphs: ["predict"], keepTaps: true });
      const graph = program.graphs.predict!;
      const tap = graph.nodes[graph.outputs["tap/it"]!]!;
      expect(tap.shape.slice(1)).toEqual("shape" in expected ? expected.shape : undefined);
    }),
    { numRuns: 150 },
  );
});
