/** Compiles files into what is to be written, and tells which files that depends on. */
import { basename, join, relative, resolve, sep } from "node:path";
import { checkFile } from "../../compiler/check/check.ts";
import { createNodeHost } from "../../compiler/check/node-host.node.ts";
import type { SourceHost } from "../../compiler/check/source-host.ts";
import { emitModel, type EmittedModel } from "../../compiler/emit/emit-model.ts";
import type { Form } from "../../compiler/graph/program.ts";
import type { Network } from "../../compiler/network/network.ts";
import { checkForm } from "../../compiler/network/forms.ts";
import { diagnose } from "../../diagnostics/catalogue.ts";
import { BcosError, hasErrors, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { distinctDiagnostics } from "../distinct-diagnostics.ts";
import { loadClassNames } from "../explained/class-names.ts";
import { requireReadable } from "../files.ts";
import type { EmitSettings } from "./settings.ts";

export interface CompiledFile {
  /** The source. */
  readonly file: string;
  readonly network: Network;
  readonly form: Form;
  /** The path of the TypeScript module. */
  readonly module: string;
  readonly emitted: EmittedModel;
}

export interface Compilation {
  readonly diagnostics: readonly Diagnostic[];
  /** Only those without a fault. */
  readonly models: readonly CompiledFile[];
  /** Every file that was read, or looked for, with its content: undefined where it was not there. */
  readonly read: ReadonlyMap<string, string | undefined>;
}

/** Never throws for what is wrong with the files. */
export async function compileAll(files: readonly string[], settings: EmitSettings): Promise<Compilation> {
  const host = createRecordingHost();
  const diagnostics: Diagnostic[] = [];
  const add = (found: readonly Diagnostic[]): void => void diagnostics.push(...found);
  const models: CompiledFile[] = [];
  const taken = new Map<string, string>();
  for (const file of new Map(files.map((file) => [resolve(file), file])).values()) {
    try {
      for (const { network, name } of namedNetworks(file, host, settings, add)) {
        // Names that differ in case are one file on some systems.
        const other = taken.get(name.toLowerCase());
        if (other !== undefined) {
          add([diagnose("usage/same-output", { file: `${name}.ts`, first: other, second: sourceOf(file, network) })]);
          continue;
        }
        taken.set(name.toLowerCase(), sourceOf(file, network));
        models.push(await compileOne(file, network, name, host, settings, add));
      }
    } catch (error) {
      if (!(error instanceof BcosError)) throw error;
      add(error.diagnostics);
    }
  }
  if (settings.classes !== undefined) host.read(settings.classes);
  return { diagnostics: distinctDiagnostics(diagnostics), models, read: host.texts };
}

function sourceOf(file: string, network: Network): string {
  return `${network.name} of ${file}`;
}

/** The models of a file that are wanted, with the base names of their modules: the file's, or their own where there are several. */
function namedNetworks(
  file: string,
  host: SourceHost,
  { model: { model, parameters, preset, settings, form } }: EmitSettings,
  add: (found: readonly Diagnostic[]) => void,
): readonly { readonly network: Network; readonly name: string }[] {
  // Also where it can't be read, so that a watch sees it when it can.
  host.read(file);
  requireReadable(file);
  const { diagnostics, networks } = checkFile(host, file, { model, parameters, preset, settings });
  add(diagnostics);
  if (hasErrors(diagnostics)) return [];
  if (networks.length === 0) add([diagnose("usage/no-model", { file })]);
  const problems = networks.flatMap((network) => checkForm(network, form));
  add(problems);
  if (problems.length > 0) return [];
  const [only, ...others] = networks;
  if (only !== undefined && others.length === 0)
    return [{ network: only, name: basename(file).replace(/\.bcos$/, "") }];
  return networks.map((network) => ({ network, name: network.name }));
}

async function compileOne(
  file: string,
  network: Network,
  name: string,
  host: SourceHost,
  settings: EmitSettings,
  add: (found: readonly Diagnostic[]) => void,
): Promise<CompiledFile> {
  const { out, model, classes, train, targets, batch, storage, layers } = settings;
  const count = network.outputs[0]!.shape.at(-1)!;
  const names = classes === undefined ? undefined : await loadClassNames(classes, { classes: count });
  const emitted = await emitModel(network, {
    name,
    form: model.form,
    targets,
    batch,
    storage,
    layers,
    read: (path) => host.read(path),
    nameOf: (path) => relative(resolve(out), resolve(path)).split(sep).join("/"),
    ...(names === undefined ? {} : { classes: names }),
    ...(train === undefined ? {} : { train }),
  });
  add(emitted.notes);
  return { file, network, form: model.form, module: join(out, `${name}.ts`), emitted };
}

/** Reads every file once, so that all of a compilation is about the same texts. */
function createRecordingHost(): SourceHost & { readonly texts: Map<string, string | undefined> } {
  const host = createNodeHost();
  const texts = new Map<string, string | undefined>();
  return {
    texts,
    resolve: (from, specifier) => host.resolve(from, specifier),
    read(path) {
      if (!texts.has(path)) texts.set(path, host.read(path));
      return texts.get(path);
    },
  };
}
