/** Samples that are made when their turn comes, in full batches: there may be thousands of an image. */
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../device.ts";
import type { Session } from "../session.ts";
import { zeros } from "./encoded-images.ts";

export interface MadeBatch {
  /** Which sample is the first of the batch. */
  readonly start: number;
  /** As many as the program's batch, fewer in the last one. */
  readonly count: number;
  /** [count, …input shape]; valid until the next batch is taken. */
  readonly inputs: Tensor;
}

/** `make` writes sample `index` of `count` over what `out`, of the input's shape, holds. */
export function* batchesOfMade(
  { program, precision }: Session,
  count: number,
  make: (index: number, out: Tensor) => void,
): Generator<MadeBatch> {
  const size = sizeOf(program.input.shape);
  const buffer = zeros(Math.min(program.batch, count) * size, precision);
  for (let start = 0; start < count; start += program.batch) {
    const part = Math.min(program.batch, count - start);
    for (let i = 0; i < part; i++) make(start + i, buffer.subarray(i * size, (i + 1) * size));
    yield { start, count: part, inputs: buffer.subarray(0, part * size) };
  }
}
