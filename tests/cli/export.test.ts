import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wantedShapes } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { loadSafetensors } from "../../src/runtime/weights/files.node.ts";
import { writeSafetensors } from "../../src/runtime/weights/safetensors.ts";
import { scrambled, textState } from "../weights/networks.ts";
import { bcosc, bcoscHere, temporaryFolder } from "./run.ts";
import { tinyModel } from "./tiny.ts";

const own = new Map(
  [...wantedShapes(textState(tinyModel, "bcos"))].map(([path, shape], i) => [path, scrambled("F16", shape, i)]),
);
const folder = temporaryFolder({
  "tiny.bcos": tinyModel,
  "net.safetensors": writeSafetensors(own),
  "part.safetensors": writeSafetensors([...own].slice(1)),
});
const at = (name: string): string => join(folder, name);

describe("bcosc export", () => {
  it("writes names of another program, and `bcosc import` takes them back bit by bit", async () => {
    const out = at("made/torch.safetensors");
    const words = ["--weights", at("net.safetensors"), "--model", at("tiny.bcos"), "-o", out, "--verbose"];
    const run = await bcosc(["export", ...words]);
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("(bcos) with the names of bcos-v2\n  4 tensors: 2 renamed, 0 of another shape\n");
    expect(run.out).toMatch(/fc\.weight +→ fc\.linear\.weight +\[10, 8, 1, 1\]/);
    expect(run.out).toMatch(/zeros: bn1\.running_mean\n +zeros: bn1\.num_batches_tracked\n/);
    const { tensors, metadata } = await loadSafetensors(out);
    expect(tensors.size).toBe(6);
    expect(Object.fromEntries(metadata)).toEqual({ format: "pt" });
    const back = await bcoscHere("import", out, "--model", at("tiny.bcos"), "-o", at("back.safetensors"));
    expect(back).toMatchObject({ code: 0, err: "" });
    const again = await loadSafetensors(at("back.safetensors"));
    for (const [path, { dtype, shape, bytes }] of own) {
      const found = again.tensors.get(path)!;
      expect({ ...found, bytes: [...found.bytes] }).toEqual({ dtype, shape, bytes: [...bytes] });
    }
  });

  it("takes other names and prefixes, and reports as JSON", async () => {
    const words = ["--weights", at("net.safetensors"), "--model", at("tiny.bcos"), "-o", at("j.safetensors")];
    const run = await bcoscHere("export", ...words, "--to", "torchvision", "--prefix", "module.", "--json");
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(run.out)).toMatchObject({
      model: "Tiny",
      form: "bcos",
      target: "torchvision",
      prefix: "module.",
      restored: ["module.bn1.num_batches_tracked"],
      out: at("j.safetensors"),
    });
  });

  it.each<[string, readonly string[], string]>([
    ["no weights", ["--model", "tiny.bcos", "-o", "x"], "the argument `--weights` is missing"],
    ["no model", ["--weights", "net.safetensors", "-o", "x"], "the argument `--model` is missing"],
    ["no place", ["--weights", "net.safetensors", "--model", "tiny.bcos"], "the argument `--out` is missing"],
    ["weights of less", ["--weights", "part.safetensors", "--model", "tiny.bcos", "-o", "x"], "error[weights/missing]"],
    [
      "an unknown program",
      ["--weights", "net.safetensors", "--model", "tiny.bcos", "-o", "x", "--to", "keras"],
      "error[usage/value]",
    ],
    [
      "another form",
      ["--weights", "net.safetensors", "--model", "tiny.bcos", "--as", "standard", "-o", "x"],
      "error[weights/",
    ],
  ])("refuses %s", async (_name, words, message) => {
    const placed = words.map((word) => (/\.(bcos|safetensors)$/.test(word) ? at(word) : word));
    const run = await bcoscHere("export", ...placed.map((word) => (word === "x" ? at("x.safetensors") : word)));
    expect(run.code).toBe(2);
    expect(run.err).toContain(message);
  });
});
