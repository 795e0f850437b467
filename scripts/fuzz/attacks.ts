/** Files made to do harm: to run something, to need more memory or time than they are worth, to be read in two ways. */
import { bytesField, externalData, onnxFile, onnxTensor, rawData, varint } from "./onnx-file.ts";
import { tfjsModel } from "./tfjs-file.ts";
import { archive, ascii, floats, op, pickle, tensor, u32, u64, zip, type Bytes } from "./torch-file.ts";

export interface Attack {
  readonly name: string;
  readonly file: () => Uint8Array;
  /** The code of the one error; `loaded` where the file is valid, if odd. */
  readonly expected: string;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A safetensors file from its header. */
export function safetensorsFile(header: string, data = 0, told?: bigint): Uint8Array {
  const json = text(header);
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setBigUint64(0, told ?? BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const entry = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${offsets}]}`;

const safetensors: readonly Attack[] = [
  ["a header of 2^64 - 1 bytes", "weights/header", () => safetensorsFile("{}", 0, 2n ** 64n - 1n)],
  ["a header of 64 MiB", "weights/header", () => safetensorsFile("{" + " ".repeat(2 ** 26))],
  ["brackets in brackets", "weights/header", () => safetensorsFile(`{"a":${"[".repeat(2 ** 20)}`)],
  [
    "a name of a megabyte",
    "weights/tensor",
    () => safetensorsFile(`{"${"n".repeat(2 ** 20)}":${entry("F32", "1", "0,4")}}`, 4),
  ],
  ["an unknown key of a megabyte", "weights/tensor", () => safetensorsFile(`{"a":{"${"k".repeat(2 ** 20)}":0}}`)],
  [
    "a key of a megabyte twice",
    "weights/header",
    () => safetensorsFile(`{"${"k".repeat(2 ** 20)}":0,"${"k".repeat(2 ** 20)}":0}`),
  ],
  ["a number of a megabyte", "weights/header", () => safetensorsFile(`{"a":${"9".repeat(2 ** 20)}}`)],
  [
    "a million axes",
    "weights/tensor",
    () => safetensorsFile(`{"a":${entry("U8", Array(1e6).fill(1).join(), "0,1")}}`, 1),
  ],
  [
    "a shape whose product wraps",
    "weights/tensor",
    () => safetensorsFile(`{"a":${entry("U8", "4294967296,4294967296,2", "0,2")}}`, 2),
  ],
  [
    "a shape of zero and infinity",
    "weights/tensor",
    () =>
      safetensorsFile(
        `{"a":${entry(
          "F64",
          `${Array(30)
            .fill(2 ** 52)
            .join()},0`,
          "0,0",
        )}}`,
      ),
  ],
  [
    "a range of 2^53 bytes",
    "weights/tensor",
    () => safetensorsFile(`{"a":${entry("U8", "9007199254740991", "0,9007199254740991")}}`, 2),
  ],
  [
    "two tensors in one range",
    "weights/ranges",
    () => safetensorsFile(`{"a":${entry("U8", "2", "0,2")},"b":${entry("U8", "2", "1,3")}}`, 3),
  ],
  ["hidden bytes", "weights/ranges", () => safetensorsFile(`{"a":${entry("U8", "2", "0,2")}}`, 10)],
  [
    "as many empty tensors as are allowed",
    "loaded",
    () => safetensorsFile(`{${Array.from({ length: 20_000 }, (_, i) => `"${i}":${entry("U8", "0", "0,0")}`).join()}}`),
  ],
  [
    "names behind every row of wrappers",
    "loaded",
    () =>
      safetensorsFile(
        `{${wrapped(4)
          .map((name) => `"${name}w":${entry("U8", "0", "0,0")}`)
          .join()}}`,
      ),
  ],
].map(([name, expected, file]) => ({ name, expected, file }) as Attack);

/** Every row of so many words that wrappers put in front of names. */
function wrapped(depth: number): readonly string[] {
  const wrappers = ["model.", "module.", "net.", "0.", "ema.", "backbone.", "network.", "state_dict.", "_orig_mod."];
  let rows = [""];
  for (let i = 0; i < depth; i++) rows = rows.flatMap((row) => wrappers.map((wrapper) => row + wrapper));
  return rows;
}

const one = tensor({ key: "0", length: 2, shape: [2] });
const content = (item: Bytes): Bytes => pickle(op.dict([op.text("w"), item]));
const two = { 0: floats(1, 2) };
const main = { name: "a/data.pkl", data: content(one) };
const data = { name: "a/data/0", data: two[0] };
const view = (spec: Partial<Parameters<typeof tensor>[0]>): Uint8Array =>
  archive(content(tensor({ key: "0", length: 2, shape: [2], ...spec })), two);

/** The pickle of an archive: bytes many times. */
function repeated(part: Bytes, times: number): Uint8Array {
  const body = new Uint8Array(2 + part.length * times);
  body.set([0x80, 2]);
  for (let i = 0; i < times; i++) body.set(part, 2 + i * part.length);
  return archive(body);
}

/** Dicts that each stand twice in the next one. */
function laughs(): Bytes {
  const doubled = Array.from({ length: 60 }, (_, i) => [
    ...ascii("}("),
    ...[...op.text("a"), ...ascii("h"), i],
    ...[...op.text("b"), ...ascii("h"), i],
    ...ascii("uq"),
    i + 1,
  ]);
  return pickle([...op.dict([op.text("w"), one]), ...ascii("q"), 0], ...doubled);
}

const pytorch: readonly Attack[] = [
  [
    "a call of the system",
    "weights/pickle",
    () => archive(pickle(op.call(op.global("posix", "system"), op.tuple(op.text("ls"))))),
  ],
  [
    "a call of eval",
    "weights/pickle",
    () => archive(pickle(op.call(op.global("builtins", "eval"), op.tuple(op.text("1"))))),
  ],
  ["a foreign class", "weights/pickle", () => archive(content(op.global("numpy.core.multiarray", "_reconstruct")))],
  ["a global of the prototype", "weights/pickle", () => archive(content(op.global("torch", "__proto__")))],
  ["dicts in dicts many times", "weights/pickle", () => archive(laughs())],
  ["a million dicts", "weights/pickle", () => repeated([0x7d], 1e6)],
  ["a million marks", "weights/pickle", () => repeated(ascii("("), 1e6)],
  ["long numbers only", "weights/pickle", () => repeated([0x8a, 255, ...Array<number>(255).fill(0x7f)], 16_000)],
  [
    "a long list, put away again and again",
    "weights/pickle",
    () => repeated([...ascii("]("), ...ascii("K"), 1, ...ascii("e0")], 100_000),
  ],
  ["texts that are cut off", "weights/pickle", () => archive(pickle([...ascii("X"), ...u32(0xffffffff)]))],
  ["a shape bomb", "weights/pickle", () => view({ shape: [2 ** 40, 2 ** 40, 2 ** 40] })],
  ["a shape bomb without strides", "weights/pickle", () => view({ shape: [1e9], strides: [0] })],
  ["an offset outside", "weights/pickle", () => view({ offset: 2 ** 53 - 1 })],
  [
    "one storage turned again and again",
    "weights/pickle",
    () =>
      archive(
        pickle(
          op.dict(
            ...Array.from(
              { length: 1000 },
              (_, i) =>
                [op.text(`w${i}`), tensor({ key: "0", length: 10_000, shape: [100, 100], strides: [1, 100] })] as const,
            ),
          ),
        ),
        { 0: Array<number>(40_000).fill(0) },
      ),
  ],
  ["a packed entry", "weights/zip", () => zip([main, { ...data, method: 8 }])],
  ["an entry of 2^32 - 2 bytes", "weights/zip", () => zip([main, { ...data, size: 0xfffffffe }])],
  ["two entries in one place", "weights/zip", () => zip([main, data, { name: "a/data/1", data: [], header: 0 }])],
  ["an entry with two names", "weights/zip", () => zip([main, { ...data, localName: "a/data/9" }])],
  [
    "as many entries as a directory counts",
    "weights/zip",
    () => zip(Array.from({ length: 65_534 }, () => ({ name: "a", data: [] }))),
  ],
  [
    "a length bomb of the older form",
    "weights/pickle",
    () =>
      Uint8Array.from([
        ...pickle(op.long([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])),
        ...pickle(op.int(1001)),
        ...pickle(op.dict([op.text("little_endian"), [0x88]])),
        ...content(tensor({ key: "0", length: 2 ** 31 - 1, shape: [2 ** 31 - 1] })),
        ...pickle(op.list(op.text("0"))),
        ...u64(2 ** 31 - 1),
      ]),
  ],
].map(([name, expected, file]) => ({ name, expected, file }) as Attack);

const float = (shape: readonly (number | bigint)[], data: Bytes): Bytes => onnxTensor({ name: "w", shape, data });

const onnx: readonly Attack[] = [
  ["an axis of 2^63", "weights/onnx", () => onnxFile([float([2n ** 63n], [])])],
  ["axes whose product wraps", "weights/onnx", () => onnxFile([float([2n ** 32n, 2n ** 32n], [])])],
  [
    "a million axes of ONNX",
    "weights/onnx",
    () => onnxFile([[...bytesField(1, Array<number>(1e6).fill(1)), ...float([], [])]]),
  ],
  ["a length of 2^63", "weights/onnx", () => Uint8Array.from([8, 8, 0x3a, ...varint(2n ** 63n)])],
  ["messages in messages", "weights/onnx", () => onnxFile([], messagesIn(200))],
  ["a file of the system", "weights/onnx", () => onnxFile([float([1], externalData({ location: "/etc/passwd" }))])],
  [
    "a file in another folder",
    "weights/onnx",
    () => onnxFile([float([1], externalData({ location: "../../secret" }))]),
  ],
  [
    "a million empty initialisers",
    "weights/onnx",
    () => onnxFile([], Array.from({ length: 1e6 }, () => [0x2a, 0]).flat()),
  ],
  ["a million nodes", "weights/onnx", () => onnxFile([], Array.from({ length: 1e6 }, () => [0x0a, 0]).flat())],
  [
    "one initialiser under many names",
    "loaded",
    () =>
      onnxFile(
        [float([1], rawData(floats(1)))],
        Array.from({ length: 15_000 }, (_, i) => identity("w", `w${i}`)).flat(),
      ),
  ],
].map(([name, expected, file]) => ({ name, expected, file }) as Attack);

/** A node that gives a tensor another name. */
function identity(from: string, to: string): Bytes {
  const node = [...bytesField(1, ascii(from)), ...bytesField(2, ascii(to)), ...bytesField(4, ascii("Identity"))];
  return bytesField(1, node);
}

function messagesIn(depth: number): Bytes {
  return depth === 0 ? [] : bytesField(5, messagesIn(depth - 1));
}

const bias = { name: "a/bias", shape: [2], bytes: floats(1, 2) };

const tfjs: readonly Attack[] = [
  ["a shard of the system", "weights/tfjs", () => tfjsModel([bias], { paths: ["/etc/passwd"] })],
  ["a shard of the web", "weights/tfjs", () => tfjsModel([bias], { paths: ["https://example.org/a"] })],
  ["a shard that is not there", "weights/tfjs", () => tfjsModel([bias])],
  ["one shard again and again", "weights/tfjs", () => tfjsModel([bias], { paths: Array<string>(900).fill("a") })],
  ["a shape bomb of TensorFlow.js", "weights/tfjs", () => tfjsModel([{ ...bias, shape: [2 ** 50, 2 ** 50] }])],
  ["lists in lists", "weights/tfjs", () => text(`{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`)],
  ["half a million lists", "weights/tfjs", () => text(`{"weightsManifest":[${Array(5e5).fill("[]").join()}]}`)],
  ["a text of 8 MiB", "weights/tfjs", () => text(`{"a":"${"x".repeat(2 ** 23)}"}`)],
  [
    "half a million weights",
    "weights/tfjs",
    () => text(`{"weightsManifest":[{"paths":[],"weights":[${Array(5e5).fill("{}").join()}]}]}`),
  ],
].map(([name, expected, file]) => ({ name, expected, file }) as Attack);

const unknown: readonly Attack[] = [
  ["nothing", "weights/format", () => new Uint8Array(0)],
  ["a web page", "weights/format", () => text("<html><body>Not found</body></html>")],
  ["gzip", "weights/format", () => Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3)],
  ["HDF5", "weights/format", () => Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0, 0)],
  ["an archive of another program", "weights/zip", () => zip([{ name: "w.npy", data: [0x93, ...ascii("NUMPY")] }])],
].map(([name, expected, file]) => ({ name, expected, file }) as Attack);

export const attacks: readonly Attack[] = [...safetensors, ...pytorch, ...onnx, ...tfjs, ...unknown];
