/** The bench's lists of layers are the models: the same weights, of the same shapes. */
import { expect, test } from "vitest";
import { allLayers, layersOf, resnet18, resnet20, resnet20NormFree, resnet50 } from "../../bench/networks.ts";
import { networkProgram } from "../../bench/ours/network-program.ts";
import { fileShape } from "../../src/runtime/weights/layout.ts";

test.each([resnet20, resnet20NormFree, resnet18, resnet50])("$name has the weights of its model", (network) => {
  const program = networkProgram(network, 1, []);
  const listed = allLayers(layersOf(network)).flatMap(
    ({ convolution, norm }): (readonly [string, readonly number[]])[] => {
      const { path, inputs, outputs, kernel } = convolution;
      const statistics = norm === undefined ? [] : [`${norm}.weight`, `${norm}.running_var`];
      return [[path, [outputs, inputs, kernel, kernel]], ...statistics.map((name) => [name, [outputs]] as const)];
    },
  );
  const own = program.state.map((spec) => [spec.path, fileShape(spec)] as const);
  expect(new Map(listed)).toEqual(new Map(own));
});
