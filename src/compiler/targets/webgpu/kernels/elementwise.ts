/** Element-wise chains: one expression (or several) over [rows, channels]. */
import { costOf, type Access, type Expression } from "../../../plan/expression.ts";
import { elementIndex, inputParts, outputNames } from "../elements.ts";
import { emitExpressions } from "../expression-wgsl.ts";
import { createMapKernel, type GpuKernel } from "../kernel.ts";

export interface ElementwiseSpec {
  readonly rows: number;
  readonly channels: number;
  /** Inputs 0, 1, …: buffers `x1`, `x2`, … */
  readonly inputs: readonly Access[];
  /** Buffers `out`, `out2`, … None may be the buffer of an input (WebGPU forbids that), but see `over`. */
  readonly outputs: readonly Expression[];
  /**
   * For outputs that overwrite an input of access `same`: its index. Such an output has no binding of its own, the input's
   * is for reading and writing.
   */
  readonly over?: readonly (number | undefined)[];
}

export function elementwiseKernel(label: string, spec: ElementwiseSpec): GpuKernel {
  const { rows, channels } = spec;
  const count = rows * channels;
  const flat = spec.inputs.every((access) => access.kind === "same" || access.kind === "scalar");
  const { lines, values } = emitExpressions(spec.outputs, (index) => {
    const access = spec.inputs[index]!;
    const at = access.kind === "same" ? "i" : elementIndex(access, "row", "channel", channels);
    return `x${index + 1}[${at}]`;
  });
  const over = spec.over ?? [];
  const names = outputNames(spec.outputs.length).map((name, i) => (over[i] === undefined ? name : `x${over[i] + 1}`));
  const place = flat ? [] : [`let row = i / ${channels}u;`, `let channel = i % ${channels}u;`];
  return createMapKernel({
    label,
    inputs: inputParts("x", spec.inputs, rows, channels).filter(({ name }) => !names.includes(name)),
    outputs: names.map((name) => ({ name, length: count })),
    body: [...place, ...lines, ...names.map((name, i) => `${name}[i] = ${values[i]!};`)].join("\n"),
    count,
    flops: count * spec.outputs.reduce((sum, e) => sum + costOf(e), 0),
  });
}
