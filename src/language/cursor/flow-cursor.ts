/**
 * Follows the tokens of a row or an expression up to the cursor and keeps what is open there. It reads what is there as far
 * as it goes: a bracket that was never closed, or an argument that is missing, must not hide what the next token is.
 */
import type { IToken, TokenType } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import { operators } from "../../../grammar/lines.ts";
import * as t from "../../../grammar/tokens.ts";

/** What may come next in a row. */
export type FlowState =
  /** A value: a binding, `concat`, `if`. */
  | "source"
  | "after-source"
  /** A layer or a block, or a label before it. */
  | "step"
  | "after-step"
  /** A shape behind `:`. */
  | "shape"
  /** `else`, or what follows a value. */
  | "after-then"
  /** `{` or `if`. */
  | "else";

export interface FlowFrame {
  readonly kind: "flow";
  /** What it is: a whole row, or what stands in round brackets or in braces. */
  readonly of: "row" | "group" | "repeat" | "then" | "else";
  state: FlowState;
  /** The layer, block or label that was read last, while nothing follows it. */
  callee: IToken | undefined;
  /** The name that the row starts with, of several in a join the last. */
  source: IToken | undefined;
  /** The layers and blocks that were called since, in order. */
  steps: IToken[];
  /** What stands in the braces of the `if` that was read last. */
  branch: "source" | "step";
}

export interface CallFrame {
  readonly kind: "call";
  readonly callee: IToken;
  /** Number of the argument, from 0. */
  index: number;
  /** Its name, if it has one. */
  name: string | undefined;
  /** The names of the arguments before it. */
  readonly names: string[];
  /** Tokens of the argument, without its name. */
  tokens: IToken[];
}

/** A list, a shape, a condition, a count, the value of a setting, the number in a label, or what stands in brackets. */
export interface ExpressionFrame {
  readonly kind: "expression";
  readonly of: "group" | "list" | "shape" | "condition" | "count" | "value" | "label";
  /** The function, or the variant of a setting, whose argument it is. */
  readonly callee: IToken | undefined;
  index: number;
  /** Tokens since the last comma. */
  tokens: IToken[];
  /** For a condition: what stands in its braces. */
  readonly branch: "source" | "step" | undefined;
}

export type Frame = FlowFrame | CallFrame | ExpressionFrame;

/** The frames that are open behind the tokens of a row, which start behind its `=`. */
export function followFlow(tokens: readonly IToken[]): Frame[] {
  return follow([flowFrame("row", "source")], tokens);
}

export function followExpression(tokens: readonly IToken[], of: "shape" | "value"): Frame[] {
  const isOpen = of === "shape" && tokens[0]?.tokenType === t.LSquare;
  return follow([expressionFrame(of)], isOpen ? tokens.slice(1) : tokens);
}

/** Whether an expression has no operand yet where its tokens end: behind an operator, or at its start. */
export function awaitsOperand(tokens: readonly IToken[]): boolean {
  const last = tokens.at(-1);
  return last === undefined || operators.has(last.tokenType);
}

function flowFrame(of: FlowFrame["of"], state: FlowState): FlowFrame {
  return { kind: "flow", of, state, callee: undefined, source: undefined, steps: [], branch: "step" };
}

function expressionFrame(
  of: ExpressionFrame["of"],
  callee?: IToken,
  branch?: ExpressionFrame["branch"],
): ExpressionFrame {
  return { kind: "expression", of, callee, index: 0, tokens: [], branch };
}

function follow(frames: Frame[], tokens: readonly IToken[]): Frame[] {
  for (const token of tokens) {
    const { tokenType } = token;
    if (tokenType === t.Arrow || tokenType === t.Equals) closeToFlow(frames);
    const top = frames.at(-1)!;
    if (tokenType === t.RParen || tokenType === t.RSquare || tokenType === t.RCurly) close(frames, tokenType);
    else if (top.kind === "flow") readInFlow(frames, top, token);
    else if (top.kind === "call") readInCall(frames, top, token);
    else readInExpression(frames, top, token);
  }
  return frames;
}

/** A `->` is in no bracket of an expression: one that is open was forgotten. */
function closeToFlow(frames: Frame[]): void {
  while (frames.length > 1 && frames.at(-1)!.kind !== "flow") frames.pop();
}

function close(frames: Frame[], tokenType: TokenType): void {
  const fits = (frame: Frame): boolean => {
    if (tokenType === t.RCurly && frame.kind === "expression") return frame.of === "label";
    if (tokenType === t.RCurly) return frame.kind === "flow" && frame.of !== "row" && frame.of !== "group";
    if (tokenType === t.RSquare) return frame.kind === "expression" && (frame.of === "list" || frame.of === "shape");
    return (
      frame.kind === "call" ||
      (frame.kind === "flow" ? frame.of === "group" : frame.kind === "expression" && frame.of === "group")
    );
  };
  const at = frames.findLastIndex(fits);
  if (at <= 0) return;
  const closed = frames[at]!;
  frames.length = at;
  const around = frames[at - 1]!;
  if (closed.kind !== "flow" || around.kind !== "flow") return;
  if (closed.of === "then") around.state = "after-then";
  // What was in the brackets is what the row goes on from.
  if (closed.source !== undefined) around.source = closed.source;
  around.steps = closed.source === undefined ? [...around.steps, ...closed.steps] : closed.steps;
}

function readInFlow(frames: Frame[], flow: FlowFrame, token: IToken): void {
  const { callee, state } = flow;
  const { tokenType } = token;
  if (tokenType !== t.LParen && tokenType !== t.Colon) flow.callee = undefined;
  switch (tokenType) {
    case t.Identifier:
    case t.LabelName:
      if (state === "source") {
        flow.source = token;
        flow.steps = [];
        flow.state = "after-source";
      } else if (state === "step") {
        flow.callee = token;
        flow.state = "after-step";
      }
      return;
    case t.Arrow:
      if (callee !== undefined) flow.steps.push(callee);
      flow.state = "step";
      return;
    case t.Colon:
      // Behind a name that is all of a step it was a label.
      flow.state = callee === undefined ? "shape" : "step";
      flow.callee = undefined;
      return;
    case t.Plus:
    case t.Star:
    case t.Comma:
      flow.state = "source";
      return;
    case t.LParen:
      if (callee !== undefined) {
        flow.steps.push(callee);
        frames.push({ kind: "call", callee, index: 0, name: undefined, names: [], tokens: [] });
      } else {
        flow.state = "after-source";
        frames.push(flowFrame("group", "source"));
      }
      flow.callee = undefined;
      return;
    case t.LSquare:
      flow.state = "after-step";
      frames.push(expressionFrame("shape"));
      return;
    case t.If:
      if (state !== "else") flow.branch = state === "source" ? "source" : "step";
      flow.state = flow.branch === "source" ? "after-source" : "after-step";
      frames.push(expressionFrame("condition", undefined, flow.branch));
      return;
    case t.Repeat:
      flow.state = "after-step";
      frames.push(expressionFrame("count"));
      return;
    case t.Else:
      flow.state = "else";
      return;
    case t.LCurly:
      // `layer{`: braces right behind a name are those of a label.
      if (callee !== undefined && endOf(callee) === token.startOffset) {
        frames.push(expressionFrame("label"));
        return;
      }
      flow.state = flow.branch === "source" ? "after-source" : "after-step";
      frames.push(flowFrame("else", flow.branch));
      return;
    default:
      return;
  }
}

function readInCall(frames: Frame[], call: CallFrame, token: IToken): void {
  const { tokenType } = token;
  if (tokenType === t.Comma) {
    if (call.name !== undefined) call.names.push(call.name);
    call.index++;
    call.name = undefined;
    call.tokens = [];
  } else if (tokenType === t.Colon && call.tokens.length > 0) {
    call.name = call.tokens.at(-1)!.image;
    call.tokens = [];
  } else {
    openInside(frames, call.tokens, token);
  }
}

function readInExpression(frames: Frame[], expression: ExpressionFrame, token: IToken): void {
  const { tokenType } = token;
  if (tokenType === t.Comma) {
    expression.index++;
    expression.tokens = [];
  } else if (tokenType === t.LCurly && (expression.of === "condition" || expression.of === "count")) {
    frames.pop();
    frames.push(flowFrame(expression.of === "count" ? "repeat" : "then", expression.branch ?? "step"));
  } else {
    openInside(frames, expression.tokens, token);
  }
}

/** Takes a token of an expression; brackets open a frame, and what they were opened behind is their function. */
function openInside(frames: Frame[], tokens: IToken[], token: IToken): void {
  const before = tokens.at(-1);
  tokens.push(token);
  if (token.tokenType === t.LSquare) frames.push(expressionFrame("list"));
  if (token.tokenType !== t.LParen) return;
  frames.push(expressionFrame("group", before?.tokenType === t.Identifier ? before : undefined));
}
