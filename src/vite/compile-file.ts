/** From a `.bcos` file and its options to the module that is loaded in its place. */
import { basename, dirname, posix, relative, resolve, sep } from "node:path";
import { readFileSync } from "node:fs";
import { checkFile } from "../compiler/check/check.ts";
import { createNodeHost } from "../compiler/check/node-host.node.ts";
import { oneModel } from "../compiler/check/one-model.ts";
import type { SourceHost } from "../compiler/check/source-host.ts";
import { emitModel, type EmittedModel, type EmitOptions } from "../compiler/emit/emit-model.ts";
import { defaultTrainSettings } from "../compiler/training/default-settings.ts";
import { fail } from "../diagnostics/catalogue.ts";
import { BcosError, hasErrors, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { parseClassNames } from "../runtime/data/class-names.ts";
import { reasonOf } from "../runtime/files/reason.ts";
import type { BcosOptions } from "./options.ts";

export interface CompiledFile {
  /** Paths of all files that it depends on, those that are missing too: when one changes it is compiled again. */
  readonly watched: readonly string[];
  /** Errors, or warnings alone. Files are named as seen from the root. */
  readonly diagnostics: readonly Diagnostic[];
  /** Texts by the names in the diagnostics. */
  readonly sources: ReadonlyMap<string, string>;
  /** Absent where there are errors. */
  readonly emitted?: EmittedModule;
}

export interface EmittedModule {
  /** In JavaScript; in place of addresses it has those of `placeholderOf`. */
  readonly code: string;
  readonly declaration: string;
  /** What the module loads when it runs, by name. */
  readonly assets: ReadonlyMap<string, string | Uint8Array<ArrayBuffer>>;
  /** Of the model's name in the file. */
  readonly span: Span;
}

/** The expression that stands in a module for the address of an asset. */
export function placeholderOf(asset: string): string {
  return JSON.stringify(`bcosc-asset:${asset}`);
}

/** The name of a file in messages: its path from the root, with `/`. */
export function nameOf(root: string, path: string): string {
  return relative(root, path).split(sep).join(posix.sep);
}

/** Never throws for what is wrong with the file or the options: that is in the diagnostics. */
export async function compileFile(root: string, path: string, options: BcosOptions): Promise<CompiledFile> {
  const file = nameOf(root, path);
  const read = new Map<string, string | undefined>();
  const host = recording(createNodeHost(root), read);
  const watch = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  let emitted: EmittedModule | undefined;
  try {
    const { model, preset, settings, set } = options;
    const checked = checkFile(host, file, { model, preset, settings, parameters: set });
    diagnostics.push(...checked.diagnostics.filter((d) => d.severity !== "info"));
    if (!hasErrors(diagnostics)) {
      const network = oneModel(checked.networks, file);
      const classes = readClasses(path, options.classes, watch);
      const given = emitOptions(basename(path).replace(/\.bcos$/, ""), options, classes, (name) => read.get(name));
      const { declarations } = checked.files.get(file)!.file;
      const { name } = declarations.find((d) => d.kind === "model" && d.name.text === network.name)!;
      emitted = moduleOf(await emitModel(network, given), given, name.span);
    }
  } catch (error) {
    if (!(error instanceof BcosError)) throw error;
    diagnostics.push(...error.diagnostics);
  }
  for (const name of read.keys()) watch.add(resolve(root, name));
  return {
    watched: [...watch],
    diagnostics: distinct(hasErrors(diagnostics) ? diagnostics.filter((d) => d.severity === "error") : diagnostics),
    sources: new Map([...read].flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]))),
    ...(emitted === undefined || hasErrors(diagnostics) ? {} : { emitted }),
  };
}

/** Several graphs of one network may have the same finding. */
function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((d) => [JSON.stringify(d), d])).values()];
}

/** The host, and what was asked of it. */
function recording(host: SourceHost, read: Map<string, string | undefined>): SourceHost {
  return {
    ...host,
    read: (name) => {
      const text = host.read(name);
      read.set(name, text);
      return text;
    },
  };
}

function readClasses(path: string, classes: BcosOptions["classes"], watch: Set<string>): readonly string[] | undefined {
  if (typeof classes !== "string") return classes;
  const file = resolve(dirname(path), classes);
  watch.add(file);
  return parseClassNames(readText(file, classes), classes);
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return fail("data/unreadable", { file: name, reason: reasonOf(error) });
  }
}

function emitOptions(
  name: string,
  { as: form = "bcos", targets, batch, storage, train, layers }: BcosOptions,
  classes: readonly string[] | undefined,
  read: (file: string) => string | undefined,
): EmitOptions {
  const training = typeof train === "object" ? train : {};
  const settings = training.settings ?? defaultTrainSettings(form);
  return {
    name,
    form,
    read,
    assets: placeholderOf,
    ...(targets === undefined ? {} : { targets }),
    ...(batch === undefined ? {} : { batch }),
    ...(storage === undefined ? {} : { storage }),
    ...(classes === undefined ? {} : { classes }),
    ...(layers === undefined ? {} : { layers }),
    ...(train === undefined || train === false ? {} : { train: { batch: training.batch ?? 32, settings } }),
  };
}

function moduleOf({ files }: EmittedModel, { name }: EmitOptions, span: Span): EmittedModule {
  const text = (extension: string): string => files.get(name + extension) as string;
  const code = text(".js");
  const assets = [...files].filter(([file]) => code.includes(placeholderOf(file)));
  return { code, declaration: text(".d.ts"), assets: new Map(assets), span };
}
