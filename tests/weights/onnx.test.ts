import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  bytesField,
  externalData,
  numberField,
  onnxFile,
  onnxTensor,
  onnxTypes,
  rawData,
  varint,
} from "../../scripts/fuzz/onnx-file.ts";
import { ascii, floats, type Bytes } from "../../scripts/fuzz/torch-file.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import type { FilesBeside } from "../../src/runtime/weights/beside.ts";
import { importFindings } from "../../src/runtime/weights/exchange/findings.ts";
import { importTensors } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { filesBeside, readTensorFile } from "../../src/runtime/weights/read-tensors.ts";
import { toFloat32 } from "../../src/runtime/weights/safetensors.ts";
import { textState } from "./networks.ts";

const read = (file: Uint8Array, beside?: FilesBeside) => readTensorFile(file, "f.onnx", beside).tensors;
const numbers = (file: Uint8Array, name = "w"): number[] => {
  const { dtype, bytes } = read(file).get(name)!;
  return [...toFloat32(dtype, bytes)];
};

function problem(file: Uint8Array, beside?: FilesBeside): string {
  try {
    for (const name of filesBeside(file, "f.onnx")) if (beside?.has(name) !== true) return `wants ${name}`;
    read(file, beside);
  } catch (error) {
    if (error instanceof BcosError) return error.message;
    throw error;
  }
  return "accepted";
}

const w = (data: Bytes, type: number = onnxTypes.F32, shape: readonly (number | bigint)[] = [2]): Bytes =>
  onnxTensor({ name: "w", shape, type, data });

describe("a network of PyTorch 1.13", () => {
  const file = new Uint8Array(readFileSync(join(import.meta.dirname, "data/net.onnx")));

  it("has the names of the state dict, and PyTorch's layouts", () => {
    const { format, tensors } = readTensorFile(file, "net.onnx");
    expect(format).toBe("onnx");
    expect(Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]))).toEqual({
      "conv.weight": ["F32", 3, 2, 3, 3],
      "bn.weight": ["F32", 3],
      "bn.bias": ["F32", 3],
      "bn.running_mean": ["F32", 3],
      "bn.running_var": ["F32", 3],
      "fc.weight": ["F32", 4, 3],
      "fc.bias": ["F32", 4],
    });
    expect([...toFloat32("F32", tensors.get("conv.weight")!.bytes)]).toEqual(Array.from({ length: 54 }, (_, i) => i));
    expect([...toFloat32("F32", tensors.get("bn.running_var")!.bytes)]).toEqual([1, 2, 3]);
    expect(tensors.get("fc.weight")!.bytes.buffer).toBe(file.buffer);
  });

  it("is imported", () => {
    const text = `model Net() {
      input  image: [8, 8, 2]
      output logits: [4]
      logits = image -> conv: conv(3, kernel: 3) -> bn: norm -> relu -> global_avg_pool -> fc: linear(4)
    }`;
    const { report, tensors } = importTensors(textState(text, "standard"), read(file));
    expect(importFindings(report, { partial: false }, "f")).toEqual([]);
    expect(tensors.size).toBe(7);
  });
});

describe("initialisers", () => {
  const halves = Uint8Array.of(0x00, 0x3c, 0x00, 0xc0);

  it.each<[string, Bytes, readonly number[]]>([
    ["raw", w(rawData(floats(1, 2))), [1, 2]],
    ["packed floats", w(bytesField(4, floats(1, 2))), [1, 2]],
    ["floats one by one", w([...varint(37), ...floats(1), ...varint(37), ...floats(2)]), [1, 2]],
    ["doubles", w(bytesField(10, [...new Uint8Array(Float64Array.of(1, 2).buffer)]), onnxTypes.F64), [1, 2]],
    ["raw halves", w(rawData(halves), onnxTypes.F16), [1, -2]],
    ["halves as whole numbers", w(bytesField(5, [...varint(0x3c00), ...varint(0xc000)]), onnxTypes.F16), [1, -2]],
    ["raw bfloat16", w(rawData([0x80, 0x3f, 0, 0xc0]), onnxTypes.BF16), [1, -2]],
    ["whole numbers", w(bytesField(7, [...varint(3), ...varint(-1n)]), onnxTypes.I64), [3, -1]],
    ["truth values", w(bytesField(5, [1, 0]), onnxTypes.BOOL), [1, 0]],
    ["an empty one", w([], onnxTypes.F32, [0]), []],
    ["packed dimensions", [...bytesField(1, [2]), ...w(rawData(floats(1, 2)), onnxTypes.F32, [])], [1, 2]],
    ["a description besides", [...w(rawData(floats(1, 2))), ...bytesField(12, ascii("text"))], [1, 2]],
  ])("of %s", (_name, tensor, expected) => {
    expect(numbers(onnxFile([tensor]))).toEqual(expected);
  });

  it("in a file beside the model", () => {
    const data = Uint8Array.from([...floats(9), ...floats(1, 2)]);
    const file = onnxFile([w(externalData({ location: "net.onnx.data", offset: "4", length: "8" }))]);
    expect(filesBeside(file, "f")).toEqual(["net.onnx.data"]);
    const { bytes } = read(file, new Map([["net.onnx.data", data]])).get("w")!;
    expect([...toFloat32("F32", bytes)]).toEqual([1, 2]);
    expect(bytes.buffer).toBe(data.buffer);
  });

  it("are told from safetensors by the first bytes", () => {
    const header = `{${" ".repeat(0x120708 - 2)}}`;
    const file = new Uint8Array(8 + header.length);
    file.set([0x08, 0x07, 0x12]);
    file.set(new TextEncoder().encode(header), 8);
    expect(readTensorFile(file, "f")).toMatchObject({ format: "safetensors" });
  });
});

describe("broken files", () => {
  const whole = onnxFile([w(rawData(floats(1, 2)))]);
  const outside = (pairs: Readonly<Record<string, string>>): Uint8Array => onnxFile([w(externalData(pairs))]);
  const beside = new Map([["d", new Uint8Array(8)]]);

  it.each<[string, Uint8Array, string]>([
    ["one that is cut off", whole.subarray(0, whole.length - 3), "reaches behind its end"],
    ["no graph", Uint8Array.from([...numberField(1, 8), ...bytesField(2, ascii("x"))]), "does not have one graph"],
    ["two graphs", Uint8Array.from([...whole, ...bytesField(7, [])]), "does not have one graph"],
    [
      "a graph that is a number",
      Uint8Array.from([...numberField(1, 8), ...bytesField(2, []), ...numberField(7, 1)]),
      "another kind",
    ],
    ["sparse initialisers", onnxFile([], bytesField(15, [])), "sparse"],
    ["two of one name", onnxFile([w(rawData(floats(1, 2))), w(rawData(floats(1, 2)))]), "is there twice"],
    ["no name", onnxFile([onnxTensor({ name: "", shape: [], data: rawData(floats(1)) })]), "has no name"],
    ["a long name", onnxFile([onnxTensor({ name: "n".repeat(2000), shape: [], data: [] })]), "more than 1000"],
    ["texts", onnxFile([w(bytesField(6, ascii("x")), onnxTypes.TEXT)]), "of the type 8"],
    ["an unknown type", onnxFile([w(rawData([]), 99)]), "of the type 99"],
    ["too little data", onnxFile([w(rawData(floats(1)))]), "has 4 bytes of data, its shape of F32 takes 8"],
    ["no data", onnxFile([w([])]), "has 0 bytes"],
    ["a shape bomb", onnxFile([w(rawData([]), onnxTypes.F32, [2n ** 40n, 2n ** 40n])]), "has 0 bytes"],
    ["a negative axis", onnxFile([w(rawData([]), onnxTypes.F32, [-1n])]), "too long"],
    ["many axes", onnxFile([w(rawData(floats(1)), onnxTypes.F32, Array<number>(40).fill(1))]), "32 axes"],
    ["data in two places", onnxFile([w([...rawData(floats(1, 2)), ...bytesField(4, floats(1, 2))])]), "in two places"],
    ["raw data twice", onnxFile([w([...rawData(floats(1)), ...rawData(floats(1))])]), "has its data twice"],
    ["floats of doubles", onnxFile([w(bytesField(4, floats(1, 2)), onnxTypes.F64)]), "another type than it says"],
    ["a segment", onnxFile([w([...rawData(floats(1, 2)), ...bytesField(3, [])])]), "one segment"],
    [
      "a number of eleven bytes",
      Uint8Array.from([8, 8, 0x12, ...Array<number>(11).fill(255), 1]),
      "more than ten bytes",
    ],
    ["an unknown kind of field", Uint8Array.from([8, 8, 0x12, 0, 0x0b]), "unknown kind 3"],
    ["data outside of the folder", outside({ location: "../secret" }), '"../secret", which is not a file'],
    ["data at a path", outside({ location: "/etc/passwd" }), "which is not a file in the model's folder"],
    ["data in a hidden file", outside({ location: ".ssh" }), "which is not a file in the model's folder"],
    ["no place of data", outside({}), "which is not a file in the model's folder"],
    ["an offset that is none", outside({ location: "d", offset: "-4" }), "which is no whole number"],
    ["an offset behind the end", outside({ location: "d", offset: "4", length: "8" }), "reaches behind the end"],
    ["a huge offset", outside({ location: "d", offset: "999999999999999" }), "reaches behind the end"],
    ["less data outside", outside({ location: "d", length: "4" }), "has 4 bytes of data"],
  ])("refuse %s", (_name, file, message) => {
    const found = problem(file, beside);
    expect(found).toMatch(/^weights\/onnx: .*\(f\.onnx\)$/s);
    expect(found).toContain(message);
  });

  it("say which file is missing", () => {
    const file = outside({ location: "d" });
    expect(() => read(file)).toThrow('has its data in the file "d", which is not there');
  });
});
