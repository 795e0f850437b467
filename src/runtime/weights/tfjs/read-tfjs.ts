/**
 * Layers models of TensorFlow.js: `model.json` with a manifest, and files of numbers beside it. Weights get PyTorch's names
 * for what they are (`kernel` is a `weight`, `moving_mean` a `running_mean`) and PyTorch's layouts. Whatever is wrong is
 * `weights/tfjs`.
 */
import { fail } from "../../../diagnostics/catalogue.ts";
import { isPlainFileName, type FilesBeside } from "../beside.ts";
import { concatenate } from "../concatenate.ts";
import { bytesOf, type Dtype } from "../dtypes.ts";
import { quoted } from "../quoted.ts";
import type { StoredTensor } from "../safetensors.ts";
import { dequantised, storedSize, type Quantization } from "./quantised.ts";
import { inTorchLayout, torchName } from "./torch-form.ts";
import { layerClasses } from "./topology.ts";

const MAX_MANIFEST = 1 << 21;
const MAX_DEPTH = 64;
const MAX_TENSORS = 20_000;
const MAX_FILES = 1000;
const MAX_NAME = 1000;
const MAX_AXES = 32;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

const types: Readonly<Record<string, Dtype>> = {
  float32: "F32",
  float16: "F16",
  int32: "I32",
  uint8: "U8",
  bool: "BOOL",
};

export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly quantization: Quantization | undefined;
}

interface Group {
  readonly files: readonly string[];
  readonly entries: readonly Entry[];
}

/** A text that starts with `{`. safetensors files start with a length, whose upper bytes are 0. */
export function isTfjs(file: Uint8Array): boolean {
  const start = new TextDecoder().decode(file.subarray(0, 64)).trimStart();
  return start.startsWith("{") && !file.subarray(0, 8).includes(0);
}

/** Names of the files with the numbers. Throws `weights/tfjs`. */
export function tfjsFilesBeside(file: Uint8Array, name: string): readonly string[] {
  return readManifest(parsed(file, name), refusing(name)).flatMap((group) => group.files);
}

/** The weights by name, in the order of the manifest. `beside` has the files that `tfjsFilesBeside` names. */
export function readTfjs(file: Uint8Array, name: string, beside: FilesBeside): Map<string, StoredTensor> {
  const refuse = refusing(name);
  const model = parsed(file, name);
  const classes = layerClasses(model);
  const result = new Map<string, StoredTensor>();
  for (const group of readManifest(model, refuse)) {
    const data = contentOf(group.files, beside, refuse);
    let at = 0;
    for (const entry of group.entries) {
      const length = storedSize(entry);
      if (length > data.length - at) refuse(`${quoted(entry.name)} reaches behind the end of its files`);
      const tensor = dequantised(entry, data.subarray(at, at + length));
      at += length;
      const key = torchName(entry.name);
      if (result.has(key)) refuse(`two weights are named ${quoted(key)}`);
      const refuseTensor = (reason: string): never => refuse(`${quoted(entry.name)} ${reason}`);
      result.set(key, inTorchLayout(entry.name, tensor, classes, refuseTensor));
    }
    if (at !== data.length) refuse(`${data.length - at} bytes of its files belong to no weight`);
  }
  return result;
}

type Refuse = (reason: string) => never;

function refusing(name: string): Refuse {
  return (reason) => fail("weights/tfjs", { reason }, { place: name });
}

function parsed(file: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  const refuse = refusing(name);
  if (file.length > MAX_MANIFEST) refuse(`it has ${file.length} bytes, more than the limit of ${MAX_MANIFEST}`);
  if (isNestedDeeper(file, MAX_DEPTH)) refuse(`lists and objects in it are nested deeper than ${MAX_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file));
  } catch {
    return refuse("it is not JSON");
  }
  if (!isObject(value)) return refuse("it is not a JSON object");
  if (value["format"] === "graph-model")
    refuse("it is a graph model, whose weights are folded and have lost their names");
  return value;
}

/** Whether brackets, outside of texts, are in brackets so often. `JSON.parse` would make an object of each pair. */
function isNestedDeeper(file: Uint8Array, most: number): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < file.length && depth <= most; i++) {
    const byte = file[i]!;
    if (inText && byte === BACKSLASH) i++;
    else if (byte === QUOTE) inText = !inText;
    else if (!inText && (byte === OPEN_LIST || byte === OPEN_OBJECT)) depth++;
    else if (!inText && (byte === CLOSE_LIST || byte === CLOSE_OBJECT)) depth--;
  }
  return depth > most;
}

function readManifest(model: Readonly<Record<string, unknown>>, refuse: Refuse): readonly Group[] {
  const manifest = model["weightsManifest"];
  if (!Array.isArray(manifest)) return refuse("it has no `weightsManifest`");
  const groups = manifest.map((group) => readGroup(group, refuse));
  const count = groups.reduce((sum, { entries }) => sum + entries.length, 0);
  if (count > MAX_TENSORS) refuse(`it has ${count} weights, more than the limit of ${MAX_TENSORS}`);
  const files = groups.flatMap((group) => group.files);
  if (files.length > MAX_FILES) refuse(`it has ${files.length} files, more than the limit of ${MAX_FILES}`);
  const twice = files.find((file, i) => files.indexOf(file) !== i);
  if (twice !== undefined) refuse(`the file ${quoted(twice)} is named twice`);
  return groups;
}

function readGroup(group: unknown, refuse: Refuse): Group {
  if (!isObject(group)) return refuse("a group of its weights is not an object");
  const { paths, weights } = group;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === "string")) {
    return refuse("a group of its weights has no list of files");
  }
  const outside = paths.find((path) => !isPlainFileName(path));
  if (outside !== undefined) refuse(`the file ${quoted(outside)} is not one in its folder`);
  if (!Array.isArray(weights)) return refuse("a group of its weights has no list of weights");
  return { files: paths, entries: weights.map((weight) => readEntry(weight, refuse)) };
}

function readEntry(weight: unknown, refuse: Refuse): Entry {
  if (!isObject(weight) || typeof weight["name"] !== "string") return refuse("a weight has no name");
  const { name, shape, dtype, quantization } = weight;
  if (name.length > MAX_NAME) refuse(`a name has ${name.length} characters, more than the limit of ${MAX_NAME}`);
  const isShape = Array.isArray(shape) && shape.length <= MAX_AXES && shape.every(isCount);
  if (!isShape) return refuse(`${quoted(name)} has no shape of at most ${MAX_AXES} whole numbers`);
  const type = typeof dtype === "string" && Object.hasOwn(types, dtype) ? types[dtype] : undefined;
  if (type === undefined) return refuse(`${quoted(name)} has a type that no weight has`);
  const product = shape.reduce((size: number, length: number) => size * length, bytesOf(type));
  if (!Number.isSafeInteger(product)) refuse(`${quoted(name)} has a shape that is too large`);
  return { name, dtype: type, shape, quantization: readQuantization(name, type, quantization, refuse) };
}

function readQuantization(name: string, dtype: Dtype, given: unknown, refuse: Refuse): Quantization | undefined {
  if (given === undefined || given === null) return undefined;
  if (isObject(given) && dtype === "F32") {
    const { dtype: stored, scale, min } = given;
    if (stored === "float16") return { dtype: "F16" };
    if ((stored === "uint8" || stored === "uint16") && isFinite(scale) && isFinite(min)) {
      return { dtype: stored === "uint8" ? "U8" : "U16", scale, min };
    }
  }
  return refuse(`${quoted(name)} is quantised in an unknown way`);
}

function contentOf(files: readonly string[], beside: FilesBeside, refuse: Refuse): Uint8Array {
  const parts = files.map((file) => beside.get(file) ?? refuse(`the file ${quoted(file)} is not there`));
  return parts.length === 1 ? parts[0]! : concatenate(parts);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFinite(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
