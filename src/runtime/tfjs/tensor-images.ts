/** Images as tensors: checked, and cut into the batches that a program is compiled for. */
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { sameShape } from "../../shape.ts";
import type { NamedTensors, Tensor, TensorFlow } from "./tensorflow.ts";

/**
 * The number of images in a tensor [n, …input shape]; 1 for [… input shape]. Fails with `run/tensor` for other shapes and types,
 * and for a tensor that was disposed.
 */
export function countImages({ input }: Pick<Program, "input">, images: Tensor): number {
  const { shape } = images;
  requireFloat(input.name, images);
  if (sameShape(shape, input.shape)) return 1;
  if (sameShape(shape.slice(1), input.shape)) return shape[0]!;
  const wanted = input.shape.join(", ");
  return fail("run/tensor", {
    name: input.name,
    problem: `has the shape [${shape.join(", ")}], not [n, ${wanted}]`,
    remedy: `images of another size are made to fit with \`tf.image.resizeBilinear\`, one without a batch may be [${wanted}]`,
  });
}

/** Fails with `run/tensor` for a tensor that has no float32 numbers. */
export function requireFloat(name: string, tensor: Tensor): void {
  if (tensor.isDisposed) {
    const remedy = "dispose it later, or keep it where it is made in a scope: `tf.keep`";
    fail("run/tensor", { name, problem: "was disposed before", remedy });
  }
  if (tensor.dtype !== "float32") {
    const remedy =
      '`tf.cast(tensor, "float32")`; pixels from 0 to 255 become numbers from 0 to 1 by `tf.div(tensor, 255)`';
    fail("run/tensor", { name, problem: `has the type ${tensor.dtype}, not float32`, remedy });
  }
}

/**
 * What `run` makes of batches of exactly `batch` rows, put together: tensors [count, …] of tensors [count, …], the last batch
 * filled up with zeros. Cuts and joins where the tensors are. `run` gives tensors of [batch, …] and leaves those alone that it
 * is given.
 */
export async function inBatches(
  tf: TensorFlow,
  { count, batch }: { readonly count: number; readonly batch: number },
  rows: readonly Tensor[],
  run: (rows: readonly Tensor[]) => Promise<NamedTensors>,
): Promise<NamedTensors> {
  if (count === batch) return run(rows);
  const parts: NamedTensors[] = [];
  try {
    for (let start = 0; start < Math.max(1, count); start += batch) {
      const cut = rows.map((tensor) => batchAt(tf, tensor, start, Math.min(batch, count - start), batch));
      try {
        parts.push(await run(cut));
      } finally {
        for (const tensor of cut) tensor.dispose();
      }
    }
    return Object.fromEntries(
      Object.keys(parts[0]!).map(
        (name) =>
          [
            name,
            joined(
              tf,
              parts.map((part) => part[name]!),
              count,
            ),
          ] as const,
      ),
    );
  } finally {
    for (const part of parts) for (const tensor of Object.values(part)) tensor.dispose();
  }
}

function batchAt(tf: TensorFlow, tensor: Tensor, start: number, length: number, batch: number): Tensor {
  return tf.tidy(() => {
    const rest = tensor.shape.slice(1);
    const zeros = rest.map(() => 0);
    const part = tf.slice(tensor, [start, ...zeros], [length, ...rest]);
    if (length === batch) return part;
    return tf.pad(part, [[0, batch - length], ...rest.map((): [number, number] => [0, 0])]);
  });
}

function joined(tf: TensorFlow, parts: readonly Tensor[], count: number): Tensor {
  return tf.tidy(() => {
    const whole = parts.length === 1 ? parts[0]! : tf.concat([...parts], 0);
    const [length, ...rest] = whole.shape;
    return length === count
      ? whole.clone()
      : tf.slice(
          whole,
          whole.shape.map(() => 0),
          [count, ...rest],
        );
  });
}
