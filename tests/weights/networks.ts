/** Weights of networks for tests: names and shapes by the compiler, numbers that tell tensors apart. */
import { join } from "node:path";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Form, StateSpec } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { bytesOf, type Dtype } from "../../src/runtime/weights/dtypes.ts";
import { wantedShapes } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { storeFloat32, type StoredTensor } from "../../src/runtime/weights/safetensors.ts";
import { sizeOf } from "../../src/shape.ts";

const root = join(import.meta.dirname, "../..");

export const smallNetwork = `model Net() {
  input  image: [8, 8, 3]
  output logits: [4]
  stem   = image -> conv1: conv(6, kernel: 3) -> bn1: norm -> relu
  logits = stem -> global_avg_pool -> fc: linear(4)
}`;

/** The state of a model in `models/`. */
export function modelState(model: string, form: Form, preset?: BcosSettings["preset"]): readonly StateSpec[] {
  const { networks } = checkFile(createNodeHost(), join(root, "models", model), { preset });
  return stateOf(networks[0]!, form);
}

/** The state of the one model that `text` holds. */
export function textState(text: string, form: Form, preset?: BcosSettings["preset"]): readonly StateSpec[] {
  const { networks } = checkFile(createMemoryHost({ "net.bcos": text }), "net.bcos", { preset });
  return stateOf(networks[0]!, form);
}

function stateOf(network: Network, form: Form): readonly StateSpec[] {
  return buildProgram(network, { form, batch: 1, graphs: [] }).program.state;
}

/** Numbers that tell tensors apart. */
export function filled(shape: readonly number[], seed: number): StoredTensor {
  return storeFloat32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => seed + i / 100),
  );
}

/** One byte pattern a tensor, all of them different: every bit of a float occurs, those of NaN too. */
export function scrambled(dtype: Dtype, shape: readonly number[], seed: number): StoredTensor {
  const bytes = new Uint8Array(sizeOf(shape) * bytesOf(dtype));
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return { dtype, shape, bytes };
}

/** A tensor for every weight and buffer by its path. Its bytes are four, whatever the shape: networks are large. */
export function markers(state: readonly StateSpec[]): Map<string, StoredTensor> {
  return new Map([...wantedShapes(state)].map(([path, shape], i) => [path, { ...filled([1], i + 1), shape }] as const));
}
