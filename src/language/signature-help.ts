/** Signature help: how the layer, block or function is called in whose brackets the cursor stands, and which argument it is. */
import { isFunction } from "../compiler/check/evaluate-expression.ts";
import { settingTable } from "../compiler/network/setting-table.ts";
import { cursorAt, type Cursor } from "./cursor/cursor.ts";
import type { CallFrame, ExpressionFrame, Frame } from "./cursor/flow-cursor.ts";
import { calleeMeaning } from "./names/resolve.ts";
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
  const at = frames.findLastIndex(isCall);
  const frame = frames[at];
  if (frame?.kind === "call") return helpForCall(workspace, path, text, cursor, frame, at === frames.length - 1);
  if (frame?.kind !== "expression" || frame.callee === undefined) return undefined;
  const signature = signatureInExpression(cursor, frames, at, frame.callee.image);
  if (signature === undefined) return undefined;
  return { ...signature, active: activeByPosition(signature, frame.index) };
}

function isCall(frame: Frame): frame is CallFrame | ExpressionFrame {
  // A row in brackets is no argument of what stands around it.
  return frame.kind === "call" || (frame.kind === "expression" && frame.callee !== undefined);
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

function signatureInExpression(
  { place }: Cursor,
  frames: readonly Frame[],
  at: number,
  callee: string,
): Signature | undefined {
  if (isFunction(callee)) return functionSignature(callee);
  // `norm: group(2)` in settings.
  const setting =
    place.kind === "setting-value" && at <= 1 ? settingTable.find((s) => s.name === place.name) : undefined;
  if (setting?.type.kind !== "variant" || frames.length === 0) return undefined;
  const kinds = setting.type.variants[callee];
  return kinds === undefined ? undefined : variantSignature(callee, kinds, setting);
}

function activeByPosition({ parameters }: Signature, index: number): number | undefined {
  const last = parameters.length - 1;
  if (parameters[last]?.name === "…") return Math.min(index, last);
  return index <= last ? index : undefined;
}
