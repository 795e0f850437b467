import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { sizeOf } from "../../src/compiler/graph/graph.ts";
import type { Form } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import { resNet } from "./nets.ts";

function parameters(network: Network, form: Form): number {
  const { program } = buildProgram(network, { form, batch: 1, graphs: [] });
  return program.state.filter((s) => s.role === "weight").reduce((total, s) => total + sizeOf(s.shape), 0);
}

const imageNet = { size: 224, widths: [64, 128, 256, 512], classes: 1000, large: true };
const cifar = { size: 32, widths: [16, 32, 64], blocks: [3, 3, 3], classes: 10 };

describe("parameter counts of published networks", () => {
  test("ResNet-18 and ResNet-34, B-cos as published and conventional as in torchvision", () => {
    const resNet18 = resNet({ ...imageNet, blocks: [2, 2, 2, 2] });
    const resNet34 = resNet({ ...imageNet, blocks: [3, 4, 6, 3] });
    expect(parameters(resNet18, "bcos")).toBe(11_693_120);
    expect(parameters(resNet18, "standard")).toBe(11_689_512);
    expect(parameters(resNet34, "bcos")).toBe(21_797_568);
    expect(parameters(resNet34, "standard")).toBe(21_797_672);
  });

  test("the networks of 2022, with two units an output and without norms", () => {
    expect(parameters(resNet({ ...imageNet, blocks: [3, 4, 6, 3], settings: presets.v1 }), "bcos")).toBe(43_578_112);
  });

  test("CIFAR ResNet-20 and the ablations of its norm", () => {
    const count = (settings: Parameters<typeof resNet>[0]["settings"]) =>
      parameters(resNet({ ...cifar, settings: settings ?? {} }), "bcos");
    expect(count({})).toBe(272_112);
    expect(count({ maxout: 2, norm: { variant: "none", args: [] } })).toBe(542_656);
    expect(count({ maxout: 2, norm: { variant: "all", args: [] }, normBias: true })).toBe(542_698);
    expect(count({ norm: { variant: "batch", args: [] }, normBias: true })).toBe(272_896);
    expect(count({ maxout: 2, norm: { variant: "group_uncentered", args: [2] }, normBias: true })).toBe(544_224);
  });
});
