/** Valid weight files of every format, small: what the fuzzer damages. All of them fit `fuzzedState`. */
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { StateSpec } from "../../src/compiler/graph/program.ts";
import type { FilesBeside } from "../../src/runtime/weights/beside.ts";
import { wantedShapes } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { storeFloat32, writeSafetensors, type StoredTensor } from "../../src/runtime/weights/safetensors.ts";
import { sizeOf, type Shape } from "../../src/shape.ts";
import { externalData, onnxFile, onnxTensor, rawData } from "./onnx-file.ts";
import { tfjsData, tfjsModel, type TfjsWeight } from "./tfjs-file.ts";
import { floats, joined, op, pickle, tensor, u64, zip, type Bytes } from "./torch-file.ts";

/** A weight file, and the files in its folder that belong to it. */
export interface WeightFiles {
  readonly file: Uint8Array;
  readonly beside?: FilesBeside;
}

export interface Specimen {
  readonly format: string;
  /** What is damaged. */
  readonly part: Uint8Array;
  /** The files around it, where it is not the whole: so that damage comes further than to checksums and directories. */
  readonly wrap?: (part: Uint8Array) => WeightFiles;
}

export function filesOf({ part, wrap }: Specimen, damaged: Uint8Array = part): WeightFiles {
  return wrap === undefined ? { file: damaged } : wrap(damaged);
}

const text = `model Small() {
  input  image: [4, 4, 3]
  output logits: [2]
  stem   = image -> conv1: conv(2, kernel: 3) -> bn1: norm -> relu
  logits = stem -> global_avg_pool -> fc: linear(2)
}`;

/** The weights of a small network. */
export function fuzzedState(): readonly StateSpec[] {
  const [network] = checkFile(createMemoryHost({ "small.bcos": text }), "small.bcos").networks;
  return buildProgram(network!, { form: "standard", batch: 1, graphs: [] }).program.state;
}

export function specimens(): readonly Specimen[] {
  const shapes = wantedShapes(fuzzedState());
  const tensors = new Map([...shapes].map(([path, shape], i) => [path, storeFloat32(shape, numbersOf(shape, i))]));
  return [
    { format: "safetensors", part: writeSafetensors(tensors, [["format", "pt"]]) },
    { format: "safetensors of halves", part: writeSafetensors([...tensors].map(([path, t]) => [path, halved(t)])) },
    { format: "pytorch", part: pytorchFile(shapes, Uint8Array.from(stateDict(shapes)), {}) },
    { format: "pytorch without checksums", part: pytorchFile(shapes, Uint8Array.from(stateDict(shapes)), { crc: 0 }) },
    {
      format: "pickle",
      part: Uint8Array.from(stateDict(shapes)),
      wrap: (part) => ({ file: pytorchFile(shapes, part, {}) }),
    },
    { format: "pytorch, older form", part: legacyFile(shapes) },
    {
      format: "onnx",
      part: onnxFile([...tensors].map(([name, { shape, bytes }]) => onnxTensor({ name, shape, data: rawData(bytes) }))),
    },
    {
      format: "onnx with data outside",
      part: onnxOutside(tensors),
      wrap: (file) => ({ file, beside: numbersBeside(tensors) }),
    },
    { format: "tfjs", part: tfjsModel(tfjsWeights(shapes)), wrap: (file) => ({ file, beside: kerasNumbers(shapes) }) },
    {
      format: "tfjs, the numbers",
      part: tfjsData(tfjsWeights(shapes)),
      wrap: (part) => ({ file: tfjsModel(tfjsWeights(shapes)), beside: new Map([[SHARD, part]]) }),
    },
  ];
}

function numbersOf(shape: Shape, seed: number): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + seed));
}

/** The upper halves of its numbers: bfloat16. */
function halved({ shape, bytes }: StoredTensor): StoredTensor {
  return { dtype: "BF16", shape, bytes: bytes.filter((_, i) => i % 4 >= 2) };
}

function stateDict(shapes: ReadonlyMap<string, Shape>): Bytes {
  const pairs = [...shapes].map(([path, shape], key) => {
    return [op.text(path), tensor({ key: String(key), length: sizeOf(shape), shape })] as const;
  });
  return pickle(op.dict(...pairs));
}

function pytorchFile(
  shapes: ReadonlyMap<string, Shape>,
  pickled: Uint8Array,
  more: { readonly crc?: number },
): Uint8Array {
  const data = [...shapes.values()].map((shape, key) => ({
    name: `a/data/${key}`,
    data: floats(...numbersOf(shape, key)),
    ...more,
  }));
  return zip([{ name: "a/data.pkl", data: pickled, ...more }, ...data]);
}

function legacyFile(shapes: ReadonlyMap<string, Shape>): Uint8Array {
  const storages = [...shapes.values()].map((shape, key) => [
    ...u64(sizeOf(shape)),
    ...floats(...numbersOf(shape, key)),
  ]);
  return Uint8Array.from([
    ...pickle(op.long([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])),
    ...pickle(op.int(1001)),
    ...pickle(op.dict([op.text("little_endian"), [0x88]])),
    ...stateDict(shapes),
    ...pickle(op.list(...[...shapes.keys()].map((_, key) => op.text(String(key))))),
    ...storages.flat(),
  ]);
}

const OUTSIDE = "weights.data";
const SHARD = "group1-shard1of1.bin";

function numbersBeside(tensors: ReadonlyMap<string, StoredTensor>): FilesBeside {
  return new Map([[OUTSIDE, joined([...tensors.values()].map(({ bytes }) => bytes))]]);
}

function onnxOutside(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array {
  let offset = 0;
  const messages = [...tensors].map(([name, { shape, bytes }]) => {
    const place = { location: OUTSIDE, offset: String(offset), length: String(bytes.length) };
    offset += bytes.length;
    return onnxTensor({ name, shape, data: externalData(place) });
  });
  return onnxFile(messages);
}

/** The weights as Keras names and orders them. */
function tfjsWeights(shapes: ReadonlyMap<string, Shape>): readonly TfjsWeight[] {
  const names: Readonly<Record<string, string>> = { running_mean: "moving_mean", running_var: "moving_variance" };
  return [...shapes].map(([path, shape], i) => {
    const [layer, part] = path.split(".") as [string, string];
    const [o = 0, c = 0, ...kernel] = shape;
    const isProduct = part === "weight" && shape.length > 1;
    const keras = isProduct ? "kernel" : layer === "bn1" ? { weight: "gamma", bias: "beta" }[part] : undefined;
    const name = `${layer}/${keras ?? names[part] ?? part}`;
    return { name, shape: isProduct ? [...kernel, c, o] : shape, bytes: floats(...numbersOf(shape, i)) };
  });
}

function kerasNumbers(shapes: ReadonlyMap<string, Shape>): FilesBeside {
  return new Map([[SHARD, tfjsData(tfjsWeights(shapes))]]);
}
