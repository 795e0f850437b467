/** Owns how rows of steps, and what they can consist of, are printed. */
import { builders } from "prettier/doc";
import type { Argument, CallStep, Flow, Label, ShapeExpression, Step } from "../compiler/syntax/ast.ts";
import { startsWithName, type NamedRow } from "./alignment.ts";
import { printChain, printExpression, printInParentheses, printItems, printShape } from "./expressions.ts";
import type { Writer } from "./writer.ts";

type Doc = builders.Doc;

const { align, fill, group, hardline, ifBreak, indent, line } = builders;

/** How tightly a flow holds together. An `if` is put into parentheses beside an operator, so that its end is seen. */
const levels = { pipe: 0, if: 1, sum: 2, product: 3, source: 4 } as const;

function levelOf(flow: Flow): number {
  if (flow.kind === "pipe") return levels.pipe;
  if (flow.kind === "if") return levels.if;
  if (flow.kind === "join") return flow.operator === "+" ? levels.sum : levels.product;
  return levels.source;
}

export function printFlow(w: Writer, flow: Flow, least: number = levels.pipe): Doc {
  return printInParentheses(w, flow, levelOf(flow) < least, () => printBare(w, flow));
}

/**
 * The flow of a binding.
 *
 * @param column where it starts, from the indentation of the binding
 * @param padding spaces behind its source, so that the arrows of neighbouring rows are below each other
 */
export function printBindingFlow(w: Writer, flow: Flow, column: number, padding: number): Doc {
  if (!startsWithName(w.source, w.position(), flow)) return align(column, printFlow(w, flow));
  return printInParentheses(w, flow, false, () => printRow(w, flow, column, padding));
}

function printBare(w: Writer, flow: Flow): Doc {
  switch (flow.kind) {
    case "reference":
      return w.take(flow.name.text);
    case "pipe":
      return startsWithName(w.source, w.position(), flow)
        ? printRow(w, flow, 0, 0)
        : printSteps(w, flow.source, flow.steps);
    case "join":
      return printJoin(w, flow);
    case "concat": {
      const word = w.take("concat");
      return [word, printItems(w, "(", flow.parts, (part) => printFlow(w, part), ")")];
    }
    case "if":
      return printIf(w, flow, (inner) => printFlow(w, inner));
    case "missing":
      throw new Error("the printer takes no file with faults");
    default:
      return flow satisfies never;
  }
}

/** `image -> conv -> norm`, continued below the first arrow. */
function printRow(w: Writer, { source, steps }: NamedRow, column: number, padding: number): Doc {
  const lead = align(column, w.lead());
  const name = printFlow(w, source);
  const arrow = w.operator("->", true);
  const first: Doc = [name, " ".repeat(padding + 1), arrow, " ", align(3, printStep(w, steps[0]!))];
  return [lead, align(column + source.name.text.length + padding + 1, printLinks(w, first, steps.slice(1)))];
}

/** Steps behind any other source. */
function printSteps(w: Writer, source: Flow, steps: readonly Step[]): Doc {
  const first = printFlow(w, source, levels.if);
  return align(2, printLinks(w, first, steps));
}

/**
 * What a row starts with and the steps behind it: as many on a line as fit, and a line break wherever the text has one.
 * A stated shape stays with the step in front of it.
 */
function printLinks(w: Writer, first: Doc, steps: readonly Step[]): Doc {
  const lines: Doc[][] = [[first]];
  for (const step of steps) {
    const current = lines.at(-1)!;
    if (step.kind === "ascription") {
      current.push([current.pop()!, printAscription(w, step.shape)]);
      continue;
    }
    const isBroken = isBrokenAround(w);
    const link: Doc = [w.operator("->"), " ", align(3, printStep(w, step))];
    if (isBroken) lines.push([link]);
    else current.push(line, link);
  }
  // Groups, so that a part with a line break in it is not printed as if it were flat.
  return lines.map((parts, i) => [
    i === 0 ? "" : hardline,
    fill(parts.map((part) => (part === line ? part : group(part)))),
  ]);
}

/** Whether a line break stands in front of the next arrow, or behind it. */
function isBrokenAround(w: Writer): boolean {
  return w.source.breaksBefore(w.position()) > 0 || w.source.breaksBefore(w.position() + 1) > 0;
}

function printAscription(w: Writer, shape: ShapeExpression): Doc {
  return [" ", w.take(":"), " ", printShape(w, shape)];
}

type Join = Flow & { readonly kind: "join" };

function printJoin(w: Writer, flow: Join): Doc {
  const level = levelOf(flow);
  return printChain<Flow, Join>(w, flow, {
    isLink: (left): left is Join => left.kind === "join" && levelOf(left) === level,
    printFirst: (first) => printFlow(w, first, level),
    printOther: (other) => printFlow(w, other, level + 1),
  });
}

type Branches<T> = { readonly condition: Parameters<typeof printExpression>[1]; readonly then: T; readonly else: T };

/** `if c { x } else { y }`: on one line, or broken before `else`, or with its branches on lines of their own. */
function printIf<T>(w: Writer, branches: Branches<T>, print: (branch: T) => Doc): Doc {
  const parts: Doc[] = [];
  const chain: Branches<T>[] = [];
  let current: Branches<T> | undefined = branches;
  while (current !== undefined) {
    chain.push(current);
    parts.push(w.take("if"), " ", printExpression(w, current.condition), " ");
    const id = Symbol("branch");
    parts.push(printBlock(w, () => print(chain.at(-1)!.then), id));
    current = undefined;
    if (w.source.tokens[w.position()]?.image !== "else") break;
    const isCommented = w.source.hasComments(w.position() - 1, w.position());
    const gap = isCommented ? hardline : ifBreak(" ", line, { groupId: id });
    parts.push(gap, w.lineStart(), w.take("else"), " ");
    if (w.source.tokens[w.position()]!.image === "if") current = chainedIf(chain.at(-1)!.else);
    else parts.push(printBlock(w, () => print(chain.at(-1)!.else)));
  }
  return group(parts);
}

/** The `if` that stands behind `else`, as a flow or as the only step. */
function chainedIf<T>(branch: T): Branches<T> {
  const inner: unknown = Array.isArray(branch) ? branch[0] : branch;
  return inner as Branches<T>;
}

function printBlock(w: Writer, print: () => Doc, id?: symbol): Doc {
  const open = w.take("{");
  const inner: Doc = [w.lineStart(), print()];
  const options = id === undefined ? {} : { id };
  return [open, group([indent([line, inner]), w.close("}", line)], options)];
}

function printStep(w: Writer, step: Step): Doc {
  switch (step.kind) {
    case "call":
      return printCall(w, step);
    case "repeat": {
      const label = printLabel(w, step.label);
      const head: Doc = [w.take("repeat"), " ", printExpression(w, step.count), " "];
      return [label, head, printBlock(w, () => printInnerSteps(w, step.steps))];
    }
    case "if":
      return printIf<readonly Step[]>(w, step, (steps) => printInnerSteps(w, steps));
    case "ascription":
    case "missing":
      throw new Error(`the printer found a step of the kind ${step.kind}`);
    default:
      return step satisfies never;
  }
}

/** The steps in the braces of `repeat` and `if`; the first has no arrow. */
function printInnerSteps(w: Writer, [first, ...others]: readonly Step[]): Doc {
  return align(2, printLinks(w, printStep(w, first!), others));
}

function printCall(w: Writer, { label, callee, arguments: args }: CallStep): Doc {
  const start: Doc = [printLabel(w, label), w.take(callee.text)];
  const open = w.position();
  if (w.source.tokens[open]?.image !== "(") return start;
  if (args.length === 0 && !w.source.hasComments(open - 1, open + 1)) {
    w.skip(2);
    return start;
  }
  return [start, printItems(w, "(", args, (argument) => printArgument(w, argument), ")")];
}

function printLabel(w: Writer, label: Label | undefined): Doc {
  if (label === undefined) return "";
  const name = w.take(label.text, label.text.replace(/\{ *index *(?:\+ *(\d+) *)?\}/, spaceNumber));
  return [name, w.take(":"), " "];
}

function spaceNumber(_: string, offset: string | undefined): string {
  return offset === undefined ? "{index}" : `{index + ${offset}}`;
}

function printArgument(w: Writer, { name, value }: Argument): Doc {
  const label: Doc = name === undefined ? "" : [w.take(name.text), w.take(":"), " "];
  return [label, printExpression(w, value)];
}
