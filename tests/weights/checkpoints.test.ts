import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkpoints, hashOf } from "../../src/runtime/weights/checkpoints.ts";
import { bcoscHere, temporaryFolder } from "../cli/run.ts";

const root = join(import.meta.dirname, "../..");

describe("published checkpoints", () => {
  it("have names and files of their own", () => {
    expect(new Set(checkpoints.map((c) => c.name)).size).toBe(checkpoints.length);
    expect(new Set(checkpoints.map(hashOf)).size).toBe(checkpoints.length);
    for (const checkpoint of checkpoints) expect(hashOf(checkpoint)).toMatch(/^[0-9a-f]{10}$/);
  });

  it.each(checkpoints)("$name has a model with as many parameters", ({ model, parameters }) => {
    const [network] = checkFile(createNodeHost(), join(root, model)).networks;
    const { program } = buildProgram(network!, { form: "bcos", batch: 1, graphs: [] });
    const weights = program.state.filter((spec) => spec.role === "weight");
    expect(weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(parameters);
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
