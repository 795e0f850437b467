/**
 * Kernels whose buffers are in half precision: the same WGSL, which computes in f32, with a conversion at every place where
 * it reads or writes one. WGSL converts nothing by itself, so that a place without one would not compile.
 */
import type { StorageType } from "../../plan/storage.ts";
import { storageBytes } from "../../plan/storage.ts";
import type { GpuBinding, GpuKernel, GpuVariant } from "./kernel.ts";

/** The kernel for buffers of these storage types, in the order of its bindings, all of which are f32 before. */
export function withStorage(kernel: GpuKernel, storage: readonly StorageType[]): GpuKernel {
  const bindings = kernel.bindings.map((binding, i): GpuBinding => {
    return { ...binding, bytes: (binding.bytes / storageBytes.f32) * storageBytes[storage[i]!] };
  });
  const half = kernel.bindings.flatMap(({ name }, i) => (storage[i] === "f16" ? [name] : []));
  return {
    ...kernel,
    label: `${kernel.label}, f16 ${half.join(" ")}`,
    bindings,
    bytes: kernel.bytes + bindings.reduce((sum, { bytes }, i) => sum + bytes - kernel.bindings[i]!.bytes, 0),
    variants: kernel.variants.map((variant) => halfVariant(variant, storage)),
  };
}

/** A buffer as a variant declares it: `var<storage, read> x: array<vec4f>;`. */
const DECLARATION = /@binding\((\d+)\) var<storage, \w+> (\w+): array<(f32|vec4f)>;/g;

/** Of the elements in memory, and of those that are computed with. */
const TYPES = { f32: { memory: "f16", value: "f32" }, vec4f: { memory: "vec4h", value: "vec4f" } } as const;

type Elements = (typeof TYPES)[keyof typeof TYPES];

function halfVariant(variant: GpuVariant, storage: readonly StorageType[]): GpuVariant {
  const buffers = new Map<string, Elements>();
  const lines = variant.wgsl.split("\n").map((line) =>
    line.replace(DECLARATION, (declaration, number: string, name: string, element: keyof typeof TYPES) => {
      if (storage[Number(number)] !== "f16") return declaration;
      buffers.set(name, TYPES[element]);
      return declaration.replace(`array<${element}>`, `array<${TYPES[element].memory}>`);
    }),
  );
  const body = lines.map((line) => (line.trimStart().startsWith("//") ? line : converted(line, buffers)));
  const first = body.findIndex((line) => !line.startsWith("//"));
  return {
    ...variant,
    wgsl: [...body.slice(0, first), "", "enable f16;", ...body.slice(first)].join("\n"),
    requires: [...(variant.requires ?? []), "shader-f16"],
  };
}

/** A line of code with its elements of the buffers converted: a statement that writes one is on a line of its own. */
function converted(line: string, buffers: ReadonlyMap<string, Elements>): string {
  let done = "";
  let at = 0;
  for (const { index, 0: found, 1: name } of line.matchAll(/(?<![\w.])(\w+)\[/g)) {
    const elements = buffers.get(name!);
    // What stands inside the brackets of another element is converted with that one.
    if (elements === undefined || index < at) continue;
    const end = closing(line, index + found.length);
    const element = `${name!}[${converted(line.slice(index + found.length, end), buffers)}]`;
    const written = /^ = (.*);$/.exec(line.slice(end + 1));
    done += line.slice(at, index);
    if (written !== null) return `${done}${element} = ${elements.memory}(${converted(written[1]!, buffers)});`;
    done += `${elements.value}(${element})`;
    at = end + 1;
  }
  return done + line.slice(at);
}

/** Index of the bracket that closes the one before `from`. */
function closing(line: string, from: number): number {
  let depth = 1;
  for (let i = from; i < line.length; i++) {
    if (line[i] === "[") depth++;
    if (line[i] === "]" && --depth === 0) return i;
  }
  throw new Error(`a bracket stays open in ${line}`);
}
