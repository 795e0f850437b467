/** Owns how compile-time expressions, lists and everything else in brackets are printed. */
import { builders } from "prettier/doc";
import type { Expression, ShapeExpression } from "../compiler/syntax/ast.ts";
import type { Writer } from "./writer.ts";

type Doc = builders.Doc;

const { fill, group, indent, line, softline } = builders;

/** How tightly an expression holds together: one is put into parentheses where a tighter one is needed. */
const levels = { or: 1, and: 2, not: 3, comparison: 4, sum: 5, product: 6, minus: 7, atom: 8 } as const;

const operatorLevels: Readonly<Record<string, number>> = {
  or: levels.or,
  and: levels.and,
  "+": levels.sum,
  "-": levels.sum,
  "*": levels.product,
  "/": levels.product,
  "%": levels.product,
};

function levelOf(expression: Expression): number {
  if (expression.kind === "binary") return operatorLevels[expression.operator] ?? levels.comparison;
  if (expression.kind === "unary") return expression.operator === "not" ? levels.not : levels.minus;
  return levels.atom;
}

export function printExpression(w: Writer, expression: Expression, least: number = levels.or): Doc {
  return printInParentheses(w, expression, levelOf(expression) < least, () => printBare(w, expression));
}

/**
 * Prints what may stand in parentheses in the text. They stay where they are needed, and where there are comments
 * between them; of several pairs one stays.
 */
export function printInParentheses(
  w: Writer,
  node: { readonly span: { readonly end: number } },
  needed: boolean,
  print: () => Doc,
): Doc {
  const pairs = w.source.parentheses(w.position(), node.span.end);
  if (pairs === 0) return needed ? printAdded(w, print) : print();
  if (needed || hasCommentsIn(w)) {
    const open = w.take("(");
    w.skip(pairs - 1);
    const inner: Doc = [w.lineStart(), print()];
    w.skip(pairs - 1);
    return [open, group([indent([softline, inner]), w.close(")", softline)])];
  }
  w.skip(pairs);
  const inner = print();
  w.skip(pairs);
  return inner;
}

function printBare(w: Writer, expression: Expression): Doc {
  switch (expression.kind) {
    case "binary":
      return printBinary(w, expression);
    case "unary": {
      const sign = w.take(expression.operator);
      // `-(-a)`: two signs would look like one.
      const least = expression.operator === "not" ? levels.not : levels.atom;
      return [sign, expression.operator === "not" ? " " : "", printExpression(w, expression.operand, least)];
    }
    case "list":
      return printList(w, expression.items);
    case "call": {
      const callee = w.take(expression.callee.text);
      return [callee, printItems(w, "(", expression.arguments, (item) => printExpression(w, item), ")")];
    }
    case "missing":
      throw new Error("the printer takes no file with faults");
    default:
      return w.take();
  }
}

function printAdded(w: Writer, print: () => Doc): Doc {
  const open = w.add("(");
  const inner = print();
  return [open, group([indent([softline, inner]), softline, w.add(")")])];
}

type Binary = Expression & { readonly kind: "binary" };

function printBinary(w: Writer, expression: Binary): Doc {
  const level = levelOf(expression);
  const isChain = level !== levels.comparison;
  return printChain<Expression, Binary>(w, expression, {
    isLink: (left): left is Binary => isChain && left.kind === "binary" && levelOf(left) === level,
    printFirst: (first) => printExpression(w, first, isChain ? level : level + 1),
    printOther: (other) => printExpression(w, other, level + 1),
  });
}

interface Chain<Node> {
  readonly left: Node;
  readonly operator: string;
  readonly right: Node;
}

/** `a + b - c`: on one line, or broken before every operator. */
export function printChain<Node extends { readonly span: { readonly end: number } }, Link extends Node & Chain<Node>>(
  w: Writer,
  whole: Link,
  operands: {
    /** Whether the left operand is part of the chain. */
    readonly isLink: (left: Node) => left is Link;
    readonly printFirst: (first: Node) => Doc;
    readonly printOther: (other: Node) => Doc;
  },
): Doc {
  const rest: Doc[] = [];
  function printLeft(left: Node): Doc {
    const pairs = w.source.parentheses(w.position(), left.span.end);
    if (!operands.isLink(left) || (pairs > 0 && hasCommentsIn(w))) return operands.printFirst(left);
    w.skip(pairs);
    const first = printLink(left);
    w.skip(pairs);
    return first;
  }
  function printLink({ left, operator, right }: Link): Doc {
    const first = printLeft(left);
    rest.push([line, w.operator(operator), " ", operands.printOther(right)]);
    return first;
  }
  const first = printLink(whole);
  return group([first, indent(rest)]);
}

export function printShape(w: Writer, { dimensions }: ShapeExpression): Doc {
  return printList(w, dimensions);
}

/** Numbers fill the lines; other items are on lines of their own where they do not fit on one. */
function printList(w: Writer, items: readonly Expression[]): Doc {
  const areNumbers = items.every((item) => item.kind === "int" || item.kind === "float");
  return printItems(w, "[", items, (item) => printExpression(w, item), "]", areNumbers && !hasCommentsIn(w));
}

/** Whether there are comments in the brackets that the next token opens. */
function hasCommentsIn(w: Writer): boolean {
  const start = w.position();
  return w.source.hasComments(start, w.source.closing(start));
}

/** Items with commas in brackets: on one line, or else one a line. */
export function printItems<T>(
  w: Writer,
  open: string,
  items: readonly T[],
  print: (item: T) => Doc,
  close: string,
  isFilled = false,
  gap: Doc = softline,
): Doc {
  const opening = w.take(open);
  const printed = items.map((item, i): Doc => {
    return [w.lineStart(), print(item), i < items.length - 1 ? w.comma() : ""];
  });
  if (printed.length === 0) return [opening, group(w.close(close, softline))];
  const separated = printed.flatMap((item, i) => (i === 0 ? [item] : [line, item]));
  return [opening, group([indent([gap, isFilled ? fill(separated) : separated]), w.close(close, gap)])];
}
