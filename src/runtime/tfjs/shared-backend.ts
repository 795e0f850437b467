/// <reference types="@webgpu/types" />
/**
 * The buffers of tfjs-webgpu's tensors. Its own functions copy where they hand a buffer over, so parts of it are used that
 * its interface does not name; they are those of 4.22, and looked for before they are used.
 */
import { fail } from "../../diagnostics/catalogue.ts";
import { usage } from "../devices/webgpu/gpu.ts";
import type { Tensor, TensorFlow } from "./tensorflow.ts";

/** Tensors as buffers on the device that TensorFlow.js computes on. */
export interface SharedBackend {
  readonly device: GPUDevice;
  /**
   * Whether the numbers lie there as floats. A tensor float32 that was cast from whole numbers has those, and is only called
   * so: every kernel of TensorFlow.js converts what it reads.
   */
  hasFloats(tensor: Tensor): boolean;
  /** The buffer that the tensor's numbers are in, once what TensorFlow.js has yet to do for them is submitted. */
  bufferOf(tensor: Tensor): GPUBuffer;
  /** A buffer of TensorFlow.js's own, for a tensor of so many bytes. */
  acquire(bytes: number): GPUBuffer;
  release(buffer: GPUBuffer): void;
  /** The tensor whose numbers are in a buffer that was acquired; it gives the buffer back when it is disposed. */
  tensorOf(buffer: GPUBuffer, shape: readonly number[]): Tensor;
}

/** Of `WebGPUBackend` in 4.22. */
interface Internals {
  readonly device: GPUDevice;
  readonly tensorMap: { get(id: object): { readonly dtype: string; resource?: GPUBuffer | null; external?: boolean } };
  readonly bufferManager: {
    acquireBuffer(size: number, usage: number): GPUBuffer;
    releaseBuffer(buffer: GPUBuffer): void;
  };
  readonly commandEncoder: object | null;
  uploadToGPU(id: object): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  createTensorFromGPUData(data: { buffer: GPUBuffer; zeroCopy: boolean }, shape: number[], dtype: "float32"): Tensor;
}

/** What its own tensors have, so that its buffers can be used again for them. */
const TENSOR_USAGE = usage.storage | usage.copySource | usage.copyTarget;

const made = new WeakMap<object, SharedBackend>();

/** The backend that `tf` computes with now, where it is tfjs-webgpu; undefined for others. */
export function findSharedBackend(tf: Pick<TensorFlow, "backend" | "getBackend">): SharedBackend | undefined {
  if (tf.getBackend() !== "webgpu") return undefined;
  const backend = tf.backend() as unknown as Internals;
  let shared = made.get(backend);
  if (shared === undefined) made.set(backend, (shared = createSharedBackend(backend)));
  return shared;
}

/** Fails with `run/tfjs-webgpu` where TensorFlow.js computes with something else, or is another version. */
export async function requireSharedBackend(
  tf: Pick<TensorFlow, "backend" | "getBackend" | "ready">,
): Promise<SharedBackend> {
  await tf.ready();
  const found = findSharedBackend(tf);
  if (found !== undefined) return found;
  return fail("run/tfjs-webgpu", {
    problem: `TensorFlow.js computes with the backend \`${tf.getBackend()}\``,
    remedy: 'import `@tensorflow/tfjs-backend-webgpu` and `await tf.setBackend("webgpu")` before',
  });
}

function createSharedBackend(backend: Internals): SharedBackend {
  requireInternals(backend);
  const flush = (): void => {
    if (backend.commandEncoder === null) return;
    backend.endComputePassEncoder();
    backend.submitQueue();
  };
  return {
    device: backend.device,
    hasFloats: ({ dataId }) => backend.tensorMap.get(dataId).dtype === "float32",
    bufferOf({ dataId }) {
      // From the processor, where it was made there.
      backend.uploadToGPU(dataId);
      flush();
      return backend.tensorMap.get(dataId).resource!;
    },
    acquire(bytes) {
      // What it has not submitted yet may still write into a buffer that was given back.
      flush();
      return backend.bufferManager.acquireBuffer(bytes, TENSOR_USAGE);
    },
    release: (buffer) => backend.bufferManager.releaseBuffer(buffer),
    tensorOf(buffer, shape) {
      const tensor = backend.createTensorFromGPUData({ buffer, zeroCopy: true }, [...shape], "float32");
      // Else it would take the buffer for somebody else's, and never give it back.
      backend.tensorMap.get(tensor.dataId).external = false;
      return tensor;
    },
  };
}

function requireInternals(backend: Internals): void {
  const { tensorMap, bufferManager } = backend as Partial<Internals>;
  const functions: Readonly<Record<string, unknown>> = {
    ...{ "tensorMap.get": tensorMap?.get, uploadToGPU: backend.uploadToGPU, submitQueue: backend.submitQueue },
    "bufferManager.acquireBuffer": bufferManager?.acquireBuffer,
    "bufferManager.releaseBuffer": bufferManager?.releaseBuffer,
    endComputePassEncoder: backend.endComputePassEncoder,
    createTensorFromGPUData: backend.createTensorFromGPUData,
  };
  const missing = Object.entries(functions).flatMap(([name, found]) => (typeof found === "function" ? [] : [name]));
  for (const name of ["device", "commandEncoder"]) if (!(name in backend)) missing.push(name);
  if (missing.length === 0) return;
  fail("run/tfjs-webgpu", {
    problem: `it has no \`${missing.join("`, `")}\``,
    remedy: "take `@tensorflow/tfjs-backend-webgpu@4.22.0`, which this version of bcosc knows",
  });
}
