/** What the layers of a model hold and cost, and the sums of that over parts of the source. */
import type { Form } from "../../compiler/graph/program.ts";
import { layerTable } from "../../compiler/layers/table.ts";
import type { LayerInstance, Network } from "../../compiler/network/network.ts";
import { summariseKnown, type KnownSummary } from "../../compiler/network/summary.ts";
import type { ExpansionLink, Span } from "../../diagnostics/diagnostic.ts";

export interface Totals {
  /** Convolutions and other products with weights, as papers count the layers of a network. */
  readonly weightLayers: number;
  /** `undefined` where that of a layer is not known. */
  readonly parameters: number | undefined;
  readonly macs: number | undefined;
}

const summaries = new WeakMap<Network, Map<Form, ReadonlyMap<string, KnownSummary>>>();

/** By path. The same numbers as those of `bcosc inspect`. */
export function costsOf(model: Network, form: Form): ReadonlyMap<string, KnownSummary> {
  const forms = summaries.get(model) ?? new Map<Form, ReadonlyMap<string, KnownSummary>>();
  summaries.set(model, forms);
  const known = forms.get(form);
  if (known !== undefined) return known;
  const costs = new Map(summariseKnown(model, form).map((summary) => [summary.path, summary]));
  forms.set(form, costs);
  return costs;
}

export function totalsOf(model: Network, form: Form, layers: readonly LayerInstance[]): Totals {
  const costs = costsOf(model, form);
  const sum = (key: "parameters" | "macs"): number | undefined =>
    layers.reduce<number | undefined>((total, { path }) => {
      const cost = costs.get(path)?.[key];
      return total === undefined || cost === undefined ? undefined : total + cost;
    }, 0);
  const weightLayers = layers.filter(({ layer }) => layerTable[layer]?.category === "linear").length;
  return { weightLayers, parameters: sum("parameters"), macs: sum("macs") };
}

/** The layers that come from one place of the source in one instance of the block or model around it. */
export interface Group {
  readonly model: Network;
  /** Index of the first in the model. Those of a call follow each other. */
  readonly first: number;
  readonly layers: readonly LayerInstance[];
}

/**
 * The layers that come from what is written at a span, in the order of the models and of their layers: a group for each
 * instance of the declaration around it. With `perCall`, what is at the span is a call, and a `repeat` around it, which
 * makes several instances in one, has a group for each too.
 */
export function groupsAt(models: readonly Network[], span: Span, options: { readonly perCall: boolean }): Group[] {
  return models.flatMap((model) => {
    const groups = new Map<string, { readonly first: number; readonly layers: LayerInstance[] }>();
    for (const [first, layer] of model.layers.entries()) {
      const outer = linksAround(layer, span, options.perCall);
      if (outer === undefined) continue;
      const key = outer.map(numberOf).join(" ");
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { first, layers: [layer] });
      else group.layers.push(layer);
    }
    return [...groups.values()].map((group) => ({ model, ...group }));
  });
}

/** The expansions that lead to the span; `undefined` where the layer does not come from there. */
function linksAround(
  { span, expansion }: LayerInstance,
  place: Span,
  perCall: boolean,
): readonly ExpansionLink[] | undefined {
  if (isInside(span, place)) return expansion;
  const at = expansion.findIndex((link) => isInside(link.span, place));
  return at < 0 ? undefined : expansion.slice(perCall ? at : at + 1);
}

function isInside(inner: Span, outer: Span): boolean {
  return inner.file === outer.file && outer.start <= inner.start && inner.end <= outer.end;
}

/** Each expansion of a call has a link of its own, so links are told apart by identity. */
const numbers = new WeakMap<ExpansionLink, number>();
let nextNumber = 0;

function numberOf(link: ExpansionLink): number {
  const known = numbers.get(link);
  if (known !== undefined) return known;
  numbers.set(link, nextNumber);
  return nextNumber++;
}
