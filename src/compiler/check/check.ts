/**
 * Checks a `.bcos` file and all that it imports, and expands its models. Never throws on bad input: what is wrong is in
 * the diagnostics. Pure: all text comes from the host, and the syntax trees are not changed.
 */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Network } from "../network/network.ts";
import type { BcosSettings } from "../network/settings.ts";
import type { Declaration, SourceFile } from "../syntax/ast.ts";
import type { Fact } from "./facts.ts";
import { removalOf } from "./fixes.ts";
import { createExpansion } from "./frame.ts";
import { parseGivenSettings } from "./given-settings.ts";
import { loadModules } from "./imports.ts";
import type { Instance, InstanceRecord } from "./instances.ts";
import { expandModel, type ExpandedModel, type ParameterValues } from "./models.ts";
import { checkRecursion } from "./recursion.ts";
import { createReport, type Report } from "./report.ts";
import { createResolution, damagedStatements, isDamaged, type Module, type Resolution } from "./resolution.ts";
import { checkDeclaration } from "./scopes.ts";
import { checkSettings, withoutNames } from "./settings.ts";
import { normalizePath, type SourceHost } from "./source-host.ts";
import { checkUnusedImports } from "./unused-imports.ts";

export interface CheckOptions {
  /** Expands only this model of the entry file. */
  readonly model?: string | undefined;
  /** Values for parameters of the models, instead of their defaults. */
  readonly parameters?: ParameterValues | undefined;
  /** Where the settings start from, in place of the preset that the file names. */
  readonly preset?: BcosSettings["preset"] | undefined;
  /** B-cos settings that count over those of the file, as they stand in `bcos { … }`: `b: 1.5, encode: none`. */
  readonly settings?: string | undefined;
}

export interface CheckResult {
  /** By file, in the order in which the files are reached, then by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, the entry first. */
  readonly files: ReadonlyMap<string, { readonly text: string; readonly file: SourceFile }>;
  /** The models of the entry file that have no errors in anything that they use. */
  readonly networks: readonly Network[];
  /** What is known of the models of the entry file that have errors: their layers up to those. They may have no outputs. */
  readonly drafts: readonly Network[];
  /** What the models of the entry file consist of: of each the distinct expansions, the model itself first. */
  readonly instances: readonly Instance[];
  readonly facts: readonly Fact[];
}

export function checkFile(host: SourceHost, entry: string, options: CheckOptions = {}): CheckResult {
  const report = createReport();
  const facts: Fact[] = [];
  const path = normalizePath(entry);
  const modules = loadModules(host, path, report, facts);
  const resolution = createResolution();
  const faulty = new Set<Declaration>();
  for (const module of modules.values()) {
    for (const statement of damagedStatements(module)) resolution.faulty.add(statement);
  }
  for (const module of modules.values()) checkModule(module, report, resolution, facts, faulty);
  checkRecursion(report, resolution);

  const main = modules.get(path);
  const instances: InstanceRecord[] = [];
  const models =
    main === undefined ? [] : expandModels(main, options, report, resolution, { facts, instances }, faulty);
  const files = new Map([...modules].map(([name, { text, file }]) => [name, { text, file }]));
  const known = (sound: boolean): Network[] =>
    models.flatMap(({ known, isSound }) => (known !== undefined && isSound === sound ? [known] : []));
  return {
    diagnostics: report.sorted([...modules.keys()]),
    files,
    networks: known(true),
    drafts: known(false),
    instances,
    facts: distinct(facts),
  };
}

/** One fact of a kind for a place. */
function distinct(facts: readonly Fact[]): Fact[] {
  return [
    ...new Map(
      facts.map((fact) => [`${fact.kind} ${fact.span.start} ${fact.span.end} ${fact.span.file}`, fact]),
    ).values(),
  ];
}

/** Everything that can be checked without values and shapes. Declarations with an error are added to `faulty`. */
function checkModule(
  module: Module,
  report: Report,
  resolution: Resolution,
  facts: Fact[],
  faulty: Set<Declaration>,
): void {
  const { file } = module;
  const usedNames = new Set<string>();
  const unknownCallees = new Set<string>();
  const before = report.errors();
  checkSettings({ report, faulty: resolution.faulty, unknownNames: new Set() }, withoutNames, file.settings);
  const settingsFail = report.errors() > before;
  const hasModel = file.declarations.some((declaration) => declaration.kind === "model");
  if (!hasModel && module.damage.starts.length === 0) {
    for (const block of file.settings) {
      const fixes = [removalOf(module.text, block.span, "remove the settings")];
      report.at(block.span, "bcos/settings-unused", {}, { fixes });
    }
  }
  for (const declaration of file.declarations) {
    const errors = report.errors();
    checkDeclaration(declaration, module, report, resolution, facts, usedNames, unknownCallees);
    const fails = report.errors() > errors || isDamaged(module, declaration.span);
    if (fails || (settingsFail && declaration.kind === "model")) faulty.add(declaration);
  }
  if (report.errors() === before) checkUnusedImports(report, module, usedNames);
}

function expandModels(
  module: Module,
  options: CheckOptions,
  report: Report,
  resolution: Resolution,
  { facts, instances }: { readonly facts: Fact[]; readonly instances: InstanceRecord[] },
  faulty: ReadonlySet<Declaration>,
): ExpandedModel[] {
  const models = selectModels(module, options, report);
  const settings = options.settings === undefined ? [] : parseGivenSettings(options.settings, report, resolution);
  if (settings === undefined) return [];
  const parameters = options.parameters ?? {};
  const known = models.flatMap((model) => model.parameters.map((parameter) => parameter.name.text));
  for (const name of models.length === 0 ? [] : Object.keys(parameters)) {
    if (known.includes(name)) continue;
    const near = report.nearest(name, known);
    const hints = near === undefined ? [] : [`did you mean \`${near}\`?`];
    const what = `parameter of ${models.map((model) => `\`${model.name.text}\``).join(" or ")}`;
    report.add(diagnose("name/unknown", { what, name }, { place: "parameters", hints }));
  }
  const shown = new Set<object>();
  return models.map((declaration) => {
    const expansion = createExpansion(report, resolution, facts, shown, instances);
    const model = expandModel(expansion, { declaration, module }, { parameters, preset: options.preset, settings });
    const isSound = ![...expansion.reached.keys()].some((reached) => faulty.has(reached));
    return { ...model, isSound: model.isSound && isSound && !module.damage.outside };
  });
}

function selectModels(module: Module, { model: name }: CheckOptions, report: Report): Declaration[] {
  // Of two with one name, the first.
  const models = module.file.declarations.filter(
    (declaration) =>
      declaration.kind === "model" && module.names.get(declaration.name.text)?.declaration === declaration,
  );
  if (name === undefined) return models;
  const selected = models.filter((declaration) => declaration.name.text === name);
  if (selected.length === 0) {
    const near = report.nearest(
      name,
      models.map((declaration) => declaration.name.text),
    );
    const hints = near === undefined ? [] : [`did you mean \`${near}\`?`];
    report.add(diagnose("name/unknown", { what: "model", name }, { place: module.path, hints }));
  }
  return selected.slice(0, 1);
}
