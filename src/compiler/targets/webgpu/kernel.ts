/**
 * What a kernel is on a GPU: one WGSL module with the entry point `main`, every buffer a binding of its own in group 0,
 * and the number of workgroups. A recipe is a graph operation as kernels in order, with temporary buffers between them.
 */
import { helpersFor } from "./expression-wgsl.ts";
import { defaultLimits } from "./limits.ts";

export interface GpuKernel {
  /** For people: what it is and its sizes. Not unique. */
  readonly label: string;
  readonly wgsl: string;
  /**
   * Binding i has the number i. Those that are only read come first. A buffer that is written must not be bound to another
   * binding of the same dispatch.
   */
  readonly bindings: readonly GpuBinding[];
  readonly workgroups: readonly [number, number, number];
  readonly flops: number;
  /** Read and written at least. */
  readonly bytes: number;
  /** Invocations of a workgroup, and its shared memory. */
  readonly invocations: number;
  readonly workgroupBytes: number;
}

export interface GpuBinding {
  readonly name: string;
  readonly access: "read" | "read_write";
  /** What the kernel reads and writes lies within so many bytes. */
  readonly bytes: number;
}

export interface GpuRecipe {
  /** Each must be complete before the next starts. */
  readonly steps: readonly GpuKernel[];
  /** Bytes of the buffers that live only inside the recipe. */
  readonly temporaries: Readonly<Record<string, number>>;
}

export interface GpuOptions {
  /**
   * How products and sums over rows are done: `registers` without workgroup memory and barriers, for adapters that run on
   * the processor; `workgroup` with tiles in workgroup memory, for GPUs. Default: `workgroup`.
   */
  readonly tile?: "registers" | "workgroup";
}

export interface BufferPart {
  readonly name: string;
  /** Length in numbers. */
  readonly length: number;
}

export interface KernelParts {
  readonly label: string;
  readonly inputs: readonly BufferPart[];
  readonly outputs: readonly BufferPart[];
  /** Functions and constants outside `main`. */
  readonly declarations?: string;
  /** Statements of `main`; `group` is the number of the workgroup, `lane` that of the invocation within it. */
  readonly body: string;
  readonly invocations: number;
  readonly groups: number;
  readonly workgroupBytes?: number;
  readonly flops: number;
}

/** The workgroups in one dimension, or in two where they are too many. */
function gridOf(groups: number): readonly [number, number, number] {
  const widest = defaultLimits.workgroupsPerDimension;
  if (groups <= widest) return [groups, 1, 1];
  const rows = Math.ceil(groups / widest);
  return [Math.ceil(groups / rows), rows, 1];
}

export function createKernel(parts: KernelParts): GpuKernel {
  const bindings: GpuBinding[] = [
    ...parts.inputs.map(({ name, length }) => ({ name, access: "read" as const, bytes: 4 * length })),
    ...parts.outputs.map(({ name, length }) => ({ name, access: "read_write" as const, bytes: 4 * length })),
  ];
  const workgroups = gridOf(parts.groups);
  const [width, height] = workgroups;
  const declared = bindings.map(
    ({ name, access }, i) => `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<f32>;`,
  );
  const guard = width * height === parts.groups ? [] : [`if (group >= ${parts.groups}u) {`, "  return;", "}"];
  const number = height === 1 ? "workgroup.x" : `workgroup.y * ${width}u + workgroup.x`;
  const code = `${parts.declarations ?? ""}\n${parts.body}`;
  const sections = [
    `// ${parts.label}`,
    declared.join("\n"),
    helpersFor(code),
    parts.declarations?.trim() ?? "",
    [
      `@compute @workgroup_size(${parts.invocations})`,
      "fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {",
      indent([`let group = ${number};`, ...guard, parts.body.trim()].join("\n")),
      "}",
    ].join("\n"),
  ];
  return {
    label: parts.label,
    wgsl: `${sections.filter((section) => section !== "").join("\n\n")}\n`,
    bindings,
    workgroups,
    flops: parts.flops,
    bytes: bindings.reduce((sum, binding) => sum + binding.bytes, 0),
    invocations: parts.invocations,
    workgroupBytes: parts.workgroupBytes ?? 0,
  };
}

/** Moves code to the right by a level (two spaces). */
export function indent(code: string, levels = 1): string {
  return code
    .split("\n")
    .map((line) => (line === "" ? line : "  ".repeat(levels) + line))
    .join("\n");
}

const MAP_INVOCATIONS = 64;

/** A kernel whose body computes one of `count` elements, number `i`. */
export function createMapKernel(
  parts: Omit<KernelParts, "groups" | "invocations" | "workgroupBytes"> & { readonly count: number },
): GpuKernel {
  const groups = Math.ceil(parts.count / MAP_INVOCATIONS);
  const guard = parts.count % MAP_INVOCATIONS === 0 ? "" : `if (i >= ${parts.count}u) {\n  return;\n}\n`;
  return createKernel({
    ...parts,
    body: `let i = group * ${MAP_INVOCATIONS}u + lane;\n${guard}${parts.body.trim()}`,
    invocations: MAP_INVOCATIONS,
    groups,
  });
}

/** The same kernel with other names for its buffers. The WGSL keeps its own: bindings go by number. */
export function renameBindings(kernel: GpuKernel, names: Readonly<Record<string, string>>): GpuKernel {
  return {
    ...kernel,
    bindings: kernel.bindings.map((binding) => ({ ...binding, name: names[binding.name] ?? binding.name })),
  };
}

export function renameRecipe(recipe: GpuRecipe, names: Readonly<Record<string, string>>): GpuRecipe {
  return { ...recipe, steps: recipe.steps.map((kernel) => renameBindings(kernel, names)) };
}

/** A recipe without temporaries; kernels that have nothing to do are left out. */
export function recipeOf(...steps: readonly GpuKernel[]): GpuRecipe {
  return { steps: steps.filter((kernel) => kernel.workgroups[0] > 0), temporaries: {} };
}

/** The same kernel whose WGSL names the layer that it belongs to. */
export function withLayer(kernel: GpuKernel, path: string): GpuKernel {
  return path === "" ? kernel : { ...kernel, wgsl: `// ${path}\n${kernel.wgsl}` };
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
