/** What became of a file that was given to `bcosc import`: loaded, refused, or a fault of ours. */
import type { StateSpec } from "../../src/compiler/graph/program.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { bytesOf } from "../../src/runtime/weights/dtypes.ts";
import { importFindings } from "../../src/runtime/weights/exchange/findings.ts";
import { importTensors } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { isPlainFileName } from "../../src/runtime/weights/beside.ts";
import { filesBeside, readTensorFile } from "../../src/runtime/weights/read-tensors.ts";
import { writeSafetensors, type StoredTensor } from "../../src/runtime/weights/safetensors.ts";
import { sizeOf } from "../../src/shape.ts";
import type { WeightFiles } from "./specimens.ts";

export type Outcome =
  | { readonly kind: "loaded"; readonly fits: boolean }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "fault"; readonly reason: string };

/** An error has to fit on a screen, whatever is in the file. */
const MAX_MESSAGE = 1000;
/** Bytes that a file's tensors may have beside the file, in files. */
const MOST_COPIES = 4;

/** Reads the file and looks for the model's weights in it, as `bcosc import` does. */
export function tryFile({ file, beside }: WeightFiles, state: readonly StateSpec[]): Outcome {
  try {
    const outside = filesBeside(file, "f").find((name) => !isPlainFileName(name));
    if (outside !== undefined) return { kind: "fault", reason: `the file ${outside} would be read` };
    const { tensors } = readTensorFile(file, "f", beside);
    const fault = faultOf(tensors, [file, ...(beside?.values() ?? [])]);
    if (fault !== undefined) return { kind: "fault", reason: fault };
    const imported = importTensors(state, tensors);
    const findings = importFindings(imported.report, { partial: false }, "f");
    const endless = findings.find((finding) => finding.message.length > MAX_MESSAGE);
    if (endless !== undefined) return { kind: "fault", reason: `an endless message of ${endless.code}` };
    if (findings.length === 0) writeSafetensors(imported.tensors);
    return { kind: "loaded", fits: findings.length === 0 };
  } catch (error) {
    if (!(error instanceof BcosError)) return { kind: "fault", reason: `threw ${String(error)}` };
    const [first, ...more] = error.diagnostics;
    if (first === undefined || more.length > 0) return { kind: "fault", reason: "not one error" };
    const { code, message } = first;
    if (!code.startsWith("weights/")) return { kind: "fault", reason: `the code ${code}` };
    if (message.length > MAX_MESSAGE) return { kind: "fault", reason: `an endless message of ${code}` };
    return { kind: "refused", code, message };
  }
}

function faultOf(tensors: ReadonlyMap<string, StoredTensor>, files: readonly Uint8Array[]): string | undefined {
  const buffers = new Set(files.map(({ buffer }) => buffer));
  const length = files.reduce((sum, file) => sum + file.length, 0);
  let copied = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) return `${name} has no valid shape`;
    if (sizeOf(shape) * bytesOf(dtype) !== bytes.length) return `${name} has other bytes than its shape says`;
    if (!buffers.has(bytes.buffer)) copied += bytes.length;
  }
  return copied > MOST_COPIES * length ? `${copied} bytes were made of ${length}` : undefined;
}
