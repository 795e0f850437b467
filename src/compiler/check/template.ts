/**
 * An expanded block or model. Everything in it is relative, so that one expansion serves all instances with the same
 * arguments and input shape: values count from its own first layer, paths start behind the instance's path.
 */
import type { ExpansionLink, Span } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../graph/graph.ts";
import type { LayerInstance, NetworkValue } from "../network/network.ts";
import type { Instance } from "./instances.ts";

export interface TemplateLayer extends LayerInstance {
  /** Given by a label or needed for weights; other paths are free to change. */
  readonly fixed: boolean;
  /** The label or the name of the layer, for messages about the path. */
  readonly nameSpan: Span;
}

export interface TemplateScope {
  readonly path: string;
  readonly value: NetworkValue;
}

/** A place that owns all paths below its own: an instance of a block or of a labelled `repeat`. */
export interface Claim {
  readonly path: string;
  readonly span: Span;
  /** Its layers: [from, to). */
  readonly from: number;
  readonly to: number;
}

export interface Output {
  readonly name: string;
  readonly value: NetworkValue;
  readonly shape: Shape;
}

export interface Template {
  readonly layers: readonly TemplateLayer[];
  readonly scopes: readonly TemplateScope[];
  /** `undefined` where an output has an unknown shape: the template has an error. */
  readonly outputs: readonly Output[] | undefined;
  /** What tools know of it. */
  readonly instance: Instance;
}

/** What an expansion writes to. Paths get their prefixes when the row around them is complete. */
export interface TemplateBuilder {
  readonly layers: TemplateLayer[];
  readonly scopes: TemplateScope[];
  readonly claims: Claim[];
}

/** A point in a builder's lists. */
export interface Mark {
  readonly layers: number;
  readonly scopes: number;
  readonly claims: number;
}

export function createBuilder(): TemplateBuilder {
  return { layers: [], scopes: [], claims: [] };
}

export function markOf(builder: TemplateBuilder): Mark {
  return { layers: builder.layers.length, scopes: builder.scopes.length, claims: builder.claims.length };
}

/** `joinPath("layer1.0", "conv1")`; an empty part adds nothing. */
export function joinPath(prefix: string, path: string): string {
  if (prefix === "" || path === "") return prefix + path;
  return `${prefix}.${path}`;
}

/** Puts a prefix before the paths of everything from one mark to another. */
export function prefixPaths(builder: TemplateBuilder, prefix: string, from: Mark, to: Mark): void {
  const rename = <T extends { readonly path: string }>(list: T[], start: number, end: number): void => {
    for (let i = start; i < end; i++) list[i] = { ...list[i]!, path: joinPath(prefix, list[i]!.path) };
  };
  rename(builder.layers, from.layers, to.layers);
  rename(builder.scopes, from.scopes, to.scopes);
  rename(builder.claims, from.claims, to.claims);
}

/** Adds an instance of a template, its paths still relative, and returns the value of its first output. */
export function instantiate(
  builder: TemplateBuilder,
  template: Template,
  input: NetworkValue,
  link: ExpansionLink,
): NetworkValue | undefined {
  const base = builder.layers.length;
  const moved = (value: NetworkValue): NetworkValue => (value === "input" ? input : base + value);
  // Instances of one place share what leads to it.
  const chains = new Map<readonly ExpansionLink[], readonly ExpansionLink[]>();
  for (const layer of template.layers) {
    const expansion = chains.get(layer.expansion) ?? [...layer.expansion, link];
    chains.set(layer.expansion, expansion);
    builder.layers.push({ ...layer, inputs: layer.inputs.map(moved), expansion });
  }
  for (const { path, value } of template.scopes) builder.scopes.push({ path, value: moved(value) });
  const output = template.outputs?.[0];
  return output && moved(output.value);
}
