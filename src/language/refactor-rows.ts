/**
 * Refactorings of rows: to split one behind a step, and to put one into the row that goes on with it. Weight paths may
 * depend on the row that a step stands in, so both are offered only where labels give all of them.
 */
import { layerTable } from "../compiler/layers/table.ts";
import type { Binding, Declaration } from "../compiler/syntax/ast.ts";
import type { Span, TextEdit } from "../diagnostics/diagnostic.ts";
import { scopeOf } from "./names/tables.ts";
import { walk } from "./walk.ts";

export interface RowChange {
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

/** The changes of the row at the offset, which lies in the declaration. */
export function rowChanges(text: string, declaration: Declaration, offset: number): RowChange[] {
  const binding = declaration.bindings.find(({ span }) => span.start <= offset && offset <= span.end);
  if (binding === undefined) return [];
  return [...splitRow(text, declaration, binding, offset), ...joinRow(text, declaration, binding, offset)];
}

/** `a = x -> s -> t` becomes `s = x -> s` and `a = s -> t`. */
function splitRow(text: string, declaration: Declaration, binding: Binding, offset: number): RowChange[] {
  const { flow, name } = binding;
  // A doc comment would go with the first of the two.
  if (flow.kind !== "pipe" || binding.doc !== "" || !isLabelled([binding])) return [];
  const at = flow.steps.findIndex(({ span }) => span.start <= offset && offset <= span.end);
  const step = flow.steps[at];
  // With the shape statements behind the step.
  const rest = flow.steps.findIndex(({ kind }, i) => i > at && kind !== "ascription");
  if (step?.kind !== "call" || rest < 0) return [];
  const { end } = flow.steps[rest - 1]!.span;
  const put = freshName(declaration, step.label?.text ?? step.callee.text);
  const edit = {
    span: { ...name.span, end },
    text: `${put} = ${text.slice(flow.span.start, end)}\n${indentation(text, name.span.start)}${text.slice(name.span.start, flow.span.start)}${put}`,
  };
  return [{ title: `split the row behind \`${step.label?.text ?? step.callee.text}\``, edits: [edit] }];
}

/** `a = x -> s` and, right behind it, `b = a -> t` become `b = x -> s -> t`, where nothing else uses `a`. */
function joinRow(text: string, declaration: Declaration, binding: Binding, offset: number): RowChange[] {
  const { name, flow } = binding;
  if (offset > name.span.end || binding.doc !== "" || flow.kind === "missing") return [];
  if (declaration.outputs.some((port) => port.name.text === name.text)) return [];
  const uses = declaration.bindings.flatMap((user) => referencesIn(user, name.text).map((span) => ({ user, span })));
  const [use] = uses;
  if (use === undefined || uses.length > 1 || !isLabelled([binding, use.user])) return [];
  // Otherwise the layers would be in another order.
  const isNext = declaration.bindings.indexOf(use.user) === declaration.bindings.indexOf(binding) + 1;
  if (!isNext || hasStepBefore(use.user, use.span.start)) return [];
  // Steps and all: the only use is the source of the row, or the row itself.
  const { flow: user } = use.user;
  const goesOn = (user.kind === "pipe" ? user.source : user).kind === "reference";
  const written = text.slice(flow.span.start, flow.span.end);
  const isPlain = flow.kind === "reference" || goesOn;
  return [
    {
      title: `put the row into \`${use.user.name.text}\``,
      edits: [
        { span: wholeLines(text, binding.span), text: "" },
        { span: use.span, text: isPlain ? written : `(${written})` },
      ],
    },
  ];
}

function referencesIn(binding: Binding, name: string): Span[] {
  const found: Span[] = [];
  walk({ type: "binding", node: binding }, ({ type, node }) => {
    if (type === "flow" && node.kind === "reference" && node.name.text === name) found.push(node.name.span);
  });
  return found;
}

function hasStepBefore(binding: Binding, offset: number): boolean {
  let found = false;
  walk({ type: "binding", node: binding }, ({ type, node }) => {
    found ||= type === "step" && node.span.start < offset;
  });
  return found;
}

/** Whether labels give the paths of all weights in the rows, each another one. */
function isLabelled(bindings: readonly Binding[]): boolean {
  const labels: string[] = [];
  let isWhole = true;
  for (const node of bindings) {
    walk({ type: "binding", node }, ({ type, node: inner }) => {
      if (type === "flow" || type === "step") isWhole &&= inner.kind !== "missing";
      if (type !== "step" || (inner.kind !== "call" && inner.kind !== "repeat")) return true;
      if (inner.label !== undefined) {
        labels.push(inner.label.text);
        // The paths in a labelled repeat begin with its own.
        return inner.kind !== "repeat";
      }
      isWhole &&= inner.kind === "repeat" || layerTable[inner.callee.text]?.weighted === false;
      return true;
    });
  }
  return isWhole && new Set(labels).size === labels.length;
}

/** A name for a row that nothing in the declaration has. */
function freshName(declaration: Declaration, label: string): string {
  const { values, tensors } = scopeOf(declaration);
  const base = label
    .replace(/\{[^}]*\}/g, "")
    .replace(/\W+/g, "_")
    .replace(/^_+|_+$/g, "");
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}_${i}`;
    if (name !== "index" && !values.has(name) && !tensors.has(name)) return name;
  }
}

function indentation(text: string, offset: number): string {
  const start = Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;
  return /^[^\S\r\n]*/.exec(text.slice(start, offset))![0];
}

/** A statement with its line break, where nothing else stands in its lines. */
function wholeLines(text: string, span: Span): Span {
  const start = span.start - indentation(text, span.start).length;
  const isFirst = start === 0 || /[\r\n]/.test(text[start - 1]!);
  const rest = /^[^\S\r\n]*(?:\r\n|\n|\r)/.exec(text.slice(span.end));
  return isFirst && rest !== null ? { ...span, start, end: span.end + rest[0].length } : span;
}
