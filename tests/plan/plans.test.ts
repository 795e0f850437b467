import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { expectAgreement, programOf } from "./agree.ts";

function networkOf(file: string): Network {
  const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
  expect(network).toBeDefined();
  return network!;
}

describe.each(["models/mnist.bcos", "models/cifar/resnet20.bcos"])("%s", (file) => {
  test.each([true, false])("plans compute what the graphs say (fused: %s)", (fuse) => {
    const names = ["predict", "explain", "gradient", "train"] as const;
    const { program, state } = programOf(networkOf(file), names);
    for (const name of names) expectAgreement(program, name, state, { fuse });
  });
});
