/** What the checker found out about places in the source, for tools: hover, go to definition, inlay hints. */
import type { Span } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../graph/graph.ts";

export type Fact =
  /** The shape of the value behind a binding's name or a step; in blocks for the first instance. */
  | { readonly kind: "shape"; readonly span: Span; readonly shape: Shape }
  /** The name at `span` is the one that `target` gives. */
  | { readonly kind: "definition"; readonly span: Span; readonly target: Span };
