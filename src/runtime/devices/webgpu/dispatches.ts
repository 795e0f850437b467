/// <reference types="@webgpu/types" />
/** The launches of a plan as dispatches: everything that can be made beforehand is. */
import type { KernelLaunch, Plan } from "../../../compiler/plan/plan.ts";
import type { GpuKernel, GpuVariant } from "../../../compiler/targets/webgpu/kernel.ts";
import type { WebgpuCode } from "../../../compiler/targets/webgpu/plan-code.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { layerName } from "../../../layer-name.ts";
import type { Tuning } from "../../tuning.ts";
import { chooseVariant } from "./choose-variant.ts";
import { scoped } from "./error-scopes.ts";
import { bufferOf, type GpuMemory } from "./memory.ts";
import type { OpenedGpu } from "./opened-gpu.ts";
import { ShaderFailure, type CompiledShader } from "./pipelines.ts";
import { LONGEST_SUBMISSION, secondsOf, type Cuttable } from "./work.ts";

export interface Dispatch extends Cuttable {
  readonly launch: KernelLaunch;
  /** Index in the plan's launches. */
  readonly index: number;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  /** What the bind group was made of. */
  readonly label: string;
  readonly layout: GPUBindGroupLayout;
  readonly buffers: readonly GPUBuffer[];
}

export interface DispatchOptions {
  /** Every dispatch shall be one that can be done in parts. */
  readonly allSliced: boolean;
  readonly tuning?: Tuning | undefined;
}

/** `launch 12 of train, conv1`: what errors of WebGPU have in them, as it names objects by their labels. */
export function launchLabel(plan: Plan, index: number): string {
  const layer = layerName(plan.launches[index]!);
  return `launch ${index} of ${plan.graph}${layer === "" ? "" : `, ${layer}`}`;
}

/** Fails with `run/kernel` for what can't be compiled or bound. */
export async function createDispatches(
  gpu: OpenedGpu,
  code: WebgpuCode,
  plan: Plan,
  memory: { readonly layout: GpuMemory; readonly buffers: readonly GPUBuffer[] },
  { allSliced, tuning }: DispatchOptions,
): Promise<readonly Dispatch[]> {
  return Promise.all(
    plan.launches.map(async (launch, index): Promise<Dispatch> => {
      if (launch.kind !== "kernel") throw new Error("random numbers of a plan for WebGPU are kernels");
      const kernel = code.kernels[launch.kernel] ?? fail("run/no-plan", { device: "webgpu", graph: plan.graph });
      const variant = chooseVariant(kernel, gpu.traits, tuning?.adapters[gpu.traits.name]);
      const seconds = secondsOf(launch, gpu.traits.software);
      const sliced = allSliced || seconds > LONGEST_SUBMISSION;
      const { pipeline, layout } = await compileFor(gpu, launch, kernel, variant, sliced);
      const label = launchLabel(plan, index);
      const buffers = launch.buffers.map((ref) => memory.buffers[bufferOf(memory.layout, plan, ref)]!);
      const { value: bindGroup, fault } = scoped(gpu.device, () =>
        gpu.device.createBindGroup({
          label,
          layout,
          entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
        }),
      );
      const problem = await fault;
      if (problem !== undefined) refuse(launch, problem.message);
      const { workgroups } = variant;
      return { launch, index, pipeline, bindGroup, label, layout, buffers, workgroups, sliced, seconds };
    }),
  );
}

async function compileFor(
  gpu: OpenedGpu,
  launch: KernelLaunch,
  kernel: GpuKernel,
  { wgsl, name }: GpuVariant,
  sliced: boolean,
): Promise<CompiledShader> {
  const label = `${kernel.label} (${name})`;
  try {
    return await gpu.pipelines.compile({ wgsl, label, bindings: kernel.bindings, sliced });
  } catch (error) {
    if (!(error instanceof ShaderFailure)) throw error;
    return refuse(launch, error.message);
  }
}

/** `run/kernel` at the launch's place in the source. */
export function refuse(launch: KernelLaunch, reason: string): never {
  const { kernel, span } = launch;
  return fail("run/kernel", { kernel, path: layerName(launch), reason }, span === undefined ? {} : { span });
}
