/** Everything that the WASM device needs for the graphs of a program: plans, and one module with all of their kernels. */
import type { Graph } from "../../graph/graph.ts";
import type { GraphName } from "../../graph/program.ts";
import { createPlan } from "../../plan/create-plan.ts";
import { createMadeKernels } from "../../plan/lowering.ts";
import type { Plan, WasmCode } from "../../plan/plan.ts";
import { assembleModule } from "./assembler.ts";
import { kernelSource, type Kernel } from "./kernel.ts";
import { wasmTarget } from "./recipe-table.ts";

export interface WasmOptions {
  /** Default true. Without fusion every operation is a launch of its own. */
  readonly fuse?: boolean;
}

/** All 32-bit addresses; a memory may be smaller. */
const LARGEST_PAGES = 65536;

export function createWasmCode(
  graphs: Readonly<Partial<Record<GraphName, Graph>>>,
  batch: number,
  options: WasmOptions = {},
): WasmCode {
  const plans: Partial<Record<GraphName, Plan>> = {};
  const kernels = new Map<string, Kernel>();
  const made = createMadeKernels<Kernel>();
  for (const [name, graph] of Object.entries(graphs) as [GraphName, Graph][]) {
    const created = createPlan(graph, wasmTarget, { name, batch, made, ...options });
    plans[name] = created.plan;
    for (const [kernelName, kernel] of created.kernels) kernels.set(kernelName, kernel);
  }
  return { ...assemble(kernels), plans };
}

function assemble(kernels: ReadonlyMap<string, Kernel>): Pick<WasmCode, "module" | "relaxedModule"> {
  const sources = [...kernels].map(([name, kernel]) => kernelSource(kernel, name));
  const memory = { minimum: 1, maximum: LARGEST_PAGES, shared: true };
  return {
    module: assembleModule(sources, { memory, relaxed: false }),
    relaxedModule: assembleModule(sources, { memory, relaxed: true }),
  };
}
