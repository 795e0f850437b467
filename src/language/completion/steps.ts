/** Completion behind `->`: layers, blocks of this and of other files, `repeat` and `if`. */
import type { LayerDefinition } from "../../compiler/layers/layer.ts";
import { layerTable } from "../../compiler/layers/table.ts";
import type { Declaration } from "../../compiler/syntax/ast.ts";
import type { Frame } from "../cursor/flow-cursor.ts";
import { calleeMeaning } from "../names/resolve.ts";
import { tableOf } from "../names/tables.ts";
import { signatureOf } from "../signature.ts";
import type { Workspace } from "../workspace.ts";
import { blocksElsewhere, importEdit } from "./blocks-elsewhere.ts";
import { fitsPort, ranksAt, takesRanks } from "./ranks.ts";
import { callSnippet, type Draft, type DraftGroups } from "./item.ts";

type Category = LayerDefinition["category"];

/** Which layers tend to follow one of a category, as in the networks that people write: a product, a norm, an activation. */
const followers: Partial<Record<Category, readonly Category[]>> = {
  linear: ["norm", "activation", "linear", "pool"],
  norm: ["activation", "linear", "pool"],
  activation: ["linear", "pool", "norm"],
  pool: ["linear", "norm", "form"],
  token: ["norm", "linear", "activation"],
};

export interface StepPlace {
  readonly workspace: Workspace;
  readonly path: string;
  /** Those around the cursor; the innermost is a row. */
  readonly frames: readonly Frame[];
  readonly declaration: Declaration | undefined;
  /** Arguments stand behind the cursor already, so that the name alone is to be inserted. */
  readonly called: boolean;
}

export function stepDrafts({ workspace, path, frames, declaration, called }: StepPlace): DraftGroups {
  const file = workspace.tree(path);
  const frame = frames.at(-1);
  const ranks = file === undefined ? undefined : ranksAt(workspace, file, declaration, frames);
  const [layers, misfits] = split(
    Object.values(layerTable).filter(({ inputs }) => inputs === "one"),
    (layer) => ranks === undefined || takesRanks(layer, ranks),
  );
  const last = frame?.kind === "flow" ? frame.steps.at(-1)?.image : undefined;
  const previous = last === undefined ? undefined : layerTable[last]?.category;
  const likely = (previous === undefined ? undefined : followers[previous]) ?? ["linear"];
  const rank = ({ category }: LayerDefinition): number => {
    const found = likely.indexOf(category);
    return found < 0 ? likely.length : found;
  };
  // Sorting keeps the order of the table within a category.
  const [first, others] = split(
    [...layers].sort((a, b) => rank(a) - rank(b)),
    (layer) => rank(layer) === 0,
  );
  const [known, unfit] = split(
    knownBlocks(workspace, path),
    ({ inputs }) => ranks === undefined || fitsPort(inputs[0], ranks),
  );
  const layerDraft = (layer: LayerDefinition): Draft => draftOfLayer(workspace, layer, called);
  const elsewhere = blocksElsewhere(workspace, path).map(({ declaration, specifier }): Draft => {
    const draft = draftOfBlock(workspace, declaration, called);
    const name = declaration.name.text;
    return {
      ...draft,
      detail: `from ${specifier}`,
      documentation: documented([draft.detail ?? "", draft.documentation ?? ""]),
      edits: [importEdit(workspace, path, name, specifier)],
    };
  });
  return [
    first.map(layerDraft),
    known.map((block) => draftOfBlock(workspace, block, called)),
    others.map(layerDraft),
    keywords,
    elsewhere,
    // What does not take a value with so many axes is still there, for the last.
    unfit.map((block) => draftOfBlock(workspace, block, called)),
    misfits.map(layerDraft),
  ];
}

const keywords: readonly Draft[] = [
  {
    label: "repeat",
    kind: "keyword",
    detail: "repeat n { … }",
    documentation: "n separate instances in sequence. Inside, `index` is the number of the instance, from 0.",
    insert: "repeat ",
    snippet: "repeat ${1:2} { $0 }",
  },
  {
    label: "if",
    kind: "keyword",
    detail: "if condition { … } else { … }",
    documentation: "Decided from parameters and shapes. Without `else` the value passes unchanged.",
    insert: "if ",
    snippet: "if ${1:condition} { $0 }",
  },
];

/** Own and imported blocks. */
function knownBlocks(workspace: Workspace, path: string): Declaration[] {
  const file = workspace.tree(path);
  if (file === undefined) return [];
  const { declarations, imports } = tableOf(file);
  return [...imports.keys(), ...declarations.keys()].flatMap((name) => {
    const meaning = calleeMeaning(workspace, file, name);
    const definition = meaning?.kind === "definition" ? meaning.definition : undefined;
    return definition?.kind === "block" ? [definition.declaration] : [];
  });
}

function draftOfLayer(workspace: Workspace, layer: LayerDefinition, called: boolean): Draft {
  const required = layer.parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  const { label } = signatureOf(workspace, { kind: "layer", layer })!;
  return {
    label: layer.name,
    kind: "layer",
    detail: label,
    documentation: layer.summary,
    ...callSnippet(layer.name, called ? [] : required),
  };
}

function draftOfBlock(workspace: Workspace, declaration: Declaration, called: boolean): Draft {
  const { name, span, parameters, doc } = declaration;
  const required = parameters.filter((parameter) => parameter.default === undefined).map((p) => p.name.text);
  const definition = { kind: "block", name: name.text, span: name.span, whole: span, declaration } as const;
  const detail = signatureOf(workspace, { kind: "definition", definition })?.label ?? "";
  return {
    label: name.text,
    kind: "block",
    detail,
    documentation: doc,
    ...callSnippet(name.text, called ? [] : required),
  };
}

function documented([signature, doc]: readonly [string, string]): string {
  return `\`${signature}\`${doc === "" ? "" : `\n\n${doc}`}`;
}

function split<T>(list: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [list.filter(isFirst), list.filter((one) => !isFirst(one))];
}
