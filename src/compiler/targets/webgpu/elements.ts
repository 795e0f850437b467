/** How kernels read the inputs of expressions: the element of each input that belongs to (row, channel). */
import type { Access, Expression } from "../../plan/expression.ts";
import { emitExpressions } from "./expression-wgsl.ts";
import type { BufferPart } from "./kernel.ts";

/** Index of the element of (row, channel) of [rows, channels]; `row` and `channel` are WGSL names. */
export function elementIndex(access: Access, row: string, channel: string, channels: number): string {
  switch (access.kind) {
    case "same":
      return channels === 1 ? row : `${row} * ${channels}u + ${channel}`;
    case "channel":
      return channel;
    case "row":
      return row;
    case "group":
      return `${row} * ${access.groups}u + ${channel} / ${channels / access.groups}u`;
    case "sample":
      return `${row} / ${access.rows}u * ${channels}u + ${channel}`;
    case "scalar":
      return "0u";
    default:
      throw new Error(`no such access: ${String(access satisfies never)}`);
  }
}

/** Numbers in an input that is read over [rows, channels]. */
export function elementCount(access: Access, rows: number, channels: number): number {
  switch (access.kind) {
    case "same":
      return rows * channels;
    case "channel":
      return channels;
    case "row":
      return rows;
    case "group":
      return rows * access.groups;
    case "sample":
      return Math.ceil(rows / access.rows) * channels;
    case "scalar":
      return 1;
    default:
      throw new Error(`no such access: ${String(access satisfies never)}`);
  }
}

/** Inputs named `prefix1`, `prefix2`, … as buffers. */
export function inputParts(prefix: string, inputs: readonly Access[], rows: number, channels: number): BufferPart[] {
  return inputs.map((access, i) => ({ name: `${prefix}${i + 1}`, length: elementCount(access, rows, channels) }));
}

/** What is done to every element of a tensor on its way into a kernel. */
export interface Prologue {
  /** Inputs 1, 2, … over the tensor's [rows, channels]; input 0 is the element itself. Buffers `p1`, `p2`, … */
  readonly inputs: readonly Access[];
  readonly value: Expression;
}

/**
 * A function `name(row, channel)` that reads an element of the buffer `source` [rows, channels], through a prologue whose
 * buffers are `prefix1`, `prefix2`, …
 */
export function elementFunction(
  name: string,
  source: string,
  channels: number,
  prologue: Prologue | undefined,
  prefix = "p",
): string {
  const { lines, values } = emitExpressions([prologue?.value ?? { op: "input", index: 0 }], (index) => {
    if (index === 0) return `${source}[row * ${channels}u + channel]`;
    return `${prefix}${index}[${elementIndex(prologue!.inputs[index - 1]!, "row", "channel", channels)}]`;
  });
  return [
    `fn ${name}(row: u32, channel: u32) -> f32 {`,
    ...lines.map((l) => `  ${l}`),
    `  return ${values[0]!};`,
    "}",
  ].join("\n");
}

/** What is done with every result before it is written. */
export interface Epilogue {
  /**
   * Inputs 1, 2, … over the output [rows, channels]; input 0 is the result. With a norm, input 1 is the norm and is not
   * listed here; the listed ones follow. Buffers `e1`, `e2`, … in the order of the list.
   */
  readonly inputs: readonly Access[];
  /** Buffers `out`, `out2`, … */
  readonly outputs: readonly Expression[];
}

export const PLAIN: Epilogue = { inputs: [], outputs: [{ op: "input", index: 0 }] };

export function outputNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? "out" : `out${i + 1}`));
}

/** Statements that write the results of (row, channel); `result` and `norm` are WGSL names. */
export function epilogueStatements(
  epilogue: Epilogue,
  place: { readonly row: string; readonly channel: string; readonly channels: number },
  result: string,
  norm?: string,
): string {
  const { row, channel, channels } = place;
  const first = norm === undefined ? 1 : 2;
  const { lines, values } = emitExpressions(epilogue.outputs, (index) => {
    if (index === 0) return result;
    if (index === 1 && norm !== undefined) return norm;
    return `e${index - first + 1}[${elementIndex(epilogue.inputs[index - first]!, row, channel, channels)}]`;
  });
  const at = elementIndex({ kind: "same" }, row, channel, channels);
  const names = outputNames(epilogue.outputs.length);
  return [...lines, ...names.map((name, i) => `${name}[${at}] = ${values[i]!};`)].join("\n");
}
