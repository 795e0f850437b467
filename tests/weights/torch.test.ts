import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { toFloat32, type StoredTensor } from "../../src/runtime/weights/safetensors.ts";
import { crc32 } from "../../src/runtime/weights/torch/crc32.ts";
import { readTorchFile } from "../../src/runtime/weights/torch/read-torch.ts";
import {
  archive,
  ascii,
  floats,
  op,
  pickle,
  tensor,
  u32,
  u64,
  zip,
  type Bytes,
} from "../../scripts/fuzz/torch-file.ts";

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(import.meta.dirname, "data", name)));
}

function numbers({ dtype, bytes }: StoredTensor): number[] {
  return [...toFloat32(dtype, bytes)];
}

function problem(bytes: Uint8Array): string {
  try {
    readTorchFile(bytes, "f.pth");
  } catch (error) {
    if (error instanceof BcosError) return error.message;
    throw error;
  }
  return "accepted";
}

const grid = Array.from({ length: 24 }, (_, i) => i);

describe.each(["checkpoint.pth", "checkpoint-legacy.pth"])("%s of PyTorch 1.13", (name) => {
  const tensors = readTorchFile(fixture(name), name);
  const view = (key: string): StoredTensor => tensors.get(`views.${key}`)!;

  it("has the tensors of nested dicts by dotted names, and nothing else", () => {
    const groups = [...tensors.keys()].map((key) => key.split(".").slice(0, 2).join("."));
    expect(new Set(groups.map((group) => group.split(".")[0]))).toEqual(
      new Set(["state_dict", "optimizer", "views", "types"]),
    );
    expect([...tensors.keys()].filter((key) => key.startsWith("state_dict."))).toEqual([
      "state_dict.module.conv.weight",
      "state_dict.module.bn.weight",
      "state_dict.module.bn.bias",
      "state_dict.module.bn.running_mean",
      "state_dict.module.bn.running_var",
      "state_dict.module.bn.num_batches_tracked",
    ]);
    expect(tensors.get("state_dict.module.conv.weight")).toMatchObject({ dtype: "F32", shape: [3, 2, 1, 1] });
    expect(numbers(tensors.get("state_dict.module.conv.weight")!)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(tensors.get("state_dict.module.bn.num_batches_tracked")).toMatchObject({ dtype: "I64", shape: [] });
  });

  it("puts the elements of views in order", () => {
    expect(view("transposed").shape).toEqual([6, 4]);
    expect(numbers(view("transposed")).slice(0, 5)).toEqual([0, 6, 12, 18, 1]);
    expect(numbers(view("rows"))).toEqual(grid.slice(6, 18));
    expect(numbers(view("columns"))).toEqual(grid.filter((i) => i % 2 === 0));
    expect(numbers(view("expanded"))).toEqual([0, 1, 2].flatMap(() => grid.slice(0, 6)));
    expect(numbers(view("parameter"))).toEqual(grid);
    expect(numbers(view("scalar"))).toEqual([2.5]);
    expect(view("empty")).toMatchObject({ shape: [0, 3] });
  });

  it("reads every type of element", () => {
    const types = { f64: "F64", f16: "F16", bf16: "BF16", i64: "I64", i32: "I32", i16: "I16", i8: "I8", u8: "U8" };
    for (const [key, dtype] of Object.entries(types)) {
      expect(tensors.get(`types.${key}`), key).toMatchObject({ dtype, shape: [4, 6] });
      expect(numbers(tensors.get(`types.${key}`)!), key).toEqual(grid);
    }
    expect(numbers(tensors.get("types.bool")!)).toEqual(grid.map((i) => (i > 3 ? 1 : 0)));
  });
});

it("reads state dicts with a newer protocol, and refuses whole modules", () => {
  const tensors = readTorchFile(fixture("state-dict-protocol-4.pth"), "f");
  expect([...tensors.keys()]).toHaveLength(6);
  expect(numbers(tensors.get("bn.running_var")!)).toHaveLength(3);
  expect(problem(fixture("module.pth"))).toBe(
    "weights/pickle: not a PyTorch file of plain tensors: it wants to use `torch.nn.modules.container.Sequential`, which weights do not need, at byte 41 (f.pth)",
  );
});

const one = tensor({ key: "0", length: 2, shape: [2] });
const content = (item: Bytes): Bytes => pickle(op.dict([op.text("w"), item]));
const two = { 0: floats(1, 2) };

describe("hand-made archives", () => {
  it("are read, also with zip64 fields, a comment and a byte order", () => {
    const entries = [
      { name: "a/data.pkl", data: content(one) },
      { name: "a/data/0", data: two[0] },
      { name: "a/byteorder", data: ascii("little") },
    ];
    for (const options of [{}, { zip64: true }, { comment: "hello" }]) {
      expect(numbers(readTorchFile(zip(entries, options), "f").get("w")!)).toEqual([1, 2]);
    }
  });

  it("share storages", () => {
    const both = op.dict([op.text("a"), one], [op.text("b"), tensor({ key: "0", length: 2, shape: [1], offset: 1 })]);
    const tensors = readTorchFile(archive(pickle(both), two), "f");
    expect([numbers(tensors.get("a")!), numbers(tensors.get("b")!)]).toEqual([[1, 2], [2]]);
  });

  it("have checksums as zlib computes them", () => {
    expect(crc32(Uint8Array.from(ascii("123456789")))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
});

const pkl = { name: "a/data.pkl", data: content(one) };
const data0 = { name: "a/data/0", data: two[0] };

describe("broken archives", () => {
  const whole = archive(content(one), two);
  it.each<[string, Uint8Array, string]>([
    ["one that is cut off", whole.subarray(0, whole.length - 30), "no directory at its end"],
    ["a header alone", whole.subarray(0, 4), "no directory at its end"],
    ["no pickle", zip([data0]), "no `data.pkl`"],
    ["two pickles", zip([pkl, { ...pkl, name: "b/data.pkl" }]), "no `data.pkl`"],
    ["a compressed entry", zip([pkl, { ...data0, method: 8 }]), '"a/data/0" is compressed'],
    ["an encrypted entry", zip([pkl, { ...data0, flags: 1 }]), "is encrypted"],
    ["a wrong checksum", zip([pkl, { ...data0, crc: 1 }]), 'the checksum of "a/data/0" is wrong'],
    ["a size beyond the end", zip([pkl, { ...data0, size: 4_000_000_000 }]), "reaches outside"],
    ["a size beyond 2^53", zip([pkl, { ...data0, size: 2 ** 60 }], { zip64: true }), "too large"],
    ["a place outside", zip([pkl, { ...data0, header: 1e6 }]), "is missing"],
    [
      "entries on each other",
      zip([pkl, { ...data0, name: "a/data.pkl", header: 0, size: pkl.data.length }]),
      "overlaps",
    ],
    ["a name twice", zip([pkl, data0, data0]), "two entries are named"],
    ["two names", zip([pkl, { ...data0, localName: "a/data/1" }]), "has two names"],
    [
      "bytes in the other order",
      archive(content(one), two, [{ name: "a/byteorder", data: ascii("big") }]),
      "big-endian",
    ],
  ])("refuses %s", (_name, bytes, message) => {
    expect(problem(bytes)).toMatch(/^weights\/(zip|pickle): .*\(f\.pth\)$/s);
    expect(problem(bytes)).toContain(message);
  });

  it("refuses archives of any length below the whole one", () => {
    for (let length = 4; length < whole.length; length++) {
      expect(problem(whole.subarray(0, length)), String(length)).toMatch(/^weights\/zip: /);
    }
  });
});

const pickled = (bytes: Bytes): Uint8Array => archive(bytes, two);
const view = (spec: Partial<Parameters<typeof tensor>[0]>): Uint8Array =>
  pickled(content(tensor({ key: "0", length: 2, shape: [2], ...spec })));

describe("pickles with more than plain tensors", () => {
  const system = op.call(op.global("posix", "system"), op.tuple(op.text("touch /tmp/owned")));
  it.each<[string, Uint8Array, string]>([
    ["a foreign global", pickled(content(system)), "it wants to use `posix.system`"],
    ["eval", pickled(pickle(op.call(op.global("builtins", "eval"), op.tuple(op.text("1"))))), "`builtins.eval`"],
    ["a global by stack", pickled(pickle(op.text("os"), op.text("system"), [0x93])), "`os.system`"],
    ["a global of the prototype", pickled(pickle(op.global("constructor", "x"))), "`constructor.x`"],
    ["an object", pickled(pickle(op.global("collections", "OrderedDict"), ascii(")"), [0x81])), "the opcode 0x81"],
    ["an extension", pickled(pickle([0x82, 1])), "the opcode 0x82"],
    ["an instance", pickled(pickle(ascii("("), ascii("imodule\nname\n"))), "the opcode 0x69"],
    ["a call of a storage", pickled(pickle(op.call(op.global("torch", "FloatStorage"), op.tuple()))), "does not take"],
    ["a call of a text", pickled(pickle(op.call(op.text("x"), op.tuple()))), "calls what is no function"],
    [
      "a dict of arguments",
      pickled(pickle(op.call(op.global("collections", "OrderedDict"), op.tuple(op.list())))),
      "does not take",
    ],
    ["a state for a tensor", pickled(content([...one, ...op.dict(), ...ascii("b")])), "gives a state"],
    ["no content", pickled(pickle()), "a value is missing"],
    ["a list", pickled(pickle(op.list(one))), "is not a dict"],
    ["no end", pickled([0x80, 2, ...op.dict()]), "ends too early"],
    ["no start", pickled(ascii("(dp0\n.")), "does not start as a pickle"],
    ["a newer protocol", pickled([0x80, 9, ...ascii("N.")]), "newer"],
    ["a text that is too long", pickled(pickle([...ascii("X"), ...u32(0xffffffff)])), "ends too early"],
    ["a text that is no UTF-8", pickled(pickle([...ascii("X"), ...u32(1), 0xff])), "not UTF-8"],
    ["a name without end", pickled(pickle(ascii("cposix"))), "a name has no end"],
    ["an unknown memory", pickled(pickle(ascii("h\x05"))), "refers to what is not there"],
    [
      "pairs into a list",
      pickled(pickle(op.list(), ascii("("), op.text("a"), op.none, ascii("u"))),
      "into what is no dict",
    ],
    ["a mark that is missing", pickled(pickle(ascii("t"))), "a mark is missing"],
    ["an unknown storage", pickled(content(tensor({ key: "7", length: 2, shape: [2] }))), "has no data in the file"],
    ["a quantised storage", view({ type: "QUInt8Storage" }), "`torch.QUInt8Storage`"],
    ["a wrong length", view({ length: 3, shape: [3] }), "has 8 bytes of data, not 3 times 4"],
    ["a shape bomb", view({ shape: [2 ** 40, 2 ** 40, 2 ** 40] }), "reaches outside of its data"],
    ["a shape bomb without strides", view({ shape: [1e9], strides: [0] }), "reaches outside of its data"],
    ["a shape of zero and infinity", view({ shape: [...Array<number>(30).fill(2 ** 52), 0] }), "reaches outside"],
    ["too many axes", view({ shape: Array<number>(33).fill(1) }), "does not take"],
    ["a view outside", view({ offset: 1 }), "reaches outside of its data"],
    ["strides outside", view({ strides: [2] }), "reaches outside of its data"],
    ["strides of another shape", view({ strides: [1, 1] }), "does not take"],
    ["a negative offset", pickled(content(tensor({ key: "0", length: 2, shape: [2], offset: -1 }))), "does not take"],
  ])("refuses %s", (_name, bytes, message) => {
    expect(problem(bytes)).toMatch(/^weights\/pickle: .*\(f\.pth\)$/s);
    expect(problem(bytes)).toContain(message);
  });

  it("refuses a dict within itself, and dicts that stand in each other many times", () => {
    // A dict that is remembered, asked for again, and put into itself.
    const circle = pickle(ascii("}q\x00"), op.text("self"), ascii("h\x00s"));
    expect(problem(pickled(circle))).toContain("stands in two places");
    const doubled = Array.from({ length: 12 }, (_, i) => [
      ...ascii("}("),
      ...[...op.text("a"), ...ascii(`h${String.fromCharCode(i)}`)],
      ...[...op.text("b"), ...ascii(`h${String.fromCharCode(i)}`)],
      ...ascii(`uq${String.fromCharCode(i + 1)}`),
    ]);
    const start = [...op.dict([op.text("w"), one]), ...ascii("q\x00")];
    expect(problem(pickled(pickle(start, ...doubled)))).toContain("stands in two places");
    const deep = Array.from({ length: 20 }, () => op.text("a")).reduceRight<Bytes>(
      (inner, key) => op.dict([key, inner]),
      op.dict(),
    );
    expect(problem(pickled(pickle(deep)))).toContain("nested deeper than 16");
  });

  it("refuses tensors that show the same data again and again in another order", () => {
    const square = (name: string) =>
      [op.text(name), tensor({ key: "0", length: 10_000, shape: [100, 100], strides: [1, 100] })] as const;
    const names = Array.from({ length: 100 }, (_, i) => `w${i}`);
    const bytes = archive(pickle(op.dict(...names.map(square))), { 0: Array<number>(40_000).fill(0) });
    expect(problem(bytes)).toContain("show the same data too often");
  });

  it("refuses more values than weights can need, quickly", () => {
    const empty = archive(pickle(Array<number>(60_000).fill(0x7d)));
    expect(problem(empty)).toContain("too many values");
  });
});

describe("files of the older form", () => {
  const magic = op.long([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
  const plain = { little: true, length: 2, told: undefined as number | undefined, keys: ["5"], protocol: 1001 };
  const legacyTensor = (length: number): Bytes => {
    const id = op.tuple(
      op.text("storage"),
      op.global("torch", "FloatStorage"),
      op.text("5"),
      op.text("cpu"),
      op.int(length),
      op.none,
    );
    const shape = op.tuple(op.int(length));
    const args = op.tuple([...id, ...ascii("Q")], op.int(0), shape, op.tuple(op.int(1)), op.no, op.none);
    return op.call(op.global("torch._utils", "_rebuild_tensor_v2"), args);
  };
  const legacy = (changed: Partial<typeof plain> = {}): Uint8Array => {
    const { little, length, told = length, keys, protocol } = { ...plain, ...changed };
    return Uint8Array.from([
      ...pickle(magic),
      ...pickle(op.int(protocol)),
      ...pickle(op.dict([op.text("little_endian"), little ? [0x88] : op.no])),
      ...content(legacyTensor(length)),
      ...pickle(op.list(...keys.map(op.text))),
      ...u64(told),
      ...floats(1, 2),
    ]);
  };

  it("are read", () => {
    expect(numbers(readTorchFile(legacy(), "f").get("w")!)).toEqual([1, 2]);
  });

  it.each<[string, Uint8Array, string]>([
    ["the bytes in the other order", legacy({ little: false }), "big-endian"],
    ["another protocol", legacy({ protocol: 7 }), "not of the form that `torch.save` writes"],
    ["a storage that is cut off", legacy({ length: 3 }), "may be cut off"],
    ["a length bomb", legacy({ length: 2 ** 31 - 1 }), "may be cut off"],
    ["two lengths", legacy({ told: 1 }), "two lengths"],
    ["an unknown storage", legacy({ keys: ["6"] }), "that no tensor uses"],
    ["no storage", legacy({ keys: [] }), "has no data in the file"],
    ["the magic number alone", Uint8Array.from(pickle(magic)), "does not start as a pickle"],
  ])("are refused with %s", (_name, bytes, message) => {
    expect(problem(bytes)).toMatch(/^weights\/pickle: /);
    expect(problem(bytes)).toContain(message);
  });
});
