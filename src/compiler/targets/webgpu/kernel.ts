/**
 * What a kernel is on a GPU: WGSL modules with the entry point `main`, of which one is run, every buffer a binding of its
 * own in group 0. A recipe is a graph operation as kernels in order, with temporary buffers between them.
 */
import { helpersFor } from "./expression-wgsl.ts";
import { defaultLimits } from "./limits.ts";

export interface GpuKernel {
  /** For people: what it is and its sizes. Not unique. */
  readonly label: string;
  /**
   * Binding i has the number i. Those that are only read come first. A buffer that is written must not be bound to another
   * binding of the same dispatch.
   */
  readonly bindings: readonly GpuBinding[];
  readonly flops: number;
  /** Read and written at least. */
  readonly bytes: number;
  /**
   * Ways to compute the same, all with these bindings and equal up to rounding; at least one, which runs on every adapter.
   * The first is the default for GPUs. `chooseVariant` takes one.
   */
  readonly variants: readonly GpuVariant[];
}

export interface GpuVariant {
  /** Unique within the kernel. The first word tells how it works: see `chooseVariant` of the device. */
  readonly name: string;
  readonly wgsl: string;
  readonly workgroups: readonly [number, number, number];
  /** Invocations of a workgroup, and its shared memory. */
  readonly invocations: number;
  readonly workgroupBytes: number;
  /** What the adapter must have and the device be created with. */
  readonly requires?: readonly GpuFeature[];
  /** The variant is right only where every subgroup has so many invocations. */
  readonly subgroupSize?: number;
}

export type GpuFeature = "subgroups" | "shader-f16";

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

export interface BufferPart {
  readonly name: string;
  /** Length in numbers. */
  readonly length: number;
}

export interface KernelParts {
  readonly label: string;
  readonly inputs: readonly BufferPart[];
  readonly outputs: readonly BufferPart[];
  readonly flops: number;
}

/** A variant of a kernel to be. */
export interface KernelForm {
  /** Default: `only`. */
  readonly name?: string;
  /** Functions and constants outside `main`. */
  readonly declarations?: string;
  /** Buffers that are read and written as vec4f. */
  readonly wide?: readonly string[];
  /** Statements of `main`; `group` is the number of the workgroup, `lane` that of the invocation within it. */
  readonly body: string;
  readonly invocations: number;
  readonly groups: number;
  readonly workgroupBytes?: number;
  /** Subgroups of so many invocations are needed; `lane` is then the number within the subgroup. */
  readonly subgroupSize?: number;
}

/** The workgroups in one dimension, or in two where they are too many. */
function gridOf(groups: number): readonly [number, number, number] {
  const widest = defaultLimits.workgroupsPerDimension;
  if (groups <= widest) return [groups, 1, 1];
  const rows = Math.ceil(groups / widest);
  return [Math.ceil(groups / rows), rows, 1];
}

/** A kernel with a variant for each form. */
export function createKernel(parts: KernelParts, forms: readonly KernelForm[]): GpuKernel {
  const bindings: GpuBinding[] = [
    ...parts.inputs.map(({ name, length }) => ({ name, access: "read" as const, bytes: 4 * length })),
    ...parts.outputs.map(({ name, length }) => ({ name, access: "read_write" as const, bytes: 4 * length })),
  ];
  return {
    label: parts.label,
    bindings,
    flops: parts.flops,
    bytes: bindings.reduce((sum, binding) => sum + binding.bytes, 0),
    variants: forms.map((form) => createVariant(parts.label, bindings, form)),
  };
}

function createVariant(label: string, bindings: readonly GpuBinding[], form: KernelForm): GpuVariant {
  const workgroups = gridOf(form.groups);
  const [width, height] = workgroups;
  const element = (name: string): string => (form.wide?.includes(name) === true ? "vec4f" : "f32");
  const declared = bindings.map(
    ({ name, access }, i) => `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${element(name)}>;`,
  );
  const guard = width * height === form.groups ? [] : [`if (group >= ${form.groups}u) {`, "  return;", "}"];
  const number = height === 1 ? "workgroup.x" : `workgroup.y * ${width}u + workgroup.x`;
  const code = `${form.declarations ?? ""}\n${form.body}`;
  const subgroups = form.subgroupSize !== undefined;
  const sections = [
    `// ${label}`,
    subgroups ? "enable subgroups;" : "",
    declared.join("\n"),
    helpersFor(code),
    form.declarations?.trim() ?? "",
    [
      `@compute @workgroup_size(${form.invocations})`,
      `fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(${subgroups ? "subgroup_invocation_id" : "local_invocation_index"}) lane: u32) {`,
      indent([`let group = ${number};`, ...guard, form.body.trim()].join("\n")),
      "}",
    ].join("\n"),
  ];
  return {
    name: form.name ?? "only",
    wgsl: `${sections.filter((section) => section !== "").join("\n\n")}\n`,
    workgroups,
    invocations: form.invocations,
    workgroupBytes: form.workgroupBytes ?? 0,
    ...(form.subgroupSize === undefined ? {} : { requires: ["subgroups"], subgroupSize: form.subgroupSize }),
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

export interface MapParts extends KernelParts {
  readonly count: number;
  readonly declarations?: string;
  readonly wide?: readonly string[];
  readonly body: string;
}

/** A form whose body computes one of `count` elements, number `i`. */
export function mapForm(
  parts: Pick<MapParts, "count" | "declarations" | "wide" | "body"> & { readonly name?: string },
): KernelForm {
  const { count, body, ...rest } = parts;
  const guard = count % MAP_INVOCATIONS === 0 ? "" : `if (i >= ${count}u) {\n  return;\n}\n`;
  return {
    ...rest,
    body: `let i = group * ${MAP_INVOCATIONS}u + lane;\n${guard}${body.trim()}`,
    invocations: MAP_INVOCATIONS,
    groups: Math.ceil(count / MAP_INVOCATIONS),
  };
}

/** A kernel of one such form. */
export function createMapKernel(parts: MapParts): GpuKernel {
  const { count, body, declarations = "", wide = [] } = parts;
  return createKernel(parts, [mapForm({ count, body, declarations, wide })]);
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
  return { steps: steps.filter((kernel) => kernel.variants[0]!.workgroups[0] > 0), temporaries: {} };
}

/** The same kernel whose WGSL names the layer that it belongs to. */
export function withLayer(kernel: GpuKernel, path: string): GpuKernel {
  if (path === "") return kernel;
  return { ...kernel, variants: kernel.variants.map((v) => ({ ...v, wgsl: `// ${path}\n${v.wgsl}` })) };
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
