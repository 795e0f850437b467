/**
 * Hover: what the compiler knows about the thing at the cursor, as Markdown. Docs and signatures come from the source and
 * the layer table; shapes, values, weight paths and costs from the instances that the checker expanded, so they are there
 * in files with errors too, up to the error.
 */
import type { Form } from "../compiler/graph/program.ts";
import type { CallStep, Declaration } from "../compiler/syntax/ast.ts";
import type { Span } from "../diagnostics/diagnostic.ts";
import { hoverCall, hoverLabel } from "./hover/calls.ts";
import type { HoverContext } from "./hover/context.ts";
import { hoverNamed } from "./hover/declarations.ts";
import { hoverExpression, hoverJoin, hoverRepeat, hoverShape } from "./hover/flows.ts";
import { hoverArgument, hoverFile, hoverFunction, hoverLayer, hoverSetting, hoverValue } from "./hover/tables.ts";
import { knowledgeOf } from "./known/knowledge.ts";
import { occurrencesIn } from "./names/occurrences.ts";
import { occurrenceAt, type Occurrence } from "./names/symbols.ts";
import { commentAt, nodePathAt } from "./node-at.ts";
import { spanOf, type SyntaxNode } from "./walk.ts";
import type { Workspace } from "./workspace.ts";

export interface HoverOptions {
  /** The form whose parameters and MACs are shown. Default `bcos`. */
  readonly form?: Form;
}

export interface Hover {
  /** What the text is about. */
  readonly span: Span;
  readonly markdown: string;
}

/** `undefined` where there is nothing to say. */
export function hover(
  workspace: Workspace,
  path: string,
  offset: number,
  options: HoverOptions = {},
): Hover | undefined {
  const file = workspace.tree(path);
  const text = workspace.text(path);
  if (file === undefined || text === undefined || commentAt(file, offset) !== undefined) return undefined;
  const nodes = nodePathAt(file, offset);
  const known = knowledgeOf(workspace, path);
  const declaration = nodes.find((node) => node.type === "declaration")?.node;
  const context: HoverContext = {
    workspace,
    path,
    text,
    form: options.form ?? "bcos",
    declaration,
    known: declaration && known.get(declaration),
    knownOf: (other: Declaration) => known.get(other) ?? knowledgeOf(workspace, other.name.span.file).get(other),
  };
  const occurrence = occurrenceAt(occurrencesIn(workspace, path), offset);
  const found =
    occurrence === undefined
      ? ofNodes(context, nodes)
      : { span: occurrence.span, markdown: ofOccurrence(context, occurrence, nodes) };
  return found?.markdown === undefined ? undefined : { span: found.span, markdown: found.markdown };
}

function ofOccurrence(
  context: HoverContext,
  { meaning, span, role }: Occurrence,
  nodes: readonly SyntaxNode[],
): string | undefined {
  const call = callAt(nodes, span);
  switch (meaning.kind) {
    case "layer":
      return call === undefined ? hoverLayer(meaning.layer) : hoverCall(context, call, meaning);
    case "argument":
      return hoverArgument(context, meaning, nodes);
    case "setting":
      return hoverSetting(context, meaning.setting);
    case "value":
      return hoverValue(meaning);
    case "function":
      return hoverFunction(meaning.name);
    case "index":
      return "```bcos\nindex: int\n```\n\nThe number of the instance inside `repeat`, from 0.";
    case "file":
      return hoverFile(context, meaning.path);
    case "definition": {
      const { definition } = meaning;
      if (definition.kind === "label") return hoverLabel(context, definition.step, definition.label);
      if (call !== undefined) return hoverCall(context, call, meaning);
      const argument = nodes.findLast((node) => node.type === "argument")?.node;
      return hoverNamed(context, definition, role === "write" ? argument : undefined);
    }
    default:
      return meaning satisfies never;
  }
}

/** The call whose callee is at the span. */
function callAt(nodes: readonly SyntaxNode[], span: Span): CallStep | undefined {
  const step = nodes.findLast((node) => node.type === "step")?.node;
  return step?.kind === "call" && step.callee.span.start === span.start ? step : undefined;
}

/** What stands at no name: operators, shapes, the words `repeat` and `concat`, arithmetic. */
function ofNodes(context: HoverContext, nodes: readonly SyntaxNode[]) {
  const found = nodes.at(-1);
  const shape = nodes.findLast((node) => node.type === "shape");
  if (found === undefined) return undefined;
  // A number in a shape says no more than the shape.
  const isNumber = found.type === "expression" && found.node.kind === "int";
  const node = isNumber && shape !== undefined ? shape : found;
  return { span: spanOf(node), markdown: ofNode(context, node) };
}

function ofNode(context: HoverContext, { type, node }: SyntaxNode): string | undefined {
  switch (type) {
    case "shape":
      return hoverShape(context, node);
    case "expression":
      return hoverExpression(context, node);
    case "flow":
      return hoverJoin(context, node);
    case "step":
      return node.kind === "repeat" ? hoverRepeat(context, node) : undefined;
    default:
      return undefined;
  }
}
