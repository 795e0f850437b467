/**
 * Completion: what can be written at a cursor. It works on what stands before the cursor, because while people type the rest of
 * the statement is missing or wrong; names of the file come from its tree.
 */
import { settingTable } from "../../compiler/network/setting-table.ts";
import type { Declaration, SettingsBlock } from "../../compiler/syntax/ast.ts";
import { cursorAt, type Cursor } from "../cursor/cursor.ts";
import {
  awaitsOperand,
  type CallFrame,
  type ExpressionFrame,
  type FlowFrame,
  type Frame,
} from "../cursor/flow-cursor.ts";
import { declarationAt, visibleTensors } from "../cursor/visible.ts";
import { calleeMeaning, declaredFormal, formalsOf, tableFormal, type Formal } from "../names/resolve.ts";
import type { Workspace } from "../workspace.ts";
import { fromDraft, importNameDrafts, pathDrafts } from "./imports.ts";
import { ranked, type Completions, type Draft, type DraftGroups } from "./item.ts";
import { shapeDrafts } from "./shape-statement.ts";
import { bodyDrafts, outputNameDrafts, portShapeDrafts, topDrafts } from "./statements.ts";
import { stepDrafts } from "./steps.ts";
import {
  argumentDrafts,
  indexDraft,
  settingDraft,
  typeDrafts,
  typeOfFormal,
  valueDrafts,
  type ExpectedType,
  type ValueScope,
} from "./values.ts";

export type { CompletionItem, CompletionKind, Completions } from "./item.ts";

interface Context {
  readonly workspace: Workspace;
  readonly path: string;
  readonly text: string;
  readonly cursor: Cursor;
  readonly declaration: Declaration | undefined;
}

/** `undefined` where nothing can be completed: in comments and numbers, and where a new name is given. */
export function completion(workspace: Workspace, path: string, offset: number): Completions | undefined {
  const text = workspace.text(path);
  const cursor = text === undefined ? undefined : cursorAt(path, text, offset);
  if (text === undefined || cursor === undefined || cursor.isNumber) return undefined;
  const context: Context = { workspace, path, text, cursor, declaration: declarationAt(workspace, cursor) };
  if (cursor.place.kind === "import-name") {
    const { drafts, span } = importNameDrafts(workspace, path, text, cursor);
    return finished(drafts, span);
  }
  return finished(draftsAt(context), cursor.span);
}

function finished(drafts: DraftGroups, span: Completions["span"]): Completions | undefined {
  const items = ranked(drafts);
  return items.length === 0 ? undefined : { span, items };
}

function draftsAt(context: Context): DraftGroups {
  const { workspace, path, cursor, declaration } = context;
  const { place, bodies } = cursor;
  switch (place.kind) {
    case "statement": {
      const body = bodies.at(-1);
      const drafts = body === undefined ? [topDrafts(workspace.tree(path))] : bodyDrafts(body, declaration);
      return isAtLineEnd(context) ? drafts : drafts.map((group) => group.map(({ label, kind }) => ({ label, kind })));
    }
    case "flow":
      return draftsInFrames(context, place.frames, undefined);
    case "setting-name":
      return [settingDrafts(context)];
    case "setting-value": {
      const setting = settingTable.find(({ name }) => name === place.name);
      return setting === undefined ? [] : draftsInFrames(context, place.frames, tableFormal(setting));
    }
    case "parameter-default": {
      const parameter = declaration?.parameters.find(({ name }) => name.text === place.name);
      const formal = parameter && declaredFormal(declaration!, parameter);
      return draftsInFrames(context, place.frames, formal);
    }
    case "parameter-type":
      return [typeDrafts];
    case "output-name":
      return [outputNameDrafts(declaration)];
    case "port-shape":
      return [portShapeDrafts(bodies.at(-1))];
    case "from":
      return [[fromDraft]];
    case "path":
      return pathDrafts(workspace, path, place.names, place.quoted);
    case "import-name":
    case "nothing":
      return [];
    default:
      return place satisfies never;
  }
}

/** `formal` is what the outermost frame is the value of. */
function draftsInFrames(context: Context, frames: readonly Frame[], formal: Formal | undefined): DraftGroups {
  const top = frames.at(-1)!;
  const { workspace, cursor, declaration } = context;
  const inRepeat = frames.some((frame) => frame.kind === "flow" && frame.of === "repeat");
  const scope: ValueScope = { workspace, cursor, declaration, inRepeat };
  switch (top.kind) {
    case "flow":
      return draftsInFlow(context, top, frames);
    case "call":
      return draftsInCall(context, scope, top);
    case "expression":
      return draftsInExpression(context, scope, top, frames.length === 1 ? formal : undefined);
    default:
      return top satisfies never;
  }
}

function draftsInFlow(context: Context, frame: FlowFrame, frames: readonly Frame[]): DraftGroups {
  const { workspace, path, declaration } = context;
  switch (frame.state) {
    case "source":
      return [declaration === undefined ? [] : sourceDrafts(context, declaration), sourceKeywords];
    case "step": {
      // `relu : ` with a blank is more likely a step and its shape than a label.
      const isShape = /\w[ \t]+:\s*$/.test(
        context.text.slice(context.cursor.statementStart, context.cursor.span.start),
      );
      const shapes = isShape ? shapeDrafts(workspace, context.cursor, context.text, declaration) : [];
      const called = nextCharacter(context) === "(";
      return [shapes, ...stepDrafts({ workspace, path, frames, declaration, called })];
    }
    case "else":
      return [[{ label: "if", kind: "keyword", insert: "if " }]];
    case "after-then":
      return [[{ label: "else", kind: "keyword", insert: "else ", snippet: "else { $0 }" }]];
    case "shape":
      return [shapeDrafts(workspace, context.cursor, context.text, declaration)];
    case "after-source":
    case "after-step":
      return [];
    default:
      return frame.state satisfies never;
  }
}

const sourceKeywords: readonly Draft[] = [
  {
    label: "concat",
    kind: "keyword",
    detail: "concat(a, b, …)",
    documentation: "The channels of all parts, one after the other.",
    snippet: "concat($0)",
  },
  {
    label: "if",
    kind: "keyword",
    detail: "if condition { … } else { … }",
    documentation: "Decided from parameters and shapes.",
    insert: "if ",
    snippet: "if ${1:condition} { $2 } else { $3 }",
  },
];

/** The latest binding first: most rows go on from the one before. */
function sourceDrafts({ workspace, cursor }: Context, declaration: Declaration): Draft[] {
  const tensors = visibleTensors(declaration, cursor).reverse();
  return tensors.map(({ name, kind, whole }): Draft => {
    const written = (workspace.text(whole.file) ?? "").slice(whole.start, whole.end).replace(/\s+/g, " ");
    const detail = written.length > 60 ? `${written.slice(0, 59)}…` : written;
    return { label: name, kind: kind === "input" ? "input" : "binding", detail };
  });
}

function draftsInCall(context: Context, scope: ValueScope, call: CallFrame): DraftGroups {
  const { workspace, path } = context;
  const file = workspace.tree(path);
  const formals = formalsOf(file && calleeMeaning(workspace, file, call.callee.image));
  const formal = call.name === undefined ? formals[call.index] : formals.find(({ name }) => name === call.name);
  if (call.name !== undefined || call.tokens.length > 0) return operandDrafts(scope, call.tokens, formal);

  const positional = formals.slice(0, call.index - call.names.length).map(({ name }) => name);
  const given = new Set([...positional, ...call.names, ...argumentsBehind(context)]);
  const [required = [], optional = []] = argumentDrafts(workspace, formals, given);
  if (nextCharacter(context) === ":") {
    // The colon is there: only the name is replaced.
    return [required, optional].map((group) =>
      group.map((draft) => ({ ...draft, insert: draft.label, retrigger: false })),
    );
  }
  if (call.names.length > 0) return [required, optional];
  const [fixed = [], fitting = [], ...others] = valueDrafts(scope, typeOfFormal(formal), formal);
  // The first argument is written by position, those behind it by name.
  return call.index === 0
    ? [fixed, fitting, required, optional, ...others]
    : [required, optional, fixed, fitting, ...others];
}

function draftsInExpression(
  context: Context,
  scope: ValueScope,
  frame: ExpressionFrame,
  formal: Formal | undefined,
): DraftGroups {
  const { workspace } = context;
  const number: ExpectedType = { kind: "float" };
  switch (frame.of) {
    case "value":
      return operandDrafts(scope, frame.tokens, formal);
    case "shape": {
      const isFree = frame.tokens.length === 0 && context.cursor.place.kind === "flow";
      const whole =
        isFree && frame.index === 0 ? shapeDrafts(workspace, context.cursor, context.text, context.declaration) : [];
      const symbols = isFree ? newSymbols(context) : [];
      return [whole, ...operandDrafts(scope, frame.tokens, undefined, { kind: "int" }), symbols];
    }
    case "count":
      return operandDrafts(scope, frame.tokens, undefined, { kind: "int" });
    case "list":
      return operandDrafts(scope, frame.tokens, undefined, number);
    case "group":
      return operandDrafts(scope, frame.tokens, undefined, frame.callee === undefined ? undefined : number);
    case "label":
      return scope.inRepeat && frame.tokens.length === 0 ? [[indexDraft]] : [];
    case "condition":
      return operandDrafts(scope, frame.tokens, undefined);
    default:
      return frame.of satisfies never;
  }
}

/** The next operand of an expression of which the tokens are there; nothing where an operator has to come. */
function operandDrafts(
  scope: ValueScope,
  tokens: CallFrame["tokens"],
  formal: Formal | undefined,
  expected: ExpectedType = typeOfFormal(formal),
): DraftGroups {
  if (tokens.length === 0) return valueDrafts(scope, expected, formal);
  if (!awaitsOperand(tokens)) return [];
  const operator = tokens.at(-1)!.image;
  if (operator === "==" || operator === "!=") {
    // `kind == batch`: the other side says which values there are.
    const name = tokens.at(-2)?.image;
    const parameter = scope.declaration?.parameters.find((p) => p.name.text === name);
    const compared = parameter && declaredFormal(scope.declaration!, parameter);
    return valueDrafts(scope, typeOfFormal(compared), compared);
  }
  const isLogical = operator === "and" || operator === "or" || operator === "not";
  return valueDrafts(scope, isLogical ? undefined : { kind: "float" });
}

/** Names of dimensions that a block's input can bind. */
function newSymbols({ cursor, declaration, text }: Context): Draft[] {
  const isInput = /^\s*input\b/.test(text.slice(cursor.statementStart, cursor.span.start));
  if (declaration?.kind !== "block" || !isInput) return [];
  const taken = new Set(text.slice(cursor.statementStart, cursor.span.start).match(/\w+/g));
  return ["H", "W", "C", "T", "D"]
    .filter((name) => !taken.has(name))
    .map((label) => ({ label, kind: "dimension", detail: "new dimension of the input" }));
}

/** Settings that the block at the cursor does not give yet. */
function settingDrafts(context: Context): Draft[] {
  const { workspace, path, cursor } = context;
  const tree = workspace.tree(path);
  const blocks = [...(tree?.settings ?? []), ...(tree?.declarations ?? []).flatMap(({ settings }) => settings)];
  const isAround = ({ span }: SettingsBlock): boolean => span.start < cursor.span.start && cursor.offset <= span.end;
  const others = blocks.find(isAround)?.settings.filter(({ name }) => name.span.start !== cursor.span.start) ?? [];
  const given = new Set(others.map(({ name }) => name.text));
  const drafts = settingTable.filter(({ name }) => !given.has(name)).map(settingDraft);
  if (nextCharacter(context) !== ":") return drafts;
  return drafts.map(({ label, kind, detail = "", documentation = "" }) => ({ label, kind, detail, documentation }));
}

/** The first character behind the word at the cursor, blanks left out; "" at the end of the line. */
function nextCharacter({ text, cursor }: Context): string {
  return /^[ \t]*([^\r\n])?/.exec(text.slice(cursor.span.end, cursor.span.end + 1000))?.[1] ?? "";
}

function isAtLineEnd(context: Context): boolean {
  const next = nextCharacter(context);
  return next === "" || next === "/" || next === "}";
}

/** The names of the arguments behind the cursor, in the same brackets. */
function argumentsBehind({ text, cursor }: Context): string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [part] of text
    .slice(cursor.span.end, cursor.span.end + 2000)
    .matchAll(/[A-Za-z_]\w*\s*:|->|[()[\]{}=]/g)) {
    if (part === "(" || part === "[") depth++;
    else if (part.endsWith(":")) {
      if (depth === 0) names.push(part.slice(0, -1).trim());
    } else if (depth === 0 || part === "->" || part === "{") break;
    else if (part === ")" || part === "]") depth--;
  }
  return names;
}
