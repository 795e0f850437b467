import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { Variant } from "../../src/compiler/layers/layer.ts";
import { checkpoints, hashOf, optionsOf } from "../../src/runtime/weights/checkpoints.ts";
import { exportTensors } from "../../src/runtime/weights/exchange/export-tensors.ts";
import { wantedShapes } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { loadSafetensors } from "../../src/runtime/weights/files.node.ts";
import { writeSafetensors } from "../../src/runtime/weights/safetensors.ts";
import { sizeOf } from "../../src/shape.ts";
import { bcoscHere, temporaryFolder } from "../cli/run.ts";
import { filled, modelState } from "./networks.ts";

const root = join(import.meta.dirname, "../..");

describe("published checkpoints", () => {
  it("have names of their own, and those of 2024 files with hashes", () => {
    expect(new Set(checkpoints.map((c) => c.name)).size).toBe(checkpoints.length);
    const hashes = checkpoints.map(hashOf).filter((hash) => hash !== undefined);
    expect(hashes).toHaveLength(26);
    expect(new Set(hashes).size).toBe(26);
    for (const checkpoint of checkpoints) expect(hashOf(checkpoint) !== undefined).toBe(checkpoint.file !== undefined);
  });

  it.each(checkpoints)("$name has a model with as many parameters", ({ model, form, preset, parameters }) => {
    const weights = modelState(model.replace(/^models\//, ""), form, preset).filter((spec) => spec.role === "weight");
    const count = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (parameters === undefined) expect(count).toBeGreaterThan(0);
    else expect(count).toBe(parameters);
  });

  it.each(checkpoints.filter((c) => c.settings !== undefined))("$name has settings that compile", (checkpoint) => {
    const { model, preset, settings } = checkpoint;
    const { diagnostics } = checkFile(createNodeHost(), join(root, model), { preset, settings });
    expect(diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    expect(optionsOf(checkpoint)).toContain(`--settings "${settings}"`);
  });

  it("have the scales and temperatures that the model's file states", () => {
    const path = join(root, "models/cifar/nine-layers.bcos");
    const { settings } = checkpoints.find((c) => c.name === "v1_nine_layers_b2")!;
    const [own] = checkFile(createNodeHost(), path).networks;
    const [listed] = checkFile(createNodeHost(), path, { settings }).networks;
    const { scale, ...rest } = listed!.settings;
    expect({ ...own!.settings, scale }).toEqual({ ...rest, scale });
    const divisor = (variant: Variant): number => Number(variant.args[0]);
    expect(divisor(scale)).toBeCloseTo(divisor(own!.settings.scale), 15);
  });

  it("are imported by their names", async () => {
    const chosen = ["v1_nine_layers_b1.5", "standard_simple_vit_ti_patch16_224", "bcosified_resnet18"];
    for (const name of chosen) {
      const { model, form, preset, source } = checkpoints.find((c) => c.name === name)!;
      const state = modelState(model.replace(/^models\//, ""), form, preset);
      const own = new Map([...wantedShapes(state)].map(([path, shape], i) => [path, filled(shape, i)] as const));
      const file = writeSafetensors(exportTensors(state, own, { to: source, form }).tensors);
      const folder = temporaryFolder({ "there.safetensors": file });
      const out = join(folder, "here.safetensors");
      const run = await bcoscHere("import", join(folder, "there.safetensors"), "--checkpoint", name, "-o", out);
      expect(run).toMatchObject({ code: 0, err: "" });
      expect(run.out).toContain("its hash is not known");
      expect(run.out).toContain(`other commands take it with ${optionsOf(checkpoints.find((c) => c.name === name)!)}`);
      expect(new Set((await loadSafetensors(out)).tensors.keys())).toEqual(new Set(own.keys()));
    }
  });

  it("are listed, and refused where the file is another one", async () => {
    expect((await bcoscHere("checkpoints")).out).toContain("resnet_50_long-ef38a88533.pth");
    const folder = temporaryFolder({ "x.pth": "not the file" });
    const run = await bcoscHere("import", join(folder, "x.pth"), "--checkpoint", "resnet50_long");
    expect(run.code).toBe(2);
    expect(run.err).toContain("is not the published file: its SHA-256 starts with");
    const both = await bcoscHere("import", join(folder, "x.pth"), "--checkpoint", "resnet18", "--model", "x.bcos");
    expect(both.err).toContain("error[usage/conflict]");
  });
});
