/** Completion where a statement starts: declarations at the top of a file, ports and rows in a body; and shapes of ports. */
import type { Declaration, SourceFile } from "../../compiler/syntax/ast.ts";
import type { Body } from "../cursor/cursor.ts";
import { scopeOf } from "../names/tables.ts";
import type { Draft, DraftGroups } from "./item.ts";

export function topDrafts(file: SourceFile | undefined): Draft[] {
  const drafts: Draft[] = [
    {
      label: "model",
      kind: "keyword",
      detail: "model Name(…) { … }",
      documentation: "A network: one input, and outputs of which the first is the logits.",
      insert: "model ",
      snippet: [
        "model ${1:Name}(${2:classes: int = 10}) {",
        "  input  image: [${3:224, 224, 3}]",
        "  output logits: [${4:classes}]",
        "",
        "  logits = image -> $0",
        "}",
      ].join("\n"),
    },
    {
      label: "block",
      kind: "keyword",
      detail: "block Name(…) { … }",
      documentation: "A part of networks, with parameters, one input and one output.",
      insert: "block ",
      snippet: [
        "block ${1:Name}(${2:width: int}) {",
        "  input  x: [${3:H, W, C}]",
        "  output y: [${4:H, W, width}]",
        "",
        "  y = x -> $0",
        "}",
      ].join("\n"),
    },
    {
      label: "import",
      kind: "keyword",
      detail: 'import { … } from "…"',
      documentation: "Blocks of another file.",
      insert: "import ",
      snippet: 'import { $2 } from "${1:./}"',
    },
  ];
  return (file?.settings.length ?? 0) > 0 ? drafts : [...drafts, settingsDraft];
}

const settingsDraft: Draft = {
  label: "bcos",
  kind: "keyword",
  detail: "bcos { … }",
  documentation: "How layers become B-cos layers.",
  insert: "bcos ",
  snippet: "bcos { $0 }",
};

/** In the body of a model or block: outputs that nothing assigns yet, then what it lacks. */
export function bodyDrafts(body: Body, declaration: Declaration | undefined): DraftGroups {
  const outputs = declaration?.outputs ?? [];
  const assigned = new Set(declaration?.bindings.map(({ name }) => name.text));
  const open = outputs.filter(({ name }) => !assigned.has(name.text));
  const tensors = declaration === undefined ? [] : [...scopeOf(declaration).tensors.values()];
  const last = tensors.findLast(({ kind }) => kind !== "output")?.name;
  const rows = open.map(({ name }): Draft => {
    const start = `${name.text} = `;
    return {
      label: name.text,
      kind: "output",
      detail: "output that nothing assigns yet",
      insert: start,
      snippet: `${start}\${1:${last ?? "source"}} -> $0`,
    };
  });
  const input = port("input", "x", body.kind === "model" ? "224, 224, 3" : "H, W, C");
  const output = port("output", "y", body.kind === "model" ? "classes" : "H, W, C");
  return [
    rows,
    declaration?.inputs.length === 0 ? [input] : [],
    outputs.length === 0 || body.kind === "model" ? [output] : [],
    body.kind === "model" && (declaration?.settings.length ?? 0) === 0 ? [settingsDraft] : [],
  ];
}

function port(direction: "input" | "output", name: string, shape: string): Draft {
  return {
    label: direction,
    kind: "keyword",
    detail: `${direction} name: [shape]`,
    documentation: "Shapes are written without the batch, channels last: `[H, W, C]`, tokens `[T, D]`, vectors `[D]`.",
    insert: `${direction} `,
    snippet: `${direction} \${1:${name}}: [\${2:${shape}}]`,
  };
}

/** Bindings that may be meant to leave the model or block: the last first. */
export function outputNameDrafts(declaration: Declaration | undefined): Draft[] {
  return (declaration?.bindings ?? [])
    .map(({ name }): Draft => ({ label: name.text, kind: "binding", detail: "binding" }))
    .reverse();
}

/** Whole shapes of a port. */
export function portShapeDrafts(body: Body | undefined): Draft[] {
  const shapes: readonly (readonly [string, string])[] = [
    [body?.kind === "model" ? "[224, 224, 3]" : "[H, W, C]", "image: height, width, channels"],
    ["[T, D]", "tokens: their number and width"],
    ["[D]", "vector"],
  ];
  return (body?.kind === "model" ? shapes.slice(0, 1) : shapes).map(([label, detail]) => ({
    label,
    kind: "value",
    detail,
  }));
}
