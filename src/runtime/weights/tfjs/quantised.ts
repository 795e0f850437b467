/** Numbers that TensorFlow.js keeps in fewer bytes: halves, and whole numbers q that stand for q·scale + min. */
import { sizeOf } from "../../../shape.ts";
import { bytesOf } from "../dtypes.ts";
import type { StoredTensor } from "../safetensors.ts";
import type { Entry } from "./read-tfjs.ts";

export type Quantization =
  { readonly dtype: "F16" } | { readonly dtype: "U8" | "U16"; readonly scale: number; readonly min: number };

const sizes = { F16: 2, U8: 1, U16: 2 } as const;

/** Bytes of the entry in the files. */
export function storedSize({ dtype, shape, quantization }: Entry): number {
  return sizeOf(shape) * (quantization === undefined ? bytesOf(dtype) : sizes[quantization.dtype]);
}

/** The tensor whose numbers are `bytes`. Halves stay halves; whole numbers become float32, rounded to nearest. */
export function dequantised({ dtype, shape, quantization }: Entry, bytes: Uint8Array): StoredTensor {
  if (quantization === undefined) return { dtype, shape, bytes };
  if (quantization.dtype === "F16") return { dtype: "F16", shape, bytes };
  const { scale, min } = quantization;
  const size = sizes[quantization.dtype];
  const values = new Float32Array(bytes.length / size);
  for (let i = 0; i < values.length; i++) {
    const q = size === 1 ? bytes[i]! : bytes[2 * i]! + 256 * bytes[2 * i + 1]!;
    values[i] = q * scale + min;
  }
  return { dtype: "F32", shape, bytes: new Uint8Array(values.buffer) };
}
