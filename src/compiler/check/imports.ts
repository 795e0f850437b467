/** Reads the entry file and everything that it imports, and finds out what the names of each file mean. */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";
import { layerTable } from "../layers/table.ts";
import type { Import, Name } from "../syntax/ast.ts";
import { parseFile } from "../syntax/parse.ts";
import type { Fact } from "./facts.ts";
import { limits } from "./limits.ts";
import { didYouMean, type Report } from "./report.ts";
import { damageOf, isDamaged, isHeadDamaged, type Module, type Target } from "./resolution.ts";
import type { SourceHost } from "./source-host.ts";

interface Loading {
  readonly host: SourceHost;
  readonly report: Report;
  readonly facts: Fact[];
  readonly modules: Map<string, Module>;
  /** The files that are being loaded, each imported by the one before. */
  readonly stack: string[];
}

/** The modules in the order in which they are reached, the entry first. Empty where the entry can't be read. */
export function loadModules(
  host: SourceHost,
  entry: string,
  report: Report,
  facts: Fact[],
): ReadonlyMap<string, Module> {
  const loading: Loading = { host, report, facts, modules: new Map(), stack: [] };
  if (loadModule(loading, entry) === undefined) {
    report.add(diagnose("name/file-missing", { file: entry }, { place: entry }));
  }
  return loading.modules;
}

function loadModule(loading: Loading, path: string): Module | undefined {
  const text = loading.host.read(path);
  if (text === undefined) return undefined;
  const { file, diagnostics } = loading.host.parse?.(path, text) ?? parseFile(path, text);
  for (const diagnostic of diagnostics) loading.report.add(diagnostic);
  const damage = damageOf(file, diagnostics);

  const names = new Map<string, Target | undefined>();
  const module: Module = { path, text, file, names, damage };
  loading.modules.set(path, module);
  loading.stack.push(path);

  const places = new Map<string, Span>();
  for (const declaration of module.file.declarations) {
    const what = `a ${declaration.kind}`;
    if (isFree(loading.report, places, declaration.name, what)) {
      names.set(declaration.name.text, { declaration, module });
    }
  }
  for (const { from, names: imported, span } of module.file.imports) {
    if (isDamaged(module, span)) {
      for (const name of imported) names.set(name.text, undefined);
      continue;
    }
    const source = openImport(loading, path, from);
    for (const name of imported) {
      if (!isFree(loading.report, places, name, "a name")) continue;
      names.set(name.text, source && importName(loading, source, name));
    }
  }
  loading.stack.pop();
  return module;
}

function isFree(report: Report, places: Map<string, Span>, name: Name, what: string): boolean {
  const first = places.get(name.text);
  if (first !== undefined) {
    const related = [{ span: first, label: "the first" }];
    report.at(name.span, "name/duplicate", { what, name: name.text }, { related });
    return false;
  }
  places.set(name.text, name.span);
  if (Object.hasOwn(layerTable, name.text)) {
    report.at(name.span, "name/reserved", { name: name.text, reason: "it is a layer" });
    return false;
  }
  return true;
}

function openImport(loading: Loading, importer: string, from: Import["from"]): Module | undefined {
  const { host, report, modules, stack } = loading;
  const path = host.resolve(importer, from.text);
  const start = stack.indexOf(path);
  if (start >= 0) {
    report.at(from.span, "name/import-cycle", { chain: [...stack.slice(start), path] });
    return undefined;
  }
  const loaded = modules.get(path);
  if (loaded !== undefined) return loaded;
  if (modules.size >= limits.imports) {
    report.at(from.span, "limit/imports", { limit: limits.imports });
    return undefined;
  }
  if (stack.length >= limits.importDepth) {
    report.at(from.span, "limit/import-depth", { limit: limits.importDepth });
    return undefined;
  }
  const module = loadModule(loading, path);
  if (module === undefined) {
    const full = `${from.text}.bcos`;
    const isMissingEnding = host.read(`${path}.bcos`) !== undefined;
    const fix = { title: `import "${full}"`, edits: [{ span: from.span, text: `"${full}"` }] };
    report.at(
      from.span,
      "name/file-missing",
      { file: path === "" ? "." : path },
      { fixes: isMissingEnding ? [fix] : [] },
    );
  }
  return module;
}

/** Only what a file declares itself can be imported from it. */
function importName(loading: Loading, source: Module, name: Name): Target | undefined {
  const { report, facts } = loading;
  const declaration = source.file.declarations.find((d) => d.name.text === name.text);
  if (declaration === undefined) {
    // The declaration may be what a syntax error destroyed.
    if (source.damage.starts.length > 0) return undefined;
    const blocks = source.file.declarations.filter((d) => d.kind === "block").map((d) => d.name.text);
    const details = didYouMean(report, name.span, name.text, blocks);
    report.at(name.span, "name/unknown", { what: `block in ${source.path}`, name: name.text }, details);
    return undefined;
  }
  facts.push({ kind: "definition", span: name.span, target: declaration.name.span });
  if (declaration.kind === "model") {
    if (isHeadDamaged({ declaration, module: source })) return undefined;
    const related = [{ span: declaration.name.span, label: "declared here" }];
    const params = { name: name.text, found: "a model", expected: "a block" };
    report.at(name.span, "name/wrong-kind", params, { related });
    return undefined;
  }
  return { declaration, module: source };
}
