/**
 * Weight paths. A row is what one binding holds; when it is complete, its parts get their names:
 * - a label is a name. Inside a `repeat` its instances are numbered: `block.0`, `block.1`.
 *   A label with a number in braces, `layer{index + 1}`, has that number instead;
 * - an instance of a block without a label has the row's name, numbered along the whole row where it holds a `repeat` or
 *   several instances: `layer2.0`;
 * - a layer without a label has the row's name where it is the only one with weights, otherwise `row.kindN`;
 * - a labelled `repeat` is a row of its own: its instances are `label.0`, `label.1`, the labels in them `label.0.conv1`.
 */
import type { Span } from "../../diagnostics/diagnostic.ts";
import { joinPath, prefixPaths, type Mark, type TemplateBuilder } from "./template.ts";

export type PartKind =
  /** An instance of a block, or a labelled `repeat`: its label or the row's name is a prefix. */
  "instance" | "weighted" | "unweighted" | "join";

export interface Part {
  readonly kind: PartKind;
  readonly label: string | undefined;
  /** The layer's name, for generated paths. */
  readonly layer: string;
  /** Inside a `repeat` without a label. */
  readonly repeated: boolean;
  /** Number of the instance of the labelled `repeat` that the row stands for. */
  readonly iteration: number | undefined;
  readonly span: Span;
  readonly from: Mark;
  readonly to: Mark;
  /** Whether the path of an instance becomes a scope, with this value. */
  readonly output?: "input" | number | undefined;
}

export interface Row {
  /** The binding's name; "" for a labelled `repeat`, whose paths are relative to its own. */
  readonly name: string;
  readonly parts: Part[];
}

/** Names the parts of a complete row. */
export function nameRow(builder: TemplateBuilder, row: Row): void {
  const names = createNames(row);
  for (const part of row.parts) {
    const name = names(part);
    prefixPaths(builder, name, part.from, part.to);
    if (part.kind !== "instance") continue;
    builder.claims.push({ path: name, span: part.span, from: part.from.layers, to: part.to.layers });
    if (part.output !== undefined) builder.scopes.push({ path: name, value: part.output });
  }
}

function createNames(row: Row): (part: Part) => string {
  const unlabelled = row.parts.filter((part) => part.label === undefined);
  const instances = unlabelled.filter((part) => part.kind === "instance");
  const numbered = instances.length > 1 || instances.some((part) => part.repeated || part.iteration !== undefined);
  const weighted = row.parts.filter((part) => part.kind === "weighted" || part.kind === "instance").length;
  const joins = new Map<string, number>();
  for (const part of unlabelled) if (part.kind === "join") joins.set(part.layer, (joins.get(part.layer) ?? 0) + 1);

  const counters = new Map<string, number>();
  const next = (group: string): number => {
    const number = counters.get(group) ?? 0;
    counters.set(group, number + 1);
    return number;
  };

  return (part) => {
    if (part.label !== undefined) {
      const label = part.iteration === undefined ? part.label : `${part.iteration}.${part.label}`;
      const number = next(`label ${label}`);
      return part.repeated ? joinPath(label, String(number)) : label;
    }
    switch (part.kind) {
      case "instance":
        return numbered ? joinPath(row.name, String(next("instance"))) : row.name;
      case "weighted":
        if (weighted === 1) return row.name;
        return joinPath(row.name, `${part.layer}${next(part.layer)}`);
      case "unweighted":
        return joinPath(row.name, `${part.layer}${next(part.layer)}`);
      case "join":
        return joinPath(row.name, joins.get(part.layer) === 1 ? part.layer : `${part.layer}${next(part.layer)}`);
      default:
        return part.kind satisfies never;
    }
  };
}
