/** `bcosc export --to tfjs`: the model as a graph model of TensorFlow.js, loaded back and compared before it is put in place. */
import { buildProgram } from "../../compiler/compile.ts";
import type { Program } from "../../compiler/graph/program.ts";
import type { Network } from "../../compiler/network/network.ts";
import { targetsFor } from "../../compiler/targets/code-target.ts";
import { createTfjsPlan } from "../../compiler/targets/tfjs/create-plan.ts";
import {
  createGraphModel,
  type GraphModel,
  type StateNumbers,
} from "../../compiler/targets/tfjs/graph-model/graph-model.ts";
import type { TfjsPlan } from "../../compiler/targets/tfjs/plan.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { ClassNames } from "../../runtime/data/class-names.ts";
import { wasmFeatures } from "../../runtime/devices/wasm/features.ts";
import { openSession, type Session } from "../../runtime/session.ts";
import { loadSafetensors } from "../../runtime/weights/files.node.ts";
import { fromFileLayout } from "../../runtime/weights/layout.ts";
import { graphModelFiles, quantizations } from "../../runtime/weights/tfjs/graph-model-files.ts";
import { matchTensors, weightsFromSafetensors, type Weights } from "../../runtime/weights/weights.ts";
import type { Arguments } from "../arguments.ts";
import type { OptionSpec } from "../command.ts";
import { classesOption, loadClassNames } from "../explained/class-names.ts";
import type { Terminal } from "../terminal.ts";
import { version } from "../version.ts";
import { readWeightsModel } from "../weights-model.ts";
import { compareModel, runSizes, tolerances, type Comparison } from "./compare-model.ts";
import { loadModel, loadPackages } from "./loaded-model.ts";
import { openModelFolder, writeModelFolder } from "./model-folder.ts";

export const graphModelOptions: readonly OptionSpec[] = [
  {
    flags: "--explain",
    summary:
      "A graph model gets explanations as outputs: contributions, W(x), the constant part, and what they explain",
  },
  { flags: "--batch <n>", summary: "Samples a run of a graph model (any number, where the network allows it, else 1)" },
  classesOption,
  {
    flags: "--quantize <type>",
    summary: "Keep a graph model's weights as float16: half of the bytes, and logits that differ by about 1e-3",
  },
  { flags: "--unchecked", summary: "Write a graph model without loading it back and comparing it" },
];

export interface ExportedModel {
  readonly folder: string;
  readonly weights: string;
  readonly program: Program;
  readonly model: GraphModel;
  /** Bytes by name, of all files. */
  readonly files: Readonly<Record<string, number>>;
  readonly replaced: boolean;
  /** Undefined with `--unchecked`. */
  readonly comparison: Comparison | undefined;
}

/** Writes the model. Throws for whatever is wrong with the arguments, the weights, the folder and the result. */
export async function exportGraphModel(args: Arguments, terminal: Terminal): Promise<ExportedModel> {
  const [weightsFile, out] = [args.required("--weights"), args.required("--out")];
  const batch = args.integer("--batch", { min: 1, max: 65536 });
  const explains = args.flag("--explain");
  const quantize = args.choice("--quantize", quantizations);
  const { network, program } = readWeightsModel(args, terminal);
  const { form } = program;
  if (explains && form === "standard") fail("usage/conflict", { option: "--explain", other: "--as standard" });
  const stored = await loadSafetensors(weightsFile);
  matchTensors(program, stored.tensors, weightsFile);
  const weights = weightsFromSafetensors(stored);
  const classesFile = args.text("--classes");
  const classes = classesFile === undefined ? undefined : await loadClassNames(classesFile, program);
  const folder = await openModelFolder(out);
  const packages = args.flag("--unchecked") ? undefined : await loadPackages();

  const model = modelOf(network, { form, explains, batch, state: stateNumbers(program, weights) });
  const generatedBy = `bcosc ${version()}`;
  const files = graphModelFiles(model, { generatedBy, notes: notesOf(program, model, classes), quantize });
  let comparison: Comparison | undefined;
  const verify = async (written: ReadonlyMap<string, string>): Promise<void> => {
    const loaded = await loadModel(packages!, written);
    try {
      const session = await ourSession(network, model, { form, explains, weights });
      try {
        comparison = await compareModel(model, loaded, session, tolerances[quantize ?? "float32"]);
      } finally {
        await session.dispose();
      }
    } finally {
      loaded.dispose();
    }
  };
  await writeModelFolder(folder, files, packages && verify);
  return {
    folder: out,
    weights: weightsFile,
    program,
    model,
    files: sizesOf(files),
    replaced: folder.replaces,
    comparison,
  };
}

/** Of the graph `explain`; `target` comes with them. */
const explainOutputs = ["logits", "contributions", "weights", "constant"];

interface Built {
  readonly form: Program["form"];
  readonly explains: boolean;
}

/** For any number of samples, unless one is asked for or the network does not allow that: then for one. */
function modelOf(
  network: Network,
  { form, explains, batch, state }: Built & { readonly batch: number | undefined; readonly state: StateNumbers },
): GraphModel {
  const planOf = (samples: number): TfjsPlan => {
    const name = explains ? "explain" : "predict";
    const { graphs } = buildProgram(network, { form, batch: samples, graphs: [name] }).program;
    return createTfjsPlan(graphs[name]!, "portable", { name, batch: samples });
  };
  const options = { state, outputs: explains ? explainOutputs : ["logits"] };
  if (batch !== undefined) return createGraphModel(planOf(batch), options);
  return createGraphModel(planOf(2), options, planOf(3)) ?? createGraphModel(planOf(1), options);
}

/** In the program's layout. */
function stateNumbers(program: Program, weights: Weights): StateNumbers {
  return new Map(
    program.state.map((spec) => [spec.path, fromFileLayout(spec, weights.get(spec.path)!.data) as Float32Array]),
  );
}

/** What the graph model is compared with. */
function ourSession(
  network: Network,
  model: GraphModel,
  { form, explains, weights }: Built & { readonly weights: Weights },
): Promise<Session> {
  const device = wasmFeatures().simd ? "wasm" : "reference";
  const { program } = buildProgram(network, {
    form,
    batch: Math.max(...runSizes(model)),
    graphs: [explains ? "explain" : "predict"],
    targets: targetsFor(device),
  });
  return openSession(program, { device, weights });
}

/** What users of the model need to know, and where it comes from. */
function notesOf(
  { model: name, form, architecture, input, classes: count }: Program,
  { batch, targetNode }: GraphModel,
  classes: ClassNames | undefined,
): Readonly<Record<string, unknown>> {
  return {
    model: name,
    form,
    architecture,
    input: { name: input.name, shape: input.shape, from: 0, to: 1 },
    classes: classes ?? count,
    batch: batch ?? null,
    ...(targetNode === undefined ? {} : { target: targetNode }),
  };
}

function sizesOf(files: ReadonlyMap<string, Uint8Array | string>): Readonly<Record<string, number>> {
  return Object.fromEntries([...files].map(([name, content]) => [name, Buffer.byteLength(content)]));
}
