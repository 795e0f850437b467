/** That the numbers of weights are those of all models: the networks are counted where they are compiled. */
import { expect, test } from "vitest";
import { counts } from "./counts.ts";
import { modelFiles } from "./networks.ts";

/** The published entry points and the files that hold them. */
const published: Readonly<Record<string, string>> = {
  resnet18: "resnet18",
  resnet34: "resnet34",
  resnet50: "resnet50",
  resnet101: "resnet101",
  resnet152: "resnet152",
  resnext50_32x4d: "resnext50-32x4d",
  densenet121: "densenet121",
  densenet161: "densenet161",
  densenet169: "densenet169",
  densenet201: "densenet201",
  vgg11_bnu: "vgg11",
  simple_vit_ti_patch16_224: "simple-vit-ti-patch16-224",
  simple_vit_s_patch16_224: "simple-vit-s-patch16-224",
  simple_vit_b_patch16_224: "simple-vit-b-patch16-224",
  simple_vit_l_patch16_224: "simple-vit-l-patch16-224",
  vitc_ti_patch1_14: "vitc-ti-patch1-14",
  vitc_s_patch1_14: "vitc-s-patch1-14",
  vitc_b_patch1_14: "vitc-b-patch1-14",
  vitc_l_patch1_14: "vitc-l-patch1-14",
  convnext_tiny: "convnext-tiny",
  convnext_base: "convnext-base",
  convnext_tiny_bnu: "convnext-tiny-bnu",
  convnext_base_bnu: "convnext-base-bnu",
  resnet50_long: "resnet50",
  resnet152_long: "resnet152",
  densenet121_long: "densenet121",
};

test("every model has its numbers here", () => {
  expect(Object.keys(counts).toSorted()).toEqual(modelFiles);
});

test("every published network has a file with a number", () => {
  for (const [name, file] of Object.entries(published)) expect(counts[`${file}.bcos`]?.v2, name).toBeGreaterThan(0);
});
