import { describe, expect, it } from "vitest";
import type { Form, StateSpec } from "../../src/compiler/graph/program.ts";
import { importFindings } from "../../src/runtime/weights/exchange/findings.ts";
import { importTensors } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { fillPattern, matchPattern, wildcardsOf } from "../../src/runtime/weights/exchange/patterns.ts";
import { sources } from "../../src/runtime/weights/exchange/sources.ts";
import { fileShape } from "../../src/runtime/weights/layout.ts";
import { storeFloat32, type StoredTensor } from "../../src/runtime/weights/safetensors.ts";
import { filled, scrambled, smallNetwork, textState } from "./networks.ts";

const stateOf = (form: Form): readonly StateSpec[] => textState(smallNetwork, form);

const zeros = (length: number): StoredTensor => storeFloat32([length], new Float32Array(length));
const counter: StoredTensor = { dtype: "I64", shape: [], bytes: new Uint8Array(8) };

/** As the published networks name them; `prefix` in front of each name. */
function published(prefix = "", mean = zeros(6)): Map<string, StoredTensor> {
  return new Map<string, StoredTensor>([
    [`${prefix}conv1.linear.weight`, filled([6, 6, 3, 3], 1)],
    [`${prefix}bn1.weight`, filled([6], 2)],
    [`${prefix}bn1.running_mean`, mean],
    [`${prefix}bn1.running_var`, filled([6], 3)],
    [`${prefix}bn1.num_batches_tracked`, counter],
    [`${prefix}fc.linear.weight`, filled([4, 6, 1, 1], 4)],
  ]);
}

/** As torchvision names them. */
function conventional(prefix = ""): Map<string, StoredTensor> {
  return new Map(stateOf("standard").map((spec, i) => [`${prefix}${spec.path}`, filled(fileShape(spec), i)] as const));
}

const bcos = stateOf("bcos");

describe("importing", () => {
  it("renames, drops what is not needed, and leaves every byte", () => {
    const file = published();
    const { tensors, report } = importTensors(bcos, file);
    expect(report).toMatchObject({ source: "bcos-v2", prefix: "", missing: [], unexpected: [], ambiguous: [] });
    expect(report.mapped.map((m) => `${m.name} ${m.path}`)).toEqual([
      "conv1.linear.weight conv1.weight",
      "bn1.weight bn1.weight",
      "bn1.running_var bn1.running_var",
      "fc.linear.weight fc.weight",
    ]);
    expect(report.dropped.map((d) => d.name)).toEqual(["bn1.running_mean", "bn1.num_batches_tracked"]);
    expect(tensors.get("conv1.weight")).toEqual(file.get("conv1.linear.weight"));
    expect(importFindings(report, { partial: false }, "f")).toEqual([]);
  });

  it.each(["module.", "model.", "0.", "ema.module.", "state_dict.model.module.", "model_ema."])(
    "finds the names behind %s",
    (prefix) => {
      const { report } = importTensors(bcos, published(prefix));
      expect(report).toMatchObject({ prefix, missing: [], unexpected: [] });
      expect(report.mapped).toHaveLength(4);
    },
  );

  it("takes the trained weights of a checkpoint, or the averages when asked, and leaves the rest aside", () => {
    const file = new Map([
      ...published("state_dict.ema.module."),
      ...published("state_dict.model."),
      ["optimizer.state.0.exp_avg", zeros(3)] as const,
    ]);
    const plain = importTensors(bcos, file).report;
    expect(plain).toMatchObject({ prefix: "state_dict.model.", missing: [], unexpected: [] });
    expect(plain.aside).toContain("optimizer.state.0.exp_avg");
    expect(plain.aside.filter((name) => name.startsWith("state_dict.ema."))).toHaveLength(6);
    const average = importTensors(bcos, file, { prefix: "state_dict.ema.module." }).report;
    expect(average.mapped.every((m) => m.name.startsWith("state_dict.ema.module."))).toBe(true);
    expect(average.unexpected).toEqual([]);
  });

  it("drops means only where the function does not need them", () => {
    const used = filled([6], 1);
    expect(importTensors(bcos, published("", used)).report).toMatchObject({ source: "bcosification", unexpected: [] });
    const strict = importTensors(bcos, published("", used), { from: "bcos-v2" }).report;
    expect(strict.unexpected.map((u) => u.name)).toEqual(["bn1.running_mean"]);
  });

  it("recognises the source by the names", () => {
    expect(importTensors(stateOf("standard"), conventional("module.")).report).toMatchObject({
      source: "torchvision",
      prefix: "module.",
      missing: [],
    });
    const bare = new Map([...published()].filter(([, tensor]) => tensor.shape.length !== 1));
    expect(importTensors(bcos, bare).report.source).toBe("bcos-v1");
  });

  it("says what is missing, unknown, of another shape, or there twice", () => {
    const file = published();
    file.delete("bn1.weight");
    file.set("extra", zeros(2));
    file.set("fc.linear.weight", filled([5, 6, 1, 1], 0));
    file.set("conv1.weight", filled([6, 6, 3, 3], 0));
    const { report, tensors } = importTensors(bcos, file);
    expect(report.missing.map((m) => m.path)).toEqual(["bn1.weight"]);
    expect(report.unexpected).toEqual([{ name: "extra", shape: [2] }]);
    expect(report.misshapen).toEqual([
      { path: "fc.weight", name: "fc.linear.weight", expected: [4, 6, 1, 1], found: [5, 6, 1, 1] },
    ]);
    expect(report.ambiguous).toEqual([{ path: "conv1.weight", names: ["conv1.linear.weight", "conv1.weight"] }]);
    expect([...tensors.keys()]).toEqual(["bn1.running_var"]);
    const codes = (partial: boolean) => importFindings(report, { partial }, "f").map((d) => d.code);
    expect(codes(false)).toEqual(["weights/twice", "weights/shape", "weights/missing", "weights/unexpected"]);
    expect(codes(true)).toEqual(["weights/twice", "weights/shape"]);
  });

  it("takes axes of length 1 that only one of them has, but no other shape of as many numbers", () => {
    const standard = stateOf("standard");
    const file = conventional();
    file.set("fc.weight", filled([4, 6, 1, 1], 9));
    const { report, tensors } = importTensors(standard, file);
    expect(report.mapped.find((m) => m.path === "fc.weight")).toMatchObject({ shape: [4, 6], converted: [4, 6, 1, 1] });
    expect(tensors.get("fc.weight")!.bytes).toEqual(file.get("fc.weight")!.bytes);
    for (const shape of [[6, 4], [24], [1, 24], [2, 12], [4, 2, 3]]) {
      file.set("fc.weight", filled(shape, 9));
      expect(importTensors(standard, file).report.misshapen, String(shape)).toHaveLength(1);
    }
  });

  it.each(["I64", "I32", "I16", "I8", "U8", "BOOL"] as const)("refuses %s for a weight", (dtype) => {
    const file = published();
    file.set("bn1.weight", scrambled(dtype, [6], 1));
    const { report, tensors } = importTensors(bcos, file);
    expect(report.mistyped).toEqual([{ path: "bn1.weight", name: "bn1.weight", dtype }]);
    expect(tensors.has("bn1.weight")).toBe(false);
    const codes = (partial: boolean) => importFindings(report, { partial }, "f").map((d) => d.code);
    expect([codes(false), codes(true)]).toEqual([["weights/dtype"], ["weights/dtype"]]);
  });

  it("takes rules of the user's own before all others", () => {
    const file = new Map([...conventional()].map(([name, t]) => [name.replace(/^conv1\.|^bn1\./, "stem.$&"), t]));
    const renames = [{ file: "stem.*.*", model: "*.*" }];
    const { report } = importTensors(stateOf("standard"), file, { renames });
    expect(report).toMatchObject({ missing: [], unexpected: [] });
    expect(report.mapped.find((m) => m.path === "bn1.bias")!.name).toBe("stem.bn1.bias");
  });
});

describe("patterns of names", () => {
  it.each([
    ["**.linear.weight", "a.0.linear.weight", ["a.0"]],
    ["**.linear.weight", "linear.weight", undefined],
    ["*.weight", "a.weight", ["a"]],
    ["*.weight", "a.b.weight", undefined],
    ["features.#.*", "features.12.bias", ["12", "bias"]],
    ["features.#.*", "features.x.bias", undefined],
    ["encoder_#.w", "encoder_3.w", ["3"]],
    ["a.b", "axb", undefined],
    ["a+b.(c)", "a+b.(c)", []],
  ])("%s and %s", (pattern, name, values) => {
    expect(matchPattern(pattern, name)).toEqual(values);
    if (values !== undefined) expect(fillPattern(pattern, values)).toBe(name);
  });

  it("have the same wildcards on both sides of every rule, and match no endless names", () => {
    for (const { rules, drops, restores } of sources) {
      for (const rule of rules) expect(wildcardsOf(rule.file), rule.file).toEqual(wildcardsOf(rule.model));
      for (const { file, beside } of restores) expect(wildcardsOf(file)).toEqual(wildcardsOf(beside));
      for (const { file, beside } of drops)
        if (beside !== undefined) expect(wildcardsOf(file)).toEqual(wildcardsOf(beside));
    }
    expect(matchPattern("**.w", `${"a.".repeat(100_000)}w`)).toBeUndefined();
  });
});
