import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { dtypes, bytesOf, toFloat32, type Dtype } from "../../src/runtime/weights/dtypes.ts";
import {
  readSafetensors,
  storeFloat32,
  writeSafetensors,
  type Safetensors,
  type StoredTensor,
} from "../../src/runtime/weights/safetensors.ts";

/** A file from a header text and data, with the header length computed or forced. */
function file(header: string, data: ArrayLike<number> = [], headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(Array.from(data), 8 + json.length);
  return bytes;
}

function problem(bytes: Uint8Array): string {
  try {
    readSafetensors(bytes, "f");
  } catch (error) {
    if (error instanceof BcosError) return error.message;
    throw error;
  }
  return "accepted";
}

const a = (more: string) => `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}${more}}`;

describe("reading safetensors", () => {
  it("reads tensors in data order, metadata, padding and empty tensors", () => {
    const header =
      '{"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[2,1],"data_offsets":[4,6]},' +
      '"a":{"data_offsets":[0,4],"shape":[],"dtype":"F32"},"none":{"dtype":"F64","shape":[0,7],"data_offsets":[6,6]}}   ';
    const { tensors, metadata } = readSafetensors(file(header, [0, 0, 128, 63, 7, 8]));
    expect([...tensors.keys()]).toEqual(["a", "b", "none"]);
    expect(toFloat32("F32", tensors.get("a")!.bytes)).toEqual(Float32Array.of(1));
    expect(tensors.get("b")).toMatchObject({ dtype: "U8", shape: [2, 1] });
    expect([...tensors.get("b")!.bytes]).toEqual([7, 8]);
    expect([...metadata]).toEqual([["k", "v"]]);
    expect(readSafetensors(file("{}")).tensors.size).toBe(0);
  });

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "weights/header: not a valid safetensors file: it has 0 bytes"],
    ["seven bytes", new Uint8Array(7), "too few for the header length"],
    ["a header longer than the file", file("{}", [], 3n), "said to have 3 bytes, but only 2 follow"],
    ["a huge header length", file("{}", [], 2n ** 64n - 1n), "said to have 18446744073709551615 bytes"],
    ["a length that wraps in 32 bits", file("{}", [], 2n ** 32n + 2n), "said to have 4294967298 bytes"],
    ["no header", file("", []), "does not start with `{`"],
    ["a list", file("[]"), "does not start with `{`"],
    ["a byte order mark", file("\ufeff{}"), "does not start with `{`"],
    ["no UTF-8", file("{}", [0xff, 0xff], 4n), "not UTF-8"],
    ["an open object", file('{"a":'), "found the end"],
    ["text behind", file("{} x"), "expected the end, found"],
    ["a trailing comma", file(a(",")), 'expected `"`'],
    ["a duplicate key", file(a(',"a":{}'), [1, 2]), 'the key "a" is there twice'],
    ["a duplicate key by escape", file(a(',"\\u0061":{}'), [1, 2]), 'the key "a" is there twice'],
    ["a duplicate inner key", file('{"a":{"dtype":"U8","dtype":"U8"}}'), 'the key "dtype" is there twice'],
    ["__proto__", file('{"__proto__":{}}'), '"__proto__" is not allowed'],
    ["__proto__ inside", file('{"a":{"__proto__":{}}}'), '"__proto__" is not allowed'],
    ["deep nesting", file(`{"a":${"[".repeat(5000)}`), "nested deeper than 8 levels"],
    ["null", file('{"a":null}'), "expected an object, a list, a string or a whole number"],
    ["an unknown escape", file('{"\\x":1}'), "unknown escape"],
    ["a control character", file('{"\n":1}'), "control character"],
    ["metadata of numbers", file('{"__metadata__":{"k":1}}'), "is not a string"],
    ["metadata as text", file('{"__metadata__":"k"}'), "is not an object"],
    ["an entry that is no object", file('{"a":1}'), "its entry is not an object"],
    ["an unknown key", file(a("").replace('"shape"', '"more":1,"shape"'), [1, 2]), 'unknown key "more"'],
    ["an unknown dtype", file(a("").replace("U8", "F8"), [1, 2]), 'the dtype is "F8", known are F64, F32'],
    ["a dtype from the prototype", file(a("").replace("U8", "toString"), [1, 2]), 'the dtype is "toString"'],
    ["no dtype", file('{"a":{"shape":[2],"data_offsets":[0,2]}}', [1, 2]), "the dtype is missing"],
    ["a shape of text", file(a("").replace("[2]", '["2"]'), [1, 2]), 'the shape is ["2"]'],
    ["a fraction", file(a("").replace("[2]", "[2.0]"), [1, 2]), "not written as a whole number"],
    ["an exponent", file(a("").replace("[2]", "[2e0]"), [1, 2]), "not written as a whole number"],
    ["a negative size", file(a("").replace("[2]", "[-2]"), [1, 2]), "expected an object"],
    ["a leading zero", file(a("").replace("[2]", "[02]"), [1, 2]), "leading zero"],
    ["a number over 2^53", file(a("").replace("[2]", "[9007199254740993]"), [1, 2]), "too large"],
    ["a product over 2^53", file(a("").replace("[2]", "[94906267,94906267]"), [1, 2]), "too large"],
    ["a product that is 2 modulo 2^64", file(a("").replace("[2]", "[4294967296,4294967296,2]"), [1, 2]), "too large"],
    ["one offset", file(a("").replace("[0,2]", "[0]"), [1, 2]), "`data_offsets` is [0]"],
    ["turned offsets", file(a("").replace("[0,2]", "[2,0]"), [1, 2]), "ends before it begins"],
    ["offsets outside", file(a("").replace("[0,2]", "[1,3]"), [1, 2]), "outside the 2 bytes of data"],
    ["a wrong size", file(a("").replace("[2]", "[3]"), [1, 2]), "takes 3 bytes, its byte range has 2"],
    ["bytes behind", file(a(""), [1, 2, 3]), "bytes 2 to 3 belong to no tensor (at the end)"],
    ["data without tensors", file("{}", [1]), "bytes 0 to 1 belong to no tensor"],
    ["a hole", file(a(',"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}'), [1, 2, 3, 4]), "bytes 2 to 3 belong"],
    ["an overlap", file(a(',"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}'), [1, 2, 3]), "`a` and `b` overlap"],
    ["a shared range", file(a(',"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'), [1, 2]), "overlap"],
  ])("refuses %s", (_name, bytes, message) => {
    const text = problem(bytes);
    expect(text).toMatch(/^weights\/(header|tensor|ranges): /);
    expect(text).toContain(message);
    expect(text).toContain("(f, ");
  });

  it("refuses a header above the cap before it reads it", () => {
    const bytes = new Uint8Array(2 ** 22 + 10);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 22n + 1n, true);
    expect(problem(bytes)).toContain("more than the limit of 4194304");
  });

  it("gives a tensor or a BcosError for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(problem(bytes)).toMatch(/^(accepted|weights\/)/);
      }),
    );
  });

  it("gives a tensor or a BcosError for a valid file with damaged or missing bytes", () => {
    const valid = writeSafetensors(
      [
        ["w", storeFloat32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))],
        ["n", { dtype: "I64", shape: [1], bytes: new Uint8Array(8) }],
      ],
      [["format", "pt"]],
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 3 }),
        fc.nat(valid.length),
        (edits, length) => {
          const bytes = valid.slice(0, edits.length === 0 ? length : valid.length);
          for (const [at, value] of edits) bytes[at] = value;
          expect(problem(bytes)).toMatch(/^(accepted|weights\/)/);
        },
      ),
      { numRuns: 500 },
    );
  });
});

const tensor = fc
  .record({ dtype: fc.constantFrom<Dtype>(...dtypes), shape: fc.array(fc.nat(4), { maxLength: 4 }) })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((p, d) => p * d, bytesOf(dtype));
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes): StoredTensor => ({ dtype, shape, bytes }));
  });
const name = fc.string({ unit: "binary" }).filter((s) => s !== "__metadata__" && s !== "__proto__");

describe("writing safetensors", () => {
  it("round trips bit by bit, aligned and whatever the order", () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, tensor, { noNullPrototype: true }),
        fc.dictionary(name, fc.string({ unit: "binary" }), { noNullPrototype: true }),
        (tensors, notes) => {
          const entries = Object.entries(tensors);
          const bytes = writeSafetensors(entries, Object.entries(notes));
          expect(writeSafetensors([...entries].reverse(), Object.entries(notes).reverse())).toEqual(bytes);
          const back = readSafetensors(bytes);
          expect(back.metadata).toEqual(new Map(Object.entries(notes)));
          expect(back.tensors.size).toBe(entries.length);
          for (const [key, stored] of entries) {
            expect(back.tensors.get(key)).toEqual(stored);
            expect(back.tensors.get(key)!.bytes.byteOffset % bytesOf(stored.dtype)).toBe(0);
          }
        },
      ),
    );
  });

  it("has an aligned header that other readers can parse", () => {
    const bytes = writeSafetensors([["w", storeFloat32([1], Float32Array.of(2))]]);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      w: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0, 64]);
  });

  it.each<[string, readonly (readonly [string, StoredTensor])[]]>([
    ["a wrong length", [["a", { dtype: "F32", shape: [2], bytes: new Uint8Array(4) }]]],
    ["a bad shape", [["a", { dtype: "U8", shape: [0.5], bytes: new Uint8Array(0) }]]],
    [
      "a name twice",
      [
        ["a", storeFloat32([0], new Float32Array())],
        ["a", storeFloat32([0], new Float32Array())],
      ],
    ],
    ["a reserved name", [["__metadata__", storeFloat32([0], new Float32Array())]]],
  ])("refuses %s", (_name, tensors) => {
    expect(() => writeSafetensors(tensors)).toThrow(/weights\/tensor/);
  });

  it("keeps the bits of NaN and of unaligned views", () => {
    const words = Uint32Array.of(0x7fc00001, 0xffa00002, 0x80000000, 0x00000001);
    const values = new Float32Array(words.buffer);
    const back: Safetensors = readSafetensors(writeSafetensors([["x", storeFloat32([4], values)]]));
    expect(new Uint32Array(toFloat32("F32", back.tensors.get("x")!.bytes).buffer)).toEqual(words);
    const shifted = new Uint8Array(17);
    shifted.set(new Uint8Array(words.buffer), 1);
    expect(new Uint32Array(toFloat32("F32", shifted.subarray(1)).buffer)).toEqual(words);
    expect(new Uint32Array(toFloat32("F32", Buffer.from(words.buffer)).buffer)).toEqual(words);
  });
});

describe("conversion to float32", () => {
  const convert = (dtype: Dtype, hex: string) => [...toFloat32(dtype, Uint8Array.from(Buffer.from(hex, "hex")))];
  it.each<[Dtype, string, number[]]>([
    ["F64", "000000000000f03f182d4454fb210940", [1, Math.fround(Math.PI)]],
    ["F16", "003c00c001000004ff7b007c0080", [1, -2, 2 ** -24, 2 ** -14, 65504, Infinity, -0]],
    ["BF16", "803f00c0807f", [1, -2, Infinity]],
    ["I64", "ffffffffffffffff0500000000000000", [-1, 5]],
    ["I32", "feffffff", [-2]],
    ["I16", "feff0100", [-2, 1]],
    ["I8", "80", [-128]],
    ["U8", "80ff", [128, 255]],
    ["BOOL", "000102", [0, 1, 1]],
  ])("%s", (dtype, hex, values) => {
    expect(convert(dtype, hex)).toEqual(values);
  });

  it("knows NaN of the short types", () => {
    expect(convert("F16", "007e")).toEqual([NaN]);
    expect(convert("BF16", "c07f")).toEqual([NaN]);
  });
});
