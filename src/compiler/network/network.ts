/** The expanded network: what is left of a model when blocks, repeats and compile-time choices are gone. Data only. */
import type { ExpansionLink, Span } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../graph/graph.ts";
import type { LayerArguments } from "../layers/layer.ts";
import type { BcosSettings } from "./settings.ts";

export interface Network {
  /** The model's name. */
  readonly name: string;
  readonly doc: string;
  /** Values of the model's parameters, e.g. { classes: 1000 }. */
  readonly parameters: Readonly<Record<string, number | boolean | string>>;
  readonly input: { readonly name: string; readonly shape: Shape; readonly span: Span };
  /** The first output is the logits. */
  readonly outputs: readonly { readonly name: string; readonly value: NetworkValue; readonly shape: Shape }[];
  /** In topological order. */
  readonly layers: readonly LayerInstance[];
  /** Bindings and block instances by path (`layer1`, `layer1.0`), for taps. */
  readonly scopes: readonly { readonly path: string; readonly value: NetworkValue }[];
  readonly settings: BcosSettings;
}

/** "input", or the index of the layer instance that makes it. */
export type NetworkValue = "input" | number;

export interface LayerInstance {
  /** Key of the layer table. */
  readonly layer: string;
  /** Weight path: `layer2.0.conv1`. Unique among weighted layers; others have a generated one. */
  readonly path: string;
  readonly arguments: LayerArguments;
  readonly inputs: readonly NetworkValue[];
  /** Without the batch. */
  readonly inputShapes: readonly Shape[];
  readonly shape: Shape;
  readonly span: Span;
  /** Innermost first; empty at the top level of the model. */
  readonly expansion: readonly ExpansionLink[];
}
