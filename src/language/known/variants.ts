/**
 * What one place of the source is in the instances of the block or model around it: shapes, weight paths and costs, equal
 * ones together.
 */
import type { Instance, Passage } from "../../compiler/check/instances.ts";
import { callSpan } from "../../compiler/check/layers.ts";
import type { Form } from "../../compiler/graph/program.ts";
import type { Shape } from "../../compiler/graph/graph.ts";
import type { LayerInstance, Network } from "../../compiler/network/network.ts";
import type { CallStep, Flow, Step } from "../../compiler/syntax/ast.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";
import { costsOf, groupsAt, totalsOf, type Group } from "./costs.ts";
import { shapeText } from "./text.ts";
import type { Known } from "./knowledge.ts";

export interface Variant {
  /** One for a step, one for each side of a join. */
  readonly from: readonly Shape[];
  readonly to: Shape;
  /** What the B-cos form makes of a layer; `undefined` in the conventional form, for blocks, and where it stays the same. */
  readonly became: string | undefined;
  readonly parameters: number | undefined;
  readonly macs: number | undefined;
  /** Of all instances that are like this, in the order of the model. */
  readonly paths: readonly string[];
  /** A layer of the first of them; `undefined` for blocks and for what did not get as far as to be a layer. */
  readonly layer: LayerInstance | undefined;
}

/** Of a step that calls a layer. */
export function layerVariants(known: Known, step: CallStep, form: Form): readonly Variant[] {
  const variants = variantsAt(known.models, callSpan(step), form);
  return variants.length > 0 ? variants : passedVariants(known.instances, step);
}

/** Of a join of flows. */
export function joinVariants(known: Known, flow: Flow, form: Form): readonly Variant[] {
  const variants = variantsAt(known.models, flow.span, form);
  return variants.length > 0 ? variants : passedVariants(known.instances, flow);
}

/** Of a step that calls a block. */
export function blockVariants(known: Known, step: CallStep, form: Form): readonly Variant[] {
  const called = known.instances.flatMap((instance) => instance.calls.get(step) ?? []);
  const groups = groupsAt(known.models, callSpan(step), { perCall: true });
  const variants = groups.map((group): Variant => {
    const { parameters, macs } = totalsOf(group.model, form, group.layers);
    const paths = [pathOf(group, called)].filter((path) => path !== undefined);
    return { ...portsOf(group), became: undefined, parameters, macs, paths, layer: undefined };
  });
  return variants.length > 0 ? together(variants) : passedVariants(known.instances, step);
}

function variantsAt(models: readonly Network[], span: Span, form: Form): readonly Variant[] {
  const variants = models.flatMap((model) =>
    model.layers
      .filter((layer) => isAt(layer.span, span))
      .map((layer): Variant => {
        const cost = costsOf(model, form).get(layer.path);
        return {
          from: layer.inputShapes,
          to: layer.shape,
          became: cost === undefined || cost.became === cost.layer ? undefined : cost.became,
          parameters: cost?.parameters,
          macs: cost?.macs,
          paths: [layer.path],
          layer,
        };
      }),
  );
  return together(variants);
}

function isAt(a: Span, b: Span): boolean {
  return a.start === b.start && a.end === b.end && a.file === b.file;
}

/** What is known of a place by its shapes alone: the model did not get to it as a whole. */
function passedVariants(instances: readonly Instance[], node: Step | Flow): readonly Variant[] {
  const nothing = { became: undefined, parameters: undefined, macs: undefined, paths: [], layer: undefined };
  const passages: readonly Passage[] = instances.flatMap((instance) => instance.passages.get(node) ?? []);
  return together(passages.map(({ from, to }) => ({ from: from === undefined ? [] : [from], to, ...nothing })));
}

function together(variants: readonly Variant[]): readonly Variant[] {
  const groups = new Map<string, Variant>();
  for (const variant of variants) {
    const { from, to, became, parameters, macs, paths } = variant;
    const key = JSON.stringify([from, to, became, parameters, macs]);
    const group = groups.get(key);
    groups.set(key, group === undefined ? variant : { ...group, paths: [...group.paths, ...paths] });
  }
  return [...groups.values()];
}

/** A block has one input and one output: what its layers take from outside, and what those outside take of it. */
function portsOf({ model, first, layers }: Group): Pick<Variant, "from" | "to"> {
  const end = first + layers.length;
  const isOutside = (value: LayerInstance["inputs"][number]): boolean =>
    value === "input" || value < first || value >= end;
  const from = layers.flatMap(({ inputs, inputShapes }) => inputShapes.filter((_, i) => isOutside(inputs[i]!)));
  const taken = [
    ...model.layers.slice(end).flatMap(({ inputs }) => inputs),
    ...model.outputs.map(({ value }) => value),
  ];
  const output = taken.find((value) => value !== "input" && value >= first && value < end);
  const last = typeof output === "number" ? model.layers[output]! : layers.at(-1)!;
  return { from: from.slice(0, 1), to: last.shape };
}

/** The path of an instance: that of a layer in it without what the block itself adds. */
function pathOf({ layers }: Group, called: readonly Instance[]): string | undefined {
  for (const instance of called.filter((candidate) => candidate.layers.length === layers.length)) {
    for (const [i, { path }] of layers.entries()) {
      const own = instance.layers[i]!.path;
      if (path.endsWith(`.${own}`)) return path.slice(0, -own.length - 1);
    }
  }
  return undefined;
}

/** `[56, 56, 64] → [28, 28, 128]`; for a join its parts, and for a place with nothing before it the shape alone. */
export function passageText({ from, to }: Pick<Variant, "from" | "to">): string {
  const code = (shape: Shape): string => `\`${shapeText(shape)}\``;
  return from.length === 0 ? code(to) : `${[...new Set(from.map(code))].join(", ")} → ${code(to)}`;
}
