/** Element-wise chains: one expression (or several) over [rows, channels], four elements an invocation where they can be read together. */
import { costOf } from "../../../plan/expression.ts";
import type { ElementwiseSpec } from "../../../plan/kernel-specs.ts";
import { canWiden, inputParts, outputNames, readElement, wideNames } from "../elements.ts";
import { emitExpressions } from "../expression-wgsl.ts";
import { createMapKernel, type GpuKernel } from "../kernel.ts";

export function elementwiseKernel(label: string, spec: ElementwiseSpec): GpuKernel {
  const { rows, channels } = spec;
  const count = rows * channels;
  const flat = spec.inputs.every((access) => access.kind === "same" || access.kind === "scalar");
  const width = (flat ? count % 4 === 0 : canWiden(spec.inputs, channels)) ? 4 : 1;
  const read = (index: number): string => {
    const access = spec.inputs[index]!;
    if (access.kind === "same") return `x${index + 1}[i]`;
    return readElement(`x${index + 1}`, access, { row: "row", channel: "channel", channels }, width);
  };
  const { lines, values } = emitExpressions(spec.outputs, read, { width });
  const over = spec.over ?? [];
  const names = outputNames(spec.outputs.length).map((name, i) => (over[i] === undefined ? name : `x${over[i] + 1}`));
  const pitch = channels / width;
  const place = flat
    ? []
    : [`let row = i / ${pitch}u;`, `let channel = i % ${pitch}u${width === 1 ? "" : ` * ${width}u`};`];
  return createMapKernel({
    label,
    inputs: inputParts("x", spec.inputs, rows, channels).filter(({ name }) => !names.includes(name)),
    outputs: names.map((name) => ({ name, length: count })),
    body: [...place, ...lines, ...names.map((name, i) => `${name}[i] = ${values[i]!};`)].join("\n"),
    wide: width === 1 ? [] : [...wideNames("x", spec.inputs), ...names],
    count: count / width,
    flops: count * spec.outputs.reduce((sum, e) => sum + costOf(e), 0),
  });
}
