/**
 * Owns the way from the parser's concrete tree to the syntax tree of `ast.ts`. The concrete tree is always whole: where
 * a typing fault left a hole, `repair.ts` has put a `Missing` token, which becomes a `missing` node here.
 */
import type { CstNode, IToken } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import * as t from "../../../grammar/tokens.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";
import type {
  Argument,
  BinaryOperator,
  Binding,
  CallStep,
  Comment,
  Declaration,
  Expression,
  Label,
  Flow,
  Import,
  Name,
  Parameter,
  ParameterType,
  Port,
  Setting,
  SettingsBlock,
  ShapeExpression,
  SourceFile,
  Step,
} from "./ast.ts";

export interface Context {
  readonly path: string;
  readonly textLength: number;
  readonly comments: readonly Comment[];
  /** The text of the `///` lines above the statement that starts at the offset; "" without. */
  readonly docAt: (offset: number) => string;
  /** Whether a binding or port that starts at the offset was mended by guessing, so that its value is not known. */
  readonly isGuessed: (offset: number) => boolean;
}

export function toSourceFile(cst: CstNode, context: Context): SourceFile {
  const build = createBuilder(context);
  return {
    kind: "file",
    path: context.path,
    imports: nodes(cst, "importStatement")
      .map(build.importStatement)
      .filter(({ from }) => from.span.end > from.span.start),
    settings: nodes(cst, "settingsBlock").map(build.settingsBlock),
    declarations: nodes(cst, "declaration").map(build.declaration).filter(isPresent),
    comments: context.comments,
    span: { file: context.path, start: 0, end: context.textLength },
  };
}

/** Not so for what a stray `model` or `block` left: no name and nothing inside. */
function isPresent({ name, inputs, outputs, bindings }: Declaration): boolean {
  return name.text !== "" || inputs.length + outputs.length + bindings.length > 0;
}

function createBuilder(context: Context) {
  const file = context.path;
  const spanOfToken = (token: IToken): Span => ({ file, start: token.startOffset, end: endOf(token) });
  const join = (first: Span, last: Span): Span => ({ file, start: first.start, end: Math.max(first.start, last.end) });
  const spanOfNode = (cst: CstNode): Span => {
    const start = cst.location!.startOffset;
    return { file, start, end: Math.max(start, cst.location!.endOffset! + 1) };
  };
  const nameOf = (token: IToken): Name => ({ text: token.image, span: spanOfToken(token) });
  const isNamed = (thing: { readonly name: Name }): boolean => thing.name.text !== "";

  function importStatement(cst: CstNode): Import {
    const from = tokens(cst, t.StringLiteral.name)[0]!;
    return {
      kind: "import",
      names: tokens(cst, "Identifier")
        .map(nameOf)
        .filter((name) => name.text !== ""),
      from: { text: from.image.slice(1, -1), span: spanOfToken(from) },
      span: spanOfNode(cst),
    };
  }

  function settingsBlock(cst: CstNode): SettingsBlock {
    return { kind: "settings", settings: nodes(cst, "setting").map(setting).filter(isNamed), span: spanOfNode(cst) };
  }

  function setting(cst: CstNode): Setting {
    return {
      name: nameOf(tokens(cst, "Identifier")[0]!),
      value: expression(nodes(cst, "expression")[0]!),
      span: spanOfNode(cst),
    };
  }

  function declaration(cst: CstNode): Declaration {
    const head = nodes(cst, "declarationHead")[0]!;
    const ports = nodes(cst, "port").map(port).filter(isNamed);
    return {
      kind: tokens(head, "Model").length > 0 ? "model" : "block",
      name: nameOf(tokens(head, "Identifier")[0]!),
      doc: context.docAt(head.location!.startOffset),
      parameters: nodes(head, "parameter").map(parameter).filter(isNamed),
      inputs: ports.filter((port) => port.direction === "input"),
      outputs: ports.filter((port) => port.direction === "output"),
      settings: nodes(cst, "settingsBlock").map(settingsBlock),
      bindings: nodes(cst, "binding").map(binding).filter(isNamed),
      span: spanOfNode(cst),
    };
  }

  function parameter(cst: CstNode): Parameter {
    const value = nodes(cst, "expression")[0];
    return {
      name: nameOf(tokens(cst, "Identifier")[0]!),
      type: parameterType(nodes(cst, "parameterType")[0]!),
      default: value === undefined ? undefined : expression(value),
      span: spanOfNode(cst),
    };
  }

  function parameterType(cst: CstNode): ParameterType {
    const span = spanOfNode(cst);
    if (tokens(cst, "IntType").length > 0) return { kind: "int", span };
    if (tokens(cst, "FloatType").length > 0) return { kind: "float", span };
    if (tokens(cst, "BoolType").length > 0) return { kind: "bool", span };
    if (tokens(cst, "EnumType").length === 0) return { kind: "missing", span };
    const values = tokens(cst, "Identifier").map(nameOf);
    return { kind: "enum", values: values.filter((name) => name.text !== ""), span };
  }

  function port(cst: CstNode): Port {
    const { startOffset } = cst.location!;
    const guessed = context.isGuessed(startOffset);
    const written = shape(nodes(cst, "shape")[0]!);
    return {
      direction: tokens(cst, "Input").length > 0 ? "input" : "output",
      name: nameOf(tokens(cst, "Identifier")[0]!),
      doc: context.docAt(startOffset),
      shape: guessed ? { ...written, dimensions: [{ kind: "missing", span: written.span }] } : written,
      span: spanOfNode(cst),
    };
  }

  function shape(cst: CstNode): ShapeExpression {
    const span = spanOfNode(cst);
    const dimensions = nodes(cst, "expression").map(expression);
    return { dimensions: dimensions.length === 0 ? [{ kind: "missing", span }] : dimensions, span };
  }

  function binding(cst: CstNode): Binding {
    const { startOffset } = cst.location!;
    const span = spanOfNode(cst);
    const written = flow(nodes(cst, "flow")[0]!);
    const hole: Step = { kind: "missing", span: { file, start: written.span.end, end: written.span.end } };
    return {
      kind: "binding",
      name: nameOf(tokens(cst, "Identifier")[0]!),
      doc: context.docAt(startOffset),
      flow: context.isGuessed(startOffset) ? pipe(written, [hole]) : written,
      span,
    };
  }

  function flow(cst: CstNode): Flow {
    const source = sumFlow(nodes(cst, "sumFlow")[0]!);
    return pipe(source, nodes(cst, "link").map(link));
  }

  /** A source with steps behind it; steps behind a flow that has some already are one row with them. */
  function pipe(source: Flow, steps: readonly Step[]): Flow {
    if (steps.length === 0) return source;
    return { kind: "pipe", source, steps, span: join(source.span, steps.at(-1)!.span) };
  }

  function link(cst: CstNode): Step {
    const inner = nodes(cst, "step")[0];
    if (inner !== undefined) return step(inner);
    const written = shape(nodes(cst, "shape")[0]!);
    return { kind: "ascription", shape: written, span: written.span };
  }

  function joinFlows(cst: CstNode, operator: "+" | "*", part: string, build: (cst: CstNode) => Flow): Flow {
    const operators = tokens(cst, operator === "+" ? "Plus" : "Star");
    return nodes(cst, part)
      .map(build)
      .reduce((left, right, i) => ({
        kind: "join",
        operator,
        operatorSpan: spanOfToken(operators[i - 1]!),
        left,
        right,
        span: join(left.span, right.span),
      }));
  }

  function sumFlow(cst: CstNode): Flow {
    return joinFlows(cst, "+", "productFlow", productFlow);
  }

  function productFlow(cst: CstNode): Flow {
    return joinFlows(cst, "*", "source", source);
  }

  function source(cst: CstNode): Flow {
    const span = spanOfNode(cst);
    const name = tokens(cst, "Identifier")[0];
    const conditional = nodes(cst, "ifFlow")[0];
    const parts = nodes(cst, "flow");
    if (name !== undefined) {
      return name.image === "" ? { kind: "missing", span } : { kind: "reference", name: nameOf(name), span };
    }
    if (conditional !== undefined) return ifFlow(conditional);
    if (tokens(cst, "Concat").length > 0) return { kind: "concat", parts: parts.map(flow), span };
    return parts.length > 0 ? { ...flow(parts[0]!), span } : { kind: "missing", span };
  }

  function ifFlow(cst: CstNode): Flow {
    const [then, otherwise] = nodes(cst, "flow").map(flow);
    const chained = nodes(cst, "ifFlow")[0];
    const condition = expression(nodes(cst, "expression")[0]!);
    const last = chained === undefined ? otherwise! : ifFlow(chained);
    return { kind: "if", condition, then: then!, else: last, span: spanOfNode(cst) };
  }

  function ifStep(cst: CstNode): Step {
    const [then, otherwise] = nodes(cst, "steps").map(steps);
    const chained = nodes(cst, "ifStep")[0];
    const condition = expression(nodes(cst, "expression")[0]!);
    const last = chained === undefined ? (otherwise ?? []) : [ifStep(chained)];
    return { kind: "if", condition, then: then!, else: last, span: spanOfNode(cst) };
  }

  function steps(cst: CstNode): Step[] {
    return [step(nodes(cst, "step")[0]!), ...nodes(cst, "link").map(link)];
  }

  function step(cst: CstNode): Step {
    const span = spanOfNode(cst);
    const labelNode = nodes(cst, "label")[0];
    const label = labelNode === undefined ? undefined : labelOf(labelNode);
    const conditional = nodes(cst, "ifStep")[0];
    const repeated = nodes(cst, "repeatStep")[0];
    const call = nodes(cst, "callStep")[0];
    if (conditional !== undefined) return ifStep(conditional);
    if (repeated !== undefined) {
      const count = expression(nodes(repeated, "expression")[0]!);
      return { kind: "repeat", label, count, steps: steps(nodes(repeated, "steps")[0]!), span };
    }
    return call === undefined ? { kind: "missing", span } : callStep(call, label, span);
  }

  function labelOf(cst: CstNode): Label | undefined {
    const name = nameOf((tokens(cst, "LabelName")[0] ?? tokens(cst, "Identifier")[0])!);
    return name.text === "" ? undefined : numbered(name);
  }

  function callStep(cst: CstNode, label: Label | undefined, span: Span): CallStep | Step {
    const callee = nameOf(tokens(cst, "Identifier")[0]!);
    if (callee.text === "") return { kind: "missing", span };
    return { kind: "call", label, callee, arguments: nodes(cst, "argument").map(argument), span };
  }

  function argument(cst: CstNode): Argument {
    const name = tokens(cst, "Identifier")[0];
    return {
      name: name === undefined || name.image === "" ? undefined : nameOf(name),
      value: expression(nodes(cst, "expression")[0]!),
      span: spanOfNode(cst),
    };
  }

  function binaryChain(
    cst: CstNode,
    part: string,
    build: (cst: CstNode) => Expression,
    ...types: readonly string[]
  ): Expression {
    const parts = nodes(cst, part);
    // Most have no operator: there is one chain for every level of precedence around each number.
    if (parts.length === 1) return build(parts[0]!);
    const operators = types.flatMap((type) => tokens(cst, type)).sort((a, b) => a.startOffset - b.startOffset);
    return parts.map(build).reduce((left, right, i) => ({
      kind: "binary",
      operator: operators[i - 1]!.image as BinaryOperator,
      operatorSpan: spanOfToken(operators[i - 1]!),
      left,
      right,
      span: join(left.span, right.span),
    }));
  }

  function unaryChain(signs: readonly IToken[], operator: "-" | "not", operand: Expression): Expression {
    return signs.reduceRight<Expression>(
      (inner, sign) => ({ kind: "unary", operator, operand: inner, span: join(spanOfToken(sign), inner.span) }),
      operand,
    );
  }

  function expression(cst: CstNode): Expression {
    return binaryChain(cst, "andExpression", andExpression, "Or");
  }

  function andExpression(cst: CstNode): Expression {
    return binaryChain(cst, "notExpression", notExpression, "And");
  }

  function notExpression(cst: CstNode): Expression {
    return unaryChain(tokens(cst, "Not"), "not", comparison(nodes(cst, "comparison")[0]!));
  }

  function comparison(cst: CstNode): Expression {
    const kinds = ["EqualEqual", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"];
    return binaryChain(cst, "sum", sum, ...kinds);
  }

  function sum(cst: CstNode): Expression {
    return binaryChain(cst, "product", product, "Plus", "Minus");
  }

  function product(cst: CstNode): Expression {
    return binaryChain(cst, "unary", unary, "Star", "Slash", "Percent");
  }

  function unary(cst: CstNode): Expression {
    return unaryChain(tokens(cst, "Minus"), "-", atom(nodes(cst, "atom")[0]!));
  }

  function atom(cst: CstNode): Expression {
    const span = spanOfNode(cst);
    const int = tokens(cst, "Int")[0];
    const float = tokens(cst, "Float")[0];
    const name = tokens(cst, "Identifier")[0];
    const inner = nodes(cst, "expression");
    if (int !== undefined) return { kind: "int", value: Number(int.image), span };
    if (float !== undefined) return { kind: "float", value: Number(float.image), span };
    if (tokens(cst, "True").length > 0) return { kind: "bool", value: true, span };
    if (tokens(cst, "False").length > 0) return { kind: "bool", value: false, span };
    if (tokens(cst, "LSquare").length > 0) return { kind: "list", items: inner.map(expression), span };
    if (name !== undefined) {
      if (name.image === "") return { kind: "missing", span };
      if (tokens(cst, "LParen").length === 0) return { kind: "name", name: name.image, span };
      return { kind: "call", callee: nameOf(name), arguments: inner.map(expression), span };
    }
    return inner.length > 0 ? { ...expression(inner[0]!), span } : { kind: "missing", span };
  }

  return { importStatement, settingsBlock, declaration };
}

/** The token has `{index}` or `{index + 1}` as a whole, so that braces around it are always those of a flow or a body. */
function numbered(label: Name): Label {
  const { text, span } = label;
  const parts = /^(.*)\{ *(index) *(?:\+ *(\d+) *)?\}(.*)$/.exec(text);
  if (parts === null) return label;
  const [, before = "", name = "", offset, after = ""] = parts;
  const placed = (word: string, from: number) => {
    const start = span.start + text.indexOf(word, from);
    return { ...span, start, end: start + word.length };
  };
  const left: Expression = { kind: "name", name, span: placed(name, before.length + 1) };
  if (offset === undefined) return { ...label, number: { before, value: left, after } };
  const plus = text.indexOf("+", before.length);
  const right: Expression = { kind: "int", value: Number(offset), span: placed(offset, plus) };
  const sum: Expression = {
    kind: "binary",
    operator: "+",
    operatorSpan: placed("+", plus),
    left,
    right,
    span: { ...span, start: left.span.start, end: right.span.end },
  };
  return { ...label, number: { before, value: sum, after } };
}

function nodes(cst: CstNode, rule: string): CstNode[] {
  return (cst.children[rule] ?? []) as CstNode[];
}

function tokens(cst: CstNode, type: string): IToken[] {
  return (cst.children[type] ?? []) as IToken[];
}
