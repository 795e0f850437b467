/**
 * How kernels read the inputs of expressions: the element of each input that belongs to (row, channel), or, with width 4,
 * those of four channels from a multiple of four on. A buffer that is read four wide is an `array<vec4f>`.
 */
import type { Access } from "../../plan/expression.ts";
import type { Epilogue, Prologue } from "../../plan/kernel-specs.ts";
import { emitExpressions, splat, type Width } from "./expression-wgsl.ts";
import type { BufferPart } from "./kernel.ts";

/** `value * factor` and `value / divisor` in WGSL, without what changes nothing. */
const times = (value: string, factor: number): string => (factor === 1 ? value : `${value} * ${factor}u`);
const over = (value: string, divisor: number): string => (divisor === 1 ? value : `${value} / ${divisor}u`);

/** Index of the element of (row, channel) of [rows, channels]; `row` and `channel` are WGSL names. */
export function elementIndex(access: Access, row: string, channel: string, channels: number, width: Width = 1): string {
  const [position, pitch] = [over(channel, width), channels / width];
  switch (access.kind) {
    case "same":
      return channels === 1 ? row : `${times(row, pitch)} + ${position}`;
    case "channel":
      return position;
    case "row":
      return row;
    case "group":
      return `${times(row, access.groups)} + ${over(channel, channels / access.groups)}`;
    case "sample":
      return `${times(over(row, access.rows), pitch)} + ${position}`;
    case "scalar":
      return "0u";
    default:
      throw new Error(`no such access: ${String(access satisfies never)}`);
  }
}

/** Whether neighbouring channels have elements of their own. */
const differs = ({ kind }: Access): boolean => kind === "same" || kind === "channel" || kind === "sample";

/** Whether the inputs can be read for four channels at a time. */
export function canWiden(inputs: readonly Access[], channels: number): boolean {
  return (
    channels % 4 === 0 && inputs.every((access) => access.kind !== "group" || (channels / access.groups) % 4 === 0)
  );
}

/** The names `prefix1`, … of the inputs that are read as vec4f where others are read as f32. */
export function wideNames(prefix: string, inputs: readonly Access[]): string[] {
  return inputs.flatMap((access, i) => (differs(access) ? [`${prefix}${i + 1}`] : []));
}

/** WGSL for the element or the four elements. */
export function readElement(
  name: string,
  access: Access,
  place: { readonly row: string; readonly channel: string; readonly channels: number },
  width: Width,
): string {
  const element = `${name}[${elementIndex(access, place.row, place.channel, place.channels, width)}]`;
  return differs(access) ? element : splat(element, width);
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

/** A tensor that a kernel reads through a prologue, whose buffers are `prefix1`, `prefix2`, … */
export interface Source {
  /** Name of the function that reads it. */
  readonly name: string;
  readonly buffer: string;
  /** The buffer is [rows, channels]. */
  readonly channels: number;
  readonly prologue?: Prologue | undefined;
  readonly prefix: string;
}

/** A function `name(row, channel)` that reads an element or, with width 4, the four from `channel` on. */
export function elementFunction(source: Source, width: Width): string {
  const { prologue, channels } = source;
  const place = { row: "row", channel: "channel", channels };
  const read = (index: number): string => {
    if (index === 0) return readElement(source.buffer, { kind: "same" }, place, width);
    return readElement(`${source.prefix}${index}`, prologue!.inputs[index - 1]!, place, width);
  };
  const { lines, values } = emitExpressions([prologue?.value ?? { op: "input", index: 0 }], read, { width });
  return [
    `fn ${source.name}(row: u32, channel: u32) -> ${width === 1 ? "f32" : "vec4f"} {`,
    ...lines.map((l) => `  ${l}`),
    `  return ${values[0]!};`,
    "}",
  ].join("\n");
}

export function canWidenSource({ prologue, channels }: Source): boolean {
  return canWiden(prologue?.inputs ?? [], channels);
}

/** The buffers of a source that are read as vec4f with width 4. */
export function wideSourceNames(source: Source): string[] {
  return [source.buffer, ...wideNames(source.prefix, source.prologue?.inputs ?? [])];
}

export function outputNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? "out" : `out${i + 1}`));
}

/** The buffers of an epilogue that are vec4f with width 4. */
export function wideEpilogueNames(epilogue: Epilogue): string[] {
  return [...wideNames("e", epilogue.inputs), ...outputNames(epilogue.outputs.length)];
}

/** Statements that write the results of (row, channel); `result` (of the width) and `norm` (f32) are WGSL names. */
export function epilogueStatements(
  epilogue: Epilogue,
  place: { readonly row: string; readonly channel: string; readonly channels: number },
  result: string,
  norm?: string,
  width: Width = 1,
): string {
  const first = norm === undefined ? 1 : 2;
  const read = (index: number): string => {
    if (index === 0) return result;
    if (index === 1 && norm !== undefined) return splat(norm, width);
    return readElement(`e${index - first + 1}`, epilogue.inputs[index - first]!, place, width);
  };
  const { lines, values } = emitExpressions(epilogue.outputs, read, { width });
  const at = elementIndex({ kind: "same" }, place.row, place.channel, place.channels, width);
  const names = outputNames(epilogue.outputs.length);
  return [...lines, ...names.map((name, i) => `${name}[${at}] = ${values[i]!};`)].join("\n");
}
