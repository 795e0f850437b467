/// <reference types="@webgpu/types" />
/** Buffers that are given as feeds: whether kernels can read them, asked before anything is computed from them. */
import { fail } from "../../../diagnostics/catalogue.ts";
import { scoped } from "./error-scopes.ts";
import { computeStage, usage } from "./gpu.ts";

/** Those that are known to lie on a device. */
const known = new WeakMap<GPUDevice, WeakSet<GPUBuffer>>();

/** In Node there is no class to ask for. */
export function isGpuBuffer(value: object): value is GPUBuffer {
  return "mapState" in value && "usage" in value && "size" in value;
}

/** The buffer was made on the device. */
export function noteBuffer(device: GPUDevice, buffer: GPUBuffer): void {
  const own = known.get(device) ?? new WeakSet();
  known.set(device, own);
  own.add(buffer);
}

/**
 * Fails with `run/gpu-buffer` for what is no buffer of the device, or can't be read by kernels as `bytes` bytes. Asks the
 * device the first time that it sees a buffer: WebGPU has no other way to tell whose it is.
 */
export async function requireBuffer(
  device: GPUDevice,
  name: string,
  buffer: object,
  bytes: number,
): Promise<GPUBuffer> {
  const refuse = (problem: string, remedy: string): never => fail("run/gpu-buffer", { name, problem, remedy });
  if (!isGpuBuffer(buffer)) return refuse("is no `GPUBuffer`", "numbers are given as an array or a `Float32Array`");
  if ((buffer.usage & usage.storage) === 0) {
    return refuse("can not be read by kernels", "create it with the usage `GPUBufferUsage.STORAGE`");
  }
  if (buffer.size < bytes) {
    return refuse(`has ${buffer.size} bytes, not ${bytes}`, "a feed has four bytes a number, row by row");
  }
  if (buffer.mapState !== "unmapped") return refuse("is mapped", "call its `unmap()` before");
  if (known.get(device)?.has(buffer) === true) return buffer;
  const { fault } = scoped(device, () => {
    const layout = device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: computeStage, buffer: { type: "read-only-storage" } }],
    });
    device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer, size: bytes } }] });
  });
  const problem = await fault;
  if (problem !== undefined) {
    return refuse(
      `can not be used on the device of the session: ${problem.message.split("\n", 1)[0]!}`,
      "make it on the device that the session is opened on",
    );
  }
  noteBuffer(device, buffer);
  return buffer;
}
