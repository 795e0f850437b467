/**
 * What becomes of a model, as text for editors: its plan, and the WGSL of the layers at a place. Planning a large network takes
 * seconds, so a dump is a job of plain data that another thread can run.
 */
import { checkFile } from "../compiler/check/check.ts";
import { createMemoryHost } from "../compiler/check/source-host.ts";
import { buildProgram } from "../compiler/compile.ts";
import type { GraphName } from "../compiler/graph/program.ts";
import { checkForm } from "../compiler/network/forms.ts";
import type { LayerInstance, Network } from "../compiler/network/network.ts";
import type { TargetName } from "../compiler/plan/plan.ts";
import { printPlan } from "../compiler/plan/print-plan.ts";
import { launchedKernels, printWgsl, type LaunchedKernel } from "../compiler/targets/webgpu/print-wgsl.ts";
import { BcosError, type Span } from "../diagnostics/diagnostic.ts";
import { createPlaces } from "../diagnostics/places.ts";
import { nodePathAt } from "./node-at.ts";
import { spanOf } from "./walk.ts";
import type { Workspace } from "./workspace.ts";

export interface DumpOptions {
  readonly kind: "plan" | "wgsl";
  /** A model of the file, whatever the place. */
  readonly model?: string;
  /** Default `predict`. */
  readonly graph?: Exclude<GraphName, "train">;
  /** Of a plan; default `wasm`. */
  readonly target?: TargetName;
  /** Samples a run; default 1. */
  readonly batch?: number;
}

export interface DumpJob extends DumpOptions {
  /** The texts of all files that the entry needs. */
  readonly files: Readonly<Record<string, string>>;
  readonly entry: string;
  readonly model: string;
  /** The step or binding in the source whose layers are meant; without it all are. */
  readonly at: Span | undefined;
}

/** A sentence in `problem` where there is nothing to show. */
export type Dump = { readonly title: string; readonly text: string } | { readonly problem: string };

/**
 * The job for a place in a file: about the model around it or, in a block, about the first model by path that uses it. Plans
 * are always of whole models.
 */
export function dumpJob(
  workspace: Workspace,
  path: string,
  offset: number | undefined,
  options: DumpOptions,
): DumpJob | { readonly problem: string } {
  const tree = workspace.tree(path);
  const nodes = tree === undefined || offset === undefined ? [] : nodePathAt(tree, offset);
  const declaration = nodes.flatMap((node) => (node.type === "declaration" ? [node.node] : []))[0];
  const part = nodes.findLast(({ type }) => type === "step" || type === "binding");
  const at = options.kind === "plan" || part === undefined ? undefined : spanOf(part);
  for (const entry of workspace.dependentsOf(path)) {
    const { networks, files } = workspace.check(entry);
    const isMeant = ({ name, layers }: Network): boolean => {
      if (options.model !== undefined) return entry === path && name === options.model;
      if (declaration === undefined) return entry === path;
      if (declaration.kind === "model") return entry === path && name === declaration.name.text;
      return layers.some((layer) => isInside(declaration.span, layer));
    };
    const network = networks.find(isMeant);
    if (network === undefined) continue;
    const texts = Object.fromEntries([...files].map(([file, { text }]) => [file, text]));
    return { ...options, files: texts, entry, model: network.name, at };
  }
  if (options.model !== undefined) return { problem: `the file has no model \`${options.model}\` without errors` };
  const what = declaration === undefined ? "the file has no model" : `no model uses \`${declaration.name.text}\``;
  return { problem: declaration?.kind === "model" ? "the model has errors" : `${what} without errors` };
}

function isInside({ file, start, end }: Span, layer: LayerInstance): boolean {
  return placesOf(layer).some((place) => place.file === file && start <= place.start && place.end <= end);
}

/** Where the layer stands, and the calls that lead to it. */
function placesOf({ span, expansion }: LayerInstance): readonly Span[] {
  return [span, ...expansion.map((link) => link.span)];
}

/** Checks, builds and prints. Takes as long as compiling. */
export function runDump(job: DumpJob): Dump {
  const { kind, graph = "predict", batch = 1, entry } = job;
  const target = kind === "wgsl" ? "webgpu" : (job.target ?? "wasm");
  const { networks } = checkFile(createMemoryHost(job.files), entry, { model: job.model });
  const [network] = networks;
  if (network === undefined) return { problem: `\`${job.model}\` has errors` };
  const problems = checkForm(network, "bcos");
  if (problems.length > 0) return { problem: problems[0]!.message };
  const read = (file: string): string | undefined => job.files[file];
  try {
    const { program } = buildProgram(network, { form: "bcos", batch, graphs: [graph], targets: [target] });
    const plan = (target === "wasm" ? program.wasm : program.webgpu)?.plans[graph];
    if (plan === undefined) return { problem: `the graph \`${graph}\` has no plan for \`${target}\`` };
    if (kind === "plan") {
      return { title: `${network.name}: plan of ${graph} for ${target}`, text: printPlan(plan, createPlaces(read)) };
    }
    const kernels = launchedKernels(plan, program.webgpu!);
    if (job.at === undefined) return { title: `${network.name}: WGSL of ${graph}`, text: printWgsl(kernels, read) };
    return kernelsAt(network, kernels, job.at, graph, read);
  } catch (error) {
    if (error instanceof BcosError) return { problem: error.diagnostics[0]!.message };
    throw error;
  }
}

/** The kernels of the layers at the place, and of their launches those alone. */
function kernelsAt(
  network: Network,
  kernels: readonly LaunchedKernel[],
  at: Span,
  graph: GraphName,
  read: (file: string) => string | undefined,
): Dump {
  const layers = network.layers.filter((layer) => isInside(at, layer));
  if (layers.length === 0) return { problem: `no layer of \`${network.name}\` comes from here` };
  const paths = new Set(layers.map((layer) => layer.path));
  const own = kernels.flatMap((kernel) => {
    const launches = kernel.launches.filter(({ path }) => paths.has(path));
    return launches.length === 0 ? [] : [{ ...kernel, launches }];
  });
  const names = [...new Set(layers.map(({ layer }) => `\`${layer}\``))].join(", ");
  if (own.length > 0) return { title: `${network.name}: WGSL of ${names} in ${graph}`, text: printWgsl(own, read) };
  return {
    problem: `${names} has no kernel of its own: the B-cos form drops it, or a kernel beside it computes it too`,
  };
}
