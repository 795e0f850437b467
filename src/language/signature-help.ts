/** Signature help: how the layer, block or function is called in whose brackets the cursor stands, and which argument it is. */
import { isFunction } from "../compiler/check/evaluate-expression.ts";
import type { LayerParameter } from "../compiler/layers/layer.ts";
import { settingTable } from "../compiler/network/setting-table.ts";
import { cursorAt, type Cursor } from "./cursor/cursor.ts";
import type { CallFrame, ExpressionFrame, Frame } from "./cursor/flow-cursor.ts";
import { calleeMeaning, formalsOf } from "./names/resolve.ts";
import { functionSignature, signatureOf, variantSignature, type Signature } from "./signature.ts";
import type { Workspace } from "./workspace.ts";

export interface SignatureHelp extends Signature {
  /** Index of the parameter at the cursor; `undefined` where none is. */
  readonly active: number | undefined;
}

export function signatureHelp(workspace: Workspace, path: string, offset: number): SignatureHelp | undefined {
  const text = workspace.text(path);
  const cursor = text === undefined ? undefined : cursorAt(path, text, offset);
  if (text === undefined || cursor === undefined || !("frames" in cursor.place)) return undefined;
  const { frames } = cursor.place;
  // The innermost that can be called; a row in brackets is no argument of what stands around it.
  for (let i = frames.length - 1; i >= 0; i--) {
    const frame = frames[i]!;
    if (frame.kind === "flow") return undefined;
    const help =
      frame.kind === "call"
        ? helpForCall(workspace, path, text, cursor, frame, i === frames.length - 1)
        : helpForExpression(workspace, path, cursor, frame, frames[i - 1]);
    if (help !== undefined) return help;
  }
  return undefined;
}

function helpForCall(
  workspace: Workspace,
  path: string,
  text: string,
  { span }: Cursor,
  frame: CallFrame,
  isInnermost: boolean,
): SignatureHelp | undefined {
  const file = workspace.tree(path);
  const callee = file && calleeMeaning(workspace, file, frame.callee.image);
  const signature = callee && signatureOf(workspace, callee);
  if (signature === undefined) return undefined;
  // A name that is being written counts when its colon is there.
  const isNamed = isInnermost && frame.tokens.length === 0 && /^[ \t]*:/.test(text.slice(span.end, span.end + 100));
  const name = frame.name ?? (isNamed ? text.slice(span.start, span.end) : undefined);
  if (name === undefined) {
    return { ...signature, active: frame.names.length > 0 ? undefined : activeByPosition(signature, frame.index) };
  }
  const active = signature.parameters.findIndex((parameter) => parameter.name === name);
  return { ...signature, active: active < 0 ? undefined : active };
}

function helpForExpression(
  workspace: Workspace,
  path: string,
  cursor: Cursor,
  { callee, index }: ExpressionFrame,
  around: Frame | undefined,
): SignatureHelp | undefined {
  if (callee === undefined) return undefined;
  const name = callee.image;
  const signature = isFunction(name) ? functionSignature(name) : variantIn(workspace, path, cursor, around, name);
  return signature && { ...signature, active: activeByPosition(signature, index) };
}

/** `group(2)`, as the value of a setting or of an argument. */
function variantIn(
  workspace: Workspace,
  path: string,
  { place }: Cursor,
  around: Frame | undefined,
  name: string,
): Signature | undefined {
  const parameter =
    around?.kind === "call"
      ? formalAt(workspace, path, around)
      : place.kind === "setting-value" && around?.kind === "expression" && around.of === "value"
        ? settingTable.find((setting) => setting.name === place.name)
        : undefined;
  if (parameter?.type.kind !== "variant" || !Object.hasOwn(parameter.type.variants, name)) return undefined;
  return variantSignature(name, parameter.type.variants[name]!, parameter);
}

/** The parameter of a layer that the argument at the cursor is for. */
function formalAt(workspace: Workspace, path: string, { callee, name, index }: CallFrame): LayerParameter | undefined {
  const file = workspace.tree(path);
  const formals = formalsOf(file && calleeMeaning(workspace, file, callee.image));
  const formal = name === undefined ? formals[index] : formals.find((one) => one.name === name);
  return formal?.kind === "table" ? formal.parameter : undefined;
}

function activeByPosition({ parameters }: Signature, index: number): number | undefined {
  const last = parameters.length - 1;
  if (parameters[last]?.name === "…") return Math.min(index, last);
  return index <= last ? index : undefined;
}
