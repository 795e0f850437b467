/// <reference types="@webgpu/types" />
/** Pipelines: compiled once a device and shader, without waiting for one another. */
import type { GpuBinding } from "../../../compiler/targets/webgpu/kernel.ts";
import { scoped, type GpuFault } from "./error-scopes.ts";
import { computeStage } from "./gpu.ts";
import { pending } from "./pending.ts";

export interface Shader {
  readonly wgsl: string;
  readonly label: string;
  readonly bindings: readonly Pick<GpuBinding, "access">[];
  /** Dispatches may begin at a workgroup that is given beside the buffers: see `withFirstGroup`. */
  readonly sliced: boolean;
}

export interface CompiledShader {
  readonly pipeline: GPUComputePipeline;
  /** Of the buffers: group 0. */
  readonly layout: GPUBindGroupLayout;
}

export interface PipelineCache {
  /** Rejects with a `ShaderFailure`. */
  compile(shader: Shader): Promise<CompiledShader>;
  /** Of the first workgroup: group 1, a uniform with a dynamic offset. */
  readonly sliceLayout: GPUBindGroupLayout;
}

export class ShaderFailure extends Error {}

export function createPipelineCache(device: GPUDevice): PipelineCache {
  const compiled = new Map<string, Promise<CompiledShader>>();
  const layouts = new Map<string, GPUBindGroupLayout>();
  const sliceLayout = device.createBindGroupLayout({
    label: "first workgroup",
    entries: [{ binding: 0, visibility: computeStage, buffer: { type: "uniform", hasDynamicOffset: true } }],
  });

  // Not `auto`, which leaves out what a shader does not use.
  const layoutOf = (accesses: readonly string[]): GPUBindGroupLayout => {
    const key = accesses.join();
    let layout = layouts.get(key);
    if (layout === undefined) {
      layout = device.createBindGroupLayout({
        label: key,
        entries: accesses.map((access, binding) => ({
          binding,
          visibility: computeStage,
          buffer: { type: access === "read" ? "read-only-storage" : "storage" },
        })),
      });
      layouts.set(key, layout);
    }
    return layout;
  };

  const build = async ({ wgsl, label, bindings, sliced }: Shader): Promise<CompiledShader> => {
    const { value, fault } = scoped(device, () => {
      const layout = layoutOf(bindings.map(({ access }) => access));
      const module = device.createShaderModule({ label, code: sliced ? withFirstGroup(wgsl) : wgsl });
      const bindGroupLayouts = sliced ? [layout, sliceLayout] : [layout];
      return {
        layout,
        pipeline: pending(
          device,
          device.createComputePipelineAsync({
            label,
            layout: device.createPipelineLayout({ label, bindGroupLayouts }),
            compute: { module, entryPoint: "main" },
          }),
        ),
      };
    });
    const [pipeline, problem] = await Promise.all([
      value.pipeline.catch((error: unknown): GpuFault => ({ kind: "validation", message: String(error) })),
      fault,
    ]);
    if (problem !== undefined) throw new ShaderFailure(problem.message);
    if ("kind" in pipeline) throw new ShaderFailure(pipeline.message);
    return { layout: value.layout, pipeline };
  };

  return {
    sliceLayout,
    compile(shader) {
      const key = `${shader.sliced ? "sliced " : ""}${shader.wgsl}`;
      let result = compiled.get(key);
      if (result === undefined) {
        result = build(shader);
        compiled.set(key, result);
        result.catch(() => compiled.delete(key));
      }
      return result;
    },
  };
}

/** The same shader, with the number of the first workgroup read from a uniform: so a dispatch can be done in parts. */
export function withFirstGroup(wgsl: string): string {
  const sliced = wgsl.replace(/let group = (.*);/, "let group = first_group.x + $1;");
  if (sliced === wgsl) throw new Error("the shader has no number of its workgroup");
  // Directives come before all declarations.
  const directives = /^(?:\s*(?:\/\/.*|enable .*;|requires .*;|diagnostic.*;)?\n)*/.exec(sliced)![0].length;
  const uniform = "@group(1) @binding(0) var<uniform> first_group: vec4u;\n";
  return sliced.slice(0, directives) + uniform + sliced.slice(directives);
}
