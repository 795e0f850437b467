/// <reference types="@webgpu/types" />
/** Reading back: a small ring of mappable buffers, made once; what is larger than one goes through in pieces. */
import { mapRead, usage } from "./gpu.ts";
import { pending } from "./pending.ts";

const BUFFERS = 2;
/** More than this is read in pieces. */
const LARGEST = 32 * 2 ** 20;

/** The first `length` numbers of a buffer. */
export interface ReadRequest {
  readonly buffer: GPUBuffer;
  readonly length: number;
}

export interface Readback {
  readonly bytes: number;
  /**
   * Copies behind what `encoder` has, which this submits with `submit`, and resolves to the numbers in the order of the
   * requests. Rejects where the device is lost.
   */
  read(
    encoder: GPUCommandEncoder,
    requests: readonly ReadRequest[],
    submit: (encoder: GPUCommandEncoder) => void,
  ): Promise<readonly Float32Array<ArrayBuffer>[]>;
  destroy(): void;
}

interface Piece {
  readonly request: number;
  /** In numbers: where it lies in the request and in the mapped buffer. */
  readonly from: number;
  readonly at: number;
  readonly length: number;
}

/** @param largest bytes of what is read at once mostly */
export function createReadback(device: GPUDevice, largest: number): Readback {
  const bytes = Math.max(256, Math.min(LARGEST, Math.ceil(largest / 16) * 16));
  const ring = Array.from({ length: BUFFERS }, (_, i) =>
    device.createBuffer({ label: `readback ${i}`, size: bytes, usage: usage.mapRead | usage.copyTarget }),
  );
  let turn = 0;
  return {
    bytes: BUFFERS * bytes,
    async read(encoder, requests, submit) {
      const results = requests.map(({ length }) => new Float32Array(length));
      let open: GPUCommandEncoder | undefined = encoder;
      for (const batch of cut(requests, bytes / 4)) {
        const target = ring[turn]!;
        turn = (turn + 1) % BUFFERS;
        open ??= device.createCommandEncoder({ label: "readback" });
        for (const { request, from, at, length } of batch) {
          open.copyBufferToBuffer(requests[request]!.buffer, 4 * from, target, 4 * at, 4 * length);
        }
        submit(open);
        open = undefined;
        const used = batch.reduce((sum, { length }) => sum + 4 * length, 0);
        await pending(device, target.mapAsync(mapRead, 0, used));
        const mapped = new Float32Array(target.getMappedRange(0, used));
        for (const { request, from, at, length } of batch) {
          results[request]!.set(mapped.subarray(at, at + length), from);
        }
        target.unmap();
      }
      if (open !== undefined) submit(open);
      return results;
    },
    destroy() {
      for (const buffer of ring) buffer.destroy();
    },
  };
}

/** Requests as batches that fit into `room` numbers. */
export function cut(requests: readonly { readonly length: number }[], room: number): readonly (readonly Piece[])[] {
  const batches: Piece[][] = [];
  let left = 0;
  requests.forEach(({ length: whole }, request) => {
    let from = 0;
    while (from < whole) {
      if (left === 0) {
        batches.push([]);
        left = room;
      }
      const length = Math.min(left, whole - from);
      batches.at(-1)!.push({ request, from, at: room - left, length });
      from += length;
      left -= length;
    }
  });
  return batches;
}
