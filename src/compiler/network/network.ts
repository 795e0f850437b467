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
  /** The first output is the logits. Further ones of its shape are auxiliary classifiers: see `auxiliaryOutputs`. */
  readonly outputs: readonly NetworkOutput[];
  /** In topological order. */
  readonly layers: readonly LayerInstance[];
  /** Bindings and block instances by path (`layer1`, `layer1.0`), for taps. */
  readonly scopes: readonly { readonly path: string; readonly value: NetworkValue }[];
  readonly settings: BcosSettings;
}

export interface NetworkOutput {
  readonly name: string;
  readonly value: NetworkValue;
  readonly shape: Shape;
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

/**
 * Classifiers at earlier layers (Szegedy et al. 2015, section 5): in training each has a loss of its own on the same
 * targets. Predictions and explanations are those of the first output alone.
 */
export function auxiliaryOutputs({ outputs }: Network): readonly NetworkOutput[] {
  const [logits, ...others] = outputs;
  return others.filter(({ shape }) => shape.length === 1 && shape[0] === logits?.shape[0]);
}
