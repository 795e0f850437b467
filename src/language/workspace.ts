/**
 * The `.bcos` files that a tool works on, and what the compiler finds out about them. Everything is computed when it is asked
 * for and kept until a text that it was computed from changes, so an edit of one file checks only what depends on it. What
 * comes back is always what a new workspace with the same texts would answer.
 */
import { checkFile, type CheckResult } from "../compiler/check/check.ts";
import type { Fact } from "../compiler/check/facts.ts";
import { normalizePath, resolvePath, type SourceHost } from "../compiler/check/source-host.ts";
import { checkForm } from "../compiler/network/forms.ts";
import type { Network } from "../compiler/network/network.ts";
import type { SourceFile } from "../compiler/syntax/ast.ts";
import { parseFile, type ParsedFile } from "../compiler/syntax/parse.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { createLineMap, type LineMap } from "../diagnostics/lines.ts";

/** Where the texts come from that no editor has open. Paths are POSIX paths. */
export interface WorkspaceHost {
  /** The text of a file, or `undefined` where there is none. */
  read(path: string): string | undefined;
  /** The `.bcos` files of the workspace. */
  list(): Iterable<string>;
}

export type DefinitionFact = Extract<Fact, { readonly kind: "definition" }>;
export type ShapeFact = Extract<Fact, { readonly kind: "shape" }>;

export interface Workspace {
  /** From now on the file has this text, whatever the host says. Also for the texts of every later edit. */
  open(path: string, text: string): void;
  /** The text of the host counts again. */
  close(path: string): void;
  /** The host's file, or without a path its list and all of its files, may have changed. */
  refresh(path?: string): void;

  isOpen(path: string): boolean;
  /** The files of the host and those that are open, in order of their paths. */
  files(): readonly string[];
  text(path: string): string | undefined;
  lines(path: string): LineMap | undefined;
  /** The tree and the syntax errors. `undefined` where there is no such file. */
  parsed(path: string): ParsedFile | undefined;
  /** The tree alone. */
  tree(path: string): SourceFile | undefined;

  /** The path that `specifier` means in the file `from`. */
  resolve(from: string, specifier: string): string;
  /** The paths that the file imports, whether there are such files or not. */
  importsOf(path: string): readonly string[];
  /** The files of the workspace that import the file. */
  importersOf(path: string): readonly string[];
  /** The file and all files of the workspace that reach it by imports: the file itself first, then by path. */
  dependentsOf(path: string): readonly string[];

  /**
   * What `bcosc check` says about the file, without what the B-cos form changes: its own findings and those of the files that
   * it imports, also where the B-cos form does not fit a network.
   */
  check(path: string): CheckResult;
  /**
   * Everything that is wrong in this one file, in source order: alone, and as expanded for the models of the files that
   * depend on it.
   */
  diagnostics(path: string): readonly Diagnostic[];
  /** Where the names in the file are declared, in source order. Complete: each name that is known has a fact. */
  definitions(path: string): readonly DefinitionFact[];
  /**
   * Shapes of bindings and steps of the file, in source order: from the file's own models and, for blocks that those do not
   * use, from the first file by path that does.
   */
  shapes(path: string): readonly ShapeFact[];
  /**
   * The models of the file that have no errors of their own, with the default values of their parameters. Whether the B-cos
   * form fits them `checkForm` says.
   */
  networks(path: string): readonly Network[];
}

/** A file that was asked for. */
interface Entry {
  /** Of the editor, if the file is open. */
  opened: string | undefined;
  /** Of the host; `null` before it was asked. */
  hosted: string | undefined | null;
  /** Grows with every change of the text. */
  version: number;
  parsed: { readonly text: string; readonly file: ParsedFile; readonly lines: LineMap } | undefined;
}

interface Checked {
  readonly result: CheckResult;
  /** Every path that the check asked the host for, with the version it saw. */
  readonly seen: ReadonlyMap<string, number>;
  readonly definitions: ReadonlyMap<string, readonly DefinitionFact[]>;
  readonly shapes: ReadonlyMap<string, readonly ShapeFact[]>;
}

/** A value and the clock's time up to which it is known to hold. */
interface Dated<T> {
  value: T;
  time: number;
}

export function createWorkspace(host: WorkspaceHost): Workspace {
  const entries = new Map<string, Entry>();
  const checks = new Map<string, Dated<Checked>>();
  /** Ticks with every change of any text. */
  let clock = 0;
  let listed: readonly string[] | undefined;
  let imports: Dated<ReadonlyMap<string, readonly string[]>> | undefined;

  const entryOf = (path: string): Entry => {
    const known = entries.get(path);
    if (known !== undefined) return known;
    const entry: Entry = { opened: undefined, hosted: null, version: 0, parsed: undefined };
    entries.set(path, entry);
    return entry;
  };
  const textOf = (entry: Entry, path: string): string | undefined => {
    if (entry.opened !== undefined) return entry.opened;
    if (entry.hosted === null) entry.hosted = host.read(path);
    return entry.hosted;
  };
  /** Runs a change of a file's text, and notes whether it was one. */
  const edit = (path: string, change: (entry: Entry) => void): void => {
    const entry = entryOf(path);
    const before = entry.opened ?? entry.hosted;
    change(entry);
    // A text that nobody asked for is in no result.
    if (before === null || textOf(entry, path) === before) return;
    entry.version++;
    clock++;
  };

  const parse = (path: string, text: string): NonNullable<Entry["parsed"]> => {
    const entry = entryOf(path);
    if (entry.parsed?.text !== text) {
      entry.parsed = { text, file: parseFile(path, text), lines: createLineMap(text) };
    }
    return entry.parsed;
  };
  const parsedOf = (path: string): Entry["parsed"] => {
    const text = workspace.text(path);
    return text === undefined ? undefined : parse(path, text);
  };

  const checkedOf = (path: string): Checked => {
    const known = checks.get(path);
    if (known !== undefined && (known.time === clock || isCurrent(known.value.seen, entries))) {
      known.time = clock;
      return known.value;
    }
    const seen = new Map<string, number>();
    const source: SourceHost = {
      read: (asked) => {
        const normal = normalizePath(asked);
        const entry = entryOf(normal);
        seen.set(normal, entry.version);
        return textOf(entry, normal);
      },
      resolve: resolvePath,
      parse: (file, text) => parse(file, text).file,
    };
    const checked = checkFile(source, path);
    const problems = checked.networks.flatMap((network) => checkForm(network, "bcos"));
    const result = problems.length === 0 ? checked : { ...checked, diagnostics: [...checked.diagnostics, ...problems] };
    const definitions = byFile(result.facts, "definition");
    const value: Checked = { result, seen, definitions, shapes: byFile(result.facts, "shape") };
    checks.set(path, { value, time: clock });
    return value;
  };

  const importersByPath = (): ReadonlyMap<string, readonly string[]> => {
    if (imports?.time === clock) return imports.value;
    const found = new Map<string, string[]>();
    for (const path of workspace.files()) {
      for (const imported of workspace.importsOf(path)) {
        const importers = found.get(imported);
        if (importers === undefined) found.set(imported, [path]);
        else importers.push(path);
      }
    }
    // Files that were read for the first time do not move the clock.
    imports = { value: found, time: clock };
    return found;
  };

  const workspace: Workspace = {
    open(path, text) {
      const normal = normalizePath(path);
      if (!workspace.isOpen(normal)) clock++;
      edit(normal, (entry) => (entry.opened = text));
    },
    close(path) {
      const normal = normalizePath(path);
      if (!workspace.isOpen(normal)) return;
      clock++;
      edit(normal, (entry) => {
        entry.opened = undefined;
        entry.hosted = null;
      });
    },
    refresh(path) {
      clock++;
      listed = undefined;
      const paths = path === undefined ? [...entries.keys()] : [normalizePath(path)];
      for (const each of paths) {
        // Without this, what was never read would be read now.
        if (entries.get(each)?.hosted === null && entries.get(each)?.opened === undefined) continue;
        edit(each, (entry) => (entry.hosted = null));
      }
    },

    isOpen: (path) => entries.get(normalizePath(path))?.opened !== undefined,
    files() {
      listed ??= [...host.list()].map(normalizePath);
      const opened = [...entries].flatMap(([path, entry]) => (entry.opened === undefined ? [] : [path]));
      return [...new Set([...listed, ...opened])].sort();
    },
    text: (path) => textOf(entryOf(normalizePath(path)), normalizePath(path)),
    lines: (path) => parsedOf(normalizePath(path))?.lines,
    parsed: (path) => parsedOf(normalizePath(path))?.file,
    tree: (path) => parsedOf(normalizePath(path))?.file.file,

    resolve: resolvePath,
    importsOf(path) {
      const normal = normalizePath(path);
      const file = workspace.tree(normal);
      return [...new Set(file?.imports.map(({ from }) => resolvePath(normal, from.text)))];
    },
    importersOf: (path) => importersByPath().get(normalizePath(path)) ?? [],
    dependentsOf(path) {
      const normal = normalizePath(path);
      const found = new Set([normal]);
      for (const reached of found) for (const importer of workspace.importersOf(reached)) found.add(importer);
      found.delete(normal);
      return [normal, ...[...found].sort()];
    },

    check: (path) => checkedOf(normalizePath(path)).result,
    diagnostics(path) {
      const normal = normalizePath(path);
      const found = new Map<string, Diagnostic>();
      for (const dependent of workspace.dependentsOf(normal)) {
        for (const diagnostic of workspace.check(dependent).diagnostics) {
          const { code, span } = diagnostic;
          if (span?.file !== normal) continue;
          const key = `${code} ${span.start} ${span.end}`;
          if (!found.has(key)) found.set(key, diagnostic);
        }
      }
      return [...found.values()].sort((a, b) => a.span!.start - b.span!.start);
    },
    definitions: (path) => checkedOf(normalizePath(path)).definitions.get(normalizePath(path)) ?? [],
    shapes(path) {
      const normal = normalizePath(path);
      const missing = new Set(bindingStarts(workspace.tree(normal)));
      const found = new Map<string, ShapeFact>();
      for (const dependent of workspace.dependentsOf(normal)) {
        for (const fact of checkedOf(dependent).shapes.get(normal) ?? []) {
          const key = `${fact.span.start} ${fact.span.end}`;
          if (!found.has(key)) found.set(key, fact);
          missing.delete(fact.span.start);
        }
        if (missing.size === 0) break;
      }
      return [...found.values()].sort(inOrder);
    },
    networks: (path) => workspace.check(path).networks,
  };
  return workspace;
}

/** Whether no text has changed since a check saw it. */
function isCurrent(seen: ReadonlyMap<string, number>, entries: ReadonlyMap<string, Entry>): boolean {
  for (const [path, version] of seen) if (entries.get(path)?.version !== version) return false;
  return true;
}

function byFile<K extends Fact["kind"]>(facts: readonly Fact[], kind: K): Map<string, Extract<Fact, { kind: K }>[]> {
  type Kept = Extract<Fact, { kind: K }>;
  const groups = new Map<string, Kept[]>();
  for (const fact of facts.filter((f): f is Kept => f.kind === kind).sort(inOrder)) {
    const group = groups.get(fact.span.file);
    if (group === undefined) groups.set(fact.span.file, [fact]);
    else group.push(fact);
  }
  return groups;
}

/** Outer places before the inner ones that start with them. */
function inOrder(a: Fact, b: Fact): number {
  return a.span.start - b.span.start || b.span.end - a.span.end;
}

/** Where the names of the bindings start, in all blocks and models. */
function bindingStarts(file: SourceFile | undefined): number[] {
  return (file?.declarations ?? []).flatMap(({ bindings }) => bindings.map(({ name }) => name.span.start));
}
