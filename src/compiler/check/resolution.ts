/** What name resolution leaves for the expansion: which layer or block a call means, and what already has its error. */
import type { Diagnostic, Span } from "../../diagnostics/diagnostic.ts";
import type { LayerDefinition } from "../layers/layer.ts";
import type { Argument, CallStep, Declaration, SourceFile } from "../syntax/ast.ts";

/** One file and the names that its rows can use. */
export interface Module {
  readonly path: string;
  readonly text: string;
  readonly file: SourceFile;
  /** Own and imported blocks and models. `undefined`: an import that has its error already. */
  readonly names: ReadonlyMap<string, Target | undefined>;
  readonly damage: Damage;
}

/** Places of syntax errors: what may be missing there gives no follow-up errors. */
export interface Damage {
  /** Ascending. */
  readonly starts: readonly number[];
  /** For each start, the furthest end of it and those before. */
  readonly ends: readonly number[];
  /** Whether one lies outside of the bodies, where it may have changed or destroyed a declaration or an import. */
  readonly outside: boolean;
}

export interface Target {
  readonly declaration: Declaration;
  readonly module: Module;
}

export interface LayerCall {
  readonly kind: "layer";
  readonly definition: LayerDefinition;
  /** By parameter name; only those that the source gives. */
  readonly arguments: ReadonlyMap<string, Argument>;
}

export interface BlockCall {
  readonly kind: "block";
  readonly target: Target;
  readonly arguments: ReadonlyMap<string, Argument>;
}

export interface Resolution {
  /** Syntax nodes with an error: their value, type and shape are unknown from then on. */
  readonly faulty: Set<object>;
  /** Calls without an entry are unknown. */
  readonly calls: Map<CallStep, LayerCall | BlockCall>;
  /** The calls of blocks in a declaration, for finding cycles. */
  readonly uses: Map<Declaration, { readonly step: CallStep; readonly target: Target }[]>;
}

export function createResolution(): Resolution {
  return { faulty: new Set(), calls: new Map(), uses: new Map() };
}

export function damageOf(file: SourceFile, diagnostics: readonly Diagnostic[]): Damage {
  const places = diagnostics.flatMap((d) => (d.severity === "error" && d.span !== undefined ? [d.span] : []));
  places.sort((a, b) => a.start - b.start);
  let furthest = -1;
  const ends = places.map((place) => (furthest = Math.max(furthest, place.end)));
  let next = 0;
  const outside = places.some((place) => {
    while (next < file.declarations.length && file.declarations[next]!.span.end < place.end) next++;
    const declaration = file.declarations[next];
    return declaration === undefined || place.start <= Math.max(declaration.span.start, declaration.name.span.end);
  });
  return { starts: places.map((place) => place.start), ends, outside };
}

/** Everything in a file that a syntax error touches, as far as it can be known separately. */
export function damagedStatements(module: Module): object[] {
  if (module.damage.starts.length === 0) return [];
  const { settings, declarations } = module.file;
  const parts = declarations.flatMap((d) => [...d.parameters, ...d.inputs, ...d.outputs, ...d.bindings]);
  const blocks = [...settings, ...declarations.flatMap((d) => d.settings)];
  return [...parts, ...blocks.flatMap((b) => b.settings)].filter(({ span }) => {
    // What a fault split off stands behind it in its line.
    const lineEnd = module.text.indexOf("\n", span.end);
    return isDamaged(module, { ...span, end: lineEnd < 0 ? module.text.length : lineEnd });
  });
}

/** Whether a syntax error may have changed the keyword or the name of a declaration. */
export function isHeadDamaged({ declaration, module }: Target): boolean {
  return isDamaged(module, headOf({ declaration, module }, declaration.name.span.end));
}

/** From what a fault may have split off before the declaration, in its line. */
export function headOf({ declaration, module }: Target, end: number): Span {
  return { file: module.path, start: module.text.lastIndexOf("\n", declaration.span.start - 1) + 1, end };
}

/** Whether a syntax error touches the range. */
export function isDamaged({ damage }: Module, span: Span): boolean {
  let [low, high] = [0, damage.starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (damage.starts[middle]! <= span.end) low = middle + 1;
    else high = middle;
  }
  return low > 0 && damage.ends[low - 1]! >= span.start;
}
