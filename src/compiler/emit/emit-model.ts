/**
 * From a checked network to the files of a typed module that runs it with `bcosc/runtime` alone. The same network and options
 * give the same bytes. Used by `bcosc compile` and by the plugin for bundlers.
 *
 * For a model with the base name `net`, compiled for both targets, the files are
 *
 *     net.ts  net.js  net.d.ts       the module, in TypeScript and without, and its types
 *     net.wasm.plan.json             plans for WASM: loaded, with one of the two binaries, on the device `wasm`
 *     net.wasm  net.relaxed.wasm     the kernels, plain and with relaxed SIMD
 *     net.webgpu.plan.json           plans and kernels for WebGPU: loaded on the device `webgpu`
 *     net.wgsl                       the same kernels to read; nothing loads it
 *     net.map.json                   which launch belongs to which layer and place in the source, and the names of all
 *                                    these files; nothing loads it
 *
 * and, for a training step and for neurons of a layer, `net.train.*` and `net.at-LAYER.*` in the same way, each loaded when
 * it is first used. The module refers to the files by `new URL("./net.wasm", import.meta.url)`, which browsers, Node and
 * bundlers understand; with `assets: "inline"` it has them in itself (then there are no other files that it loads), and
 * with a function it has whatever expression that returns, such as `import.meta.ROLLUP_FILE_URL_x`, in place of `new URL`.
 */
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { sha256 } from "../../hash.ts";
import { buildProgram, type ProgramOptions } from "../compile.ts";
import type { Form, Program, TrainSettings } from "../graph/program.ts";
import type { Network } from "../network/network.ts";
import { targetNames, type TargetName } from "../plan/plan.ts";
import { canonicalJson } from "../plan/plan-json.ts";
import type { StorageType } from "../plan/storage.ts";
import { formatJson, formatTypeScript } from "./format.ts";
import { createKernelMap, type KernelMap } from "./kernel-map.ts";
import { programDescription, type EmittedAsset, type EmittedProgram } from "./module-assets.ts";
import { moduleText } from "./module-text.ts";
import { programToJson } from "./program-json.ts";
import { createSources, type EmitSources } from "./sources.ts";
import { wgslText } from "./wgsl-text.ts";

export interface EmitOptions extends EmitSources {
  /** Base name of the files, without folder: `net`. */
  readonly name: string;
  /** Default `bcos`. */
  readonly form?: Form;
  /** Default: all. */
  readonly targets?: readonly TargetName[];
  /** Images that are computed at once. Default 1. The module takes any number of images all the same. */
  readonly batch?: number;
  /** What the target `webgpu` keeps activations and prepared weights in. Default `f32`; see `ProgramOptions`. */
  readonly storage?: StorageType;
  /** Names of the classes, by index. */
  readonly classes?: readonly string[];
  /** The module can train, in batches of so many images. */
  readonly train?: { readonly batch: number; readonly settings: TrainSettings };
  /** Layers, bindings and blocks whose neurons can be explained. Only in the B-cos form. */
  readonly layers?: readonly string[];
  /** How the module refers to what it loads. Default `files`. */
  readonly assets?: "files" | "inline" | ((file: string) => string);
}

export interface EmittedModel {
  /** Contents by name, in the order of the names. */
  readonly files: ReadonlyMap<string, string | Uint8Array<ArrayBuffer>>;
  readonly architecture: string;
  readonly planHash: string;
  /** What the form changed, as `info`. */
  readonly notes: readonly Diagnostic[];
}

/**
 * Throws what `buildProgram` throws, and `run/input` where the number of names is not that of the classes, and for neurons of
 * the conventional form.
 */
export async function emitModel(network: Network, options: EmitOptions): Promise<EmittedModel> {
  const { name, form = "bcos", targets = targetNames, assets = "files" } = options;
  const sources = createSources(options);
  const { parts, notes } = buildParts(network, options, form, targets);
  const files = new Map<string, string | Uint8Array<ArrayBuffer>>();
  const maps: Record<string, KernelMap> = {};
  const emitted: Record<string, EmittedProgram> = {};
  for (const { key, base, program } of parts) {
    const own = programFiles(base, program);
    emitted[key] = own.emitted;
    maps[key] = createKernelMap(program, sources);
    if (assets !== "inline") for (const { file, content } of own.assets) files.set(file, content);
    if (program.webgpu !== undefined) files.set(`${base}.wgsl`, wgslText(program.webgpu, sources));
  }
  const { program } = parts[0]!;
  const source = sources.nameOf(network.input.span.file);
  const planHash = hashOf(emitted);
  const texts = moduleText({
    network,
    program,
    targets,
    planHash,
    classes: options.classes ?? [],
    layers: options.layers ?? [],
    trains: options.train !== undefined,
    source,
    programs: programDescription(emitted, assets),
  });
  for (const [extension, text] of Object.entries(texts)) files.set(`${name}${extension}`, await formatTypeScript(text));
  const mapFile = `${name}.map.json`;
  const names = [...files.keys(), mapFile].sort();
  files.set(mapFile, await formatJson({ version: 1, model: network.name, source, files: names, programs: maps }));
  return {
    files: new Map(names.map((file) => [file, files.get(file)!])),
    architecture: program.architecture!,
    planHash,
    notes,
  };
}

interface Part {
  /** `main`, `train`, or `at/LAYER`. */
  readonly key: string;
  /** Of its files. */
  readonly base: string;
  readonly program: Program;
}

function buildParts(
  network: Network,
  { name, batch = 1, storage, train, layers = [] }: EmitOptions,
  form: Form,
  targets: readonly TargetName[],
): { readonly parts: readonly Part[]; readonly notes: readonly Diagnostic[] } {
  if (form === "standard" && layers.length > 0) {
    fail("run/input", { name: "layers", expected: "nothing in the conventional form", found: layers.join(", ") });
  }
  const common = { form, targets };
  const lasting = { ...common, batch, cutBatch: true, ...(storage === undefined ? {} : { storage }) };
  const build = (options: ProgramOptions): Program => buildProgram(network, options).program;
  const { program, notes } = buildProgram(network, { ...lasting, graphs: ["predict", "explain"] });
  const parts: Part[] = [{ key: "main", base: name, program }];
  if (train !== undefined) {
    const options = { ...common, batch: train.batch, graphs: ["train"], train: train.settings } as const;
    parts.push({ key: "train", base: `${name}.train`, program: build(options) });
  }
  for (const layer of new Set(layers)) {
    const base = `${name}.at-${layer.replace(/[^\w.-]/g, "_")}`;
    parts.push({
      key: `at/${layer}`,
      base,
      program: build({ ...lasting, graphs: ["explain"], explainedLayer: layer }),
    });
  }
  return { parts, notes };
}

function programFiles(
  base: string,
  program: Program,
): { readonly emitted: EmittedProgram; readonly assets: readonly EmittedAsset[] } {
  const asset = (file: string, content: string | Uint8Array<ArrayBuffer>): EmittedAsset => ({
    file: `${base}.${file}`,
    content,
    sha256: sha256(typeof content === "string" ? new TextEncoder().encode(content) : content),
  });
  const { wasm, webgpu } = program;
  const emitted: EmittedProgram = {
    ...(wasm && {
      wasm: {
        plan: asset("wasm.plan.json", programToJson(program, "wasm")),
        kernels: asset("wasm", wasm.module),
        relaxedKernels: asset("relaxed.wasm", wasm.relaxedModule),
      },
    }),
    ...(webgpu && { webgpu: { plan: asset("webgpu.plan.json", programToJson(program, "webgpu")) } }),
  };
  return { emitted, assets: Object.values(emitted).flatMap((target) => Object.values<EmittedAsset>(target)) };
}

function hashOf(emitted: Readonly<Record<string, EmittedProgram>>): string {
  const assets = Object.values(emitted).flatMap((program) =>
    Object.values(program).flatMap((target) => Object.values<EmittedAsset>(target)),
  );
  const hashes = Object.fromEntries(assets.map(({ file, sha256 }) => [file, sha256]));
  return sha256(new TextEncoder().encode(canonicalJson(hashes)));
}
