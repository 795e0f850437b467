/** Weights of a compiled model: read from wherever they are, and known to be of its architecture. */
import { fail } from "../../diagnostics/catalogue.ts";
import { architectureNote, checkArchitecture } from "../weights/architecture.ts";
import { readSafetensors, writeSafetensors } from "../weights/safetensors.ts";
import { matchWeights, weightsFromSafetensors, weightsToSafetensors, type Weights } from "../weights/weights.ts";
import type { ModelDescription } from "./description.ts";
import { fetchBytes, responseBytes } from "./fetch-bytes.ts";
import type { ModelTypes, ModelWeights, WeightsSource } from "./types.ts";

type Architecture<T extends ModelTypes> = Pick<ModelDescription<T>, "name" | "architecture" | "params">;

/** See `CompiledModel.readWeights`. */
export async function readModelWeights<T extends ModelTypes>(
  model: Architecture<T>,
  source: WeightsSource,
): Promise<ModelWeights<T>> {
  const place = placeOf(source);
  const weights = isTensors(source) ? source : fromFile(model, await bytesOf(source), place);
  const state = Object.entries(model.params).map(([path, shape]) => ({ path, shape, ...PLAIN }));
  matchWeights({ state }, weights, place);
  return modelWeights(model, weights);
}

/** Shapes are those of weight files already. */
const PLAIN = { role: "weight", layout: "plain", initial: { kind: "constant", value: 0 } } as const;

/** Tensors of which names and shapes are known to fit. */
export function modelWeights<T extends ModelTypes>(
  { name, architecture }: Architecture<T>,
  tensors: Weights,
): ModelWeights<T> {
  return {
    model: name,
    architecture,
    tensors,
    tensor: <P extends keyof T["params"] & string>(path: P) => {
      const { shape, data } = tensors.get(path) ?? fail("weights/missing", { path });
      return { shape: shape as T["params"][P], data };
    },
    toSafetensors: () => writeSafetensors(weightsToSafetensors(tensors), architectureNote({ architecture })),
  };
}

function fromFile<T extends ModelTypes>(model: Architecture<T>, bytes: Uint8Array, place: string | undefined): Weights {
  const file = readSafetensors(bytes, place);
  checkArchitecture(file.metadata, model, place ?? "weights");
  return weightsFromSafetensors(file);
}

function isTensors(source: WeightsSource): source is Weights {
  return typeof source === "object" && "get" in source && "entries" in source;
}

/** What the weights are called in messages. */
function placeOf(source: WeightsSource): string | undefined {
  const address =
    typeof source === "string" || source instanceof URL
      ? String(source)
      : typeof Response !== "undefined" && source instanceof Response
        ? source.url
        : "";
  return address === "" ? undefined : address.slice(0, 200);
}

async function bytesOf(source: Exclude<WeightsSource, Weights>): Promise<Uint8Array> {
  if (typeof source === "string" || source instanceof URL) return fetchBytes(source);
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  return source instanceof Blob ? new Uint8Array(await source.arrayBuffer()) : responseBytes(source);
}
