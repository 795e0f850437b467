/** Collects what a form changed: one finding for equal changes of many layers. */
import { diagnose, type Code, type Params } from "../../diagnostics/catalogue.ts";
import type { Diagnostic, RelatedPlace, Span } from "../../diagnostics/diagnostic.ts";
import type { LayerInstance } from "./network.ts";

export interface NoteCollector {
  /** A change of one layer. `path` and `count` of the parameters are of this layer alone. */
  add<C extends Code>(code: C, params: Params<C>, layer: LayerInstance): void;
  /** A finding as it is. */
  put(diagnostic: Diagnostic): void;
  /** In the order in which each kind of change was first made. */
  diagnostics(): readonly Diagnostic[];
}

/** How many places besides the first are shown. */
const shownPlaces = 3;

interface Group {
  readonly code: Code;
  readonly params: Record<string, unknown>;
  readonly layers: LayerInstance[];
}

export function collectNotes(): NoteCollector {
  const found = new Map<string, Group | Diagnostic>();
  return {
    add(code, params, layer) {
      const { path: _, count: __, ...kind } = params as Record<string, unknown>;
      const key = `${code} ${JSON.stringify(kind)}`;
      const group = found.get(key);
      if (group !== undefined && "layers" in group) group.layers.push(layer);
      else found.set(key, { code, params: params as Record<string, unknown>, layers: [layer] });
    },
    put: (diagnostic) => found.set(`${diagnostic.code} ${diagnostic.message}`, diagnostic),
    diagnostics: () => [...found.values()].map((entry) => ("layers" in entry ? summed(entry) : entry)),
  };
}

function summed({ code, params, layers }: Group): Diagnostic {
  const [first] = layers;
  const total = "count" in params ? { ...params, count: layers.length } : params;
  if (first === undefined) throw new Error(`${code} without a place`);
  return diagnose(code, total as never, {
    span: first.span,
    expansion: first.expansion,
    related: otherPlaces(first, layers),
  });
}

/** Instances of a block have one place in the source: each place counts once. */
function otherPlaces(first: LayerInstance, layers: readonly LayerInstance[]): readonly RelatedPlace[] {
  const key = (span: Span): string => `${span.file} ${span.start}`;
  const places = new Map<string, RelatedPlace>();
  for (const { span, path } of layers)
    if (key(span) !== key(first.span) && !places.has(key(span))) places.set(key(span), { span, label: path });
  return [...places.values()].slice(0, shownPlaces);
}
