/**
 * The syntax tree as one kind of tree: every node with its type, and the nodes in it in source order. Features that look at
 * all nodes, or for the one at an offset, need no knowledge of where each type keeps its parts.
 */
import type { Span } from "../diagnostics/diagnostic.ts";
import type {
  Argument,
  Binding,
  Declaration,
  Expression,
  Flow,
  Import,
  Label,
  Name,
  Parameter,
  ParameterType,
  Port,
  Setting,
  SettingsBlock,
  ShapeExpression,
  SourceFile,
  Step,
} from "../compiler/syntax/ast.ts";

/** What a name stands for where it is written. Names in expressions are expressions, not names. */
export type NameRole =
  /** `conv1` in `import { conv1 } from …`. */
  | "import"
  /** The path of an import, with its quotes. */
  | "from"
  | "setting"
  /** The name that a model or block is given. */
  | "declaration"
  | "parameter"
  /** One of the names in `enum(a, b)`. */
  | "enum-value"
  /** The name of an input or output where it is declared. */
  | "port"
  | "binding"
  /** A tensor that a flow reads. */
  | "reference"
  | "label"
  /** A layer or block that a step calls. */
  | "callee"
  /** `kernel` in `kernel: 3`. */
  | "argument"
  /** `min` in `min(a, b)`, and variants of settings. */
  | "function";

export type SyntaxNode =
  | { readonly type: "file"; readonly node: SourceFile }
  | { readonly type: "import"; readonly node: Import }
  | { readonly type: "settings"; readonly node: SettingsBlock }
  | { readonly type: "setting"; readonly node: Setting }
  | { readonly type: "declaration"; readonly node: Declaration }
  | { readonly type: "parameter"; readonly node: Parameter }
  | { readonly type: "parameter-type"; readonly node: ParameterType }
  | { readonly type: "port"; readonly node: Port }
  | { readonly type: "shape"; readonly node: ShapeExpression }
  | { readonly type: "binding"; readonly node: Binding }
  | { readonly type: "flow"; readonly node: Flow }
  | { readonly type: "step"; readonly node: Step }
  | { readonly type: "argument"; readonly node: Argument }
  | { readonly type: "expression"; readonly node: Expression }
  | { readonly type: "name"; readonly role: NameRole; readonly node: Name };

export function fileNode(file: SourceFile): SyntaxNode {
  return { type: "file", node: file };
}

export function spanOf(node: SyntaxNode): Span {
  return node.node.span;
}

/** The nodes right inside a node, in source order. */
export function childrenOf(parent: SyntaxNode): SyntaxNode[] {
  switch (parent.type) {
    case "file": {
      const { imports, settings, declarations } = parent.node;
      return inOrder([
        ...imports.map((node): SyntaxNode => ({ type: "import", node })),
        ...settings.map((node): SyntaxNode => ({ type: "settings", node })),
        ...declarations.map((node): SyntaxNode => ({ type: "declaration", node })),
      ]);
    }
    case "import":
      return [...parent.node.names.map((node) => name("import", node)), name("from", parent.node.from)];
    case "settings":
      return parent.node.settings.map((node) => ({ type: "setting", node }));
    case "setting":
      return [name("setting", parent.node.name), expression(parent.node.value)];
    case "declaration": {
      const { parameters, inputs, outputs, settings, bindings } = parent.node;
      return [
        name("declaration", parent.node.name),
        ...parameters.map((node): SyntaxNode => ({ type: "parameter", node })),
        ...inOrder([
          ...[...inputs, ...outputs].map((node): SyntaxNode => ({ type: "port", node })),
          ...settings.map((node): SyntaxNode => ({ type: "settings", node })),
          ...bindings.map((node): SyntaxNode => ({ type: "binding", node })),
        ]),
      ];
    }
    case "parameter": {
      const { type, default: value } = parent.node;
      return [
        name("parameter", parent.node.name),
        { type: "parameter-type", node: type },
        ...(value === undefined ? [] : [expression(value)]),
      ];
    }
    case "parameter-type":
      return parent.node.kind === "enum" ? parent.node.values.map((node) => name("enum-value", node)) : [];
    case "port":
      return [name("port", parent.node.name), { type: "shape", node: parent.node.shape }];
    case "shape":
      return parent.node.dimensions.map(expression);
    case "binding":
      return [name("binding", parent.node.name), flow(parent.node.flow)];
    case "flow":
      return childrenOfFlow(parent.node);
    case "step":
      return childrenOfStep(parent.node);
    case "argument":
      return [
        ...(parent.node.name === undefined ? [] : [name("argument", parent.node.name)]),
        expression(parent.node.value),
      ];
    case "expression":
      return childrenOfExpression(parent.node);
    case "name": {
      const { number } = parent.node as Label;
      return number === undefined ? [] : [expression(number.value)];
    }
    default:
      return parent satisfies never;
  }
}

function childrenOfFlow(node: Flow): SyntaxNode[] {
  switch (node.kind) {
    case "reference":
      return [name("reference", node.name)];
    case "pipe":
      return [flow(node.source), ...node.steps.map(step)];
    case "join":
      return [flow(node.left), flow(node.right)];
    case "concat":
      return node.parts.map(flow);
    case "if":
      return [expression(node.condition), flow(node.then), flow(node.else)];
    case "missing":
      return [];
    default:
      return node satisfies never;
  }
}

function childrenOfStep(node: Step): SyntaxNode[] {
  switch (node.kind) {
    case "call":
      return [
        ...labelled(node.label),
        name("callee", node.callee),
        ...node.arguments.map((argument): SyntaxNode => ({ type: "argument", node: argument })),
      ];
    case "repeat":
      return [...labelled(node.label), expression(node.count), ...node.steps.map(step)];
    case "if":
      return [expression(node.condition), ...node.then.map(step), ...node.else.map(step)];
    case "ascription":
      return [{ type: "shape", node: node.shape }];
    case "missing":
      return [];
    default:
      return node satisfies never;
  }
}

function childrenOfExpression(node: Expression): SyntaxNode[] {
  switch (node.kind) {
    case "list":
      return node.items.map(expression);
    case "unary":
      return [expression(node.operand)];
    case "binary":
      return [expression(node.left), expression(node.right)];
    case "call":
      return [name("function", node.callee), ...node.arguments.map(expression)];
    case "int":
    case "float":
    case "bool":
    case "name":
    case "missing":
      return [];
    default:
      return node satisfies never;
  }
}

/** Calls `enter` for the node and everything in it, outer nodes first; `false` leaves out what is in a node. */
export function walk(root: SyntaxNode, enter: (node: SyntaxNode) => boolean | void): void {
  if (enter(root) === false) return;
  for (const child of childrenOf(root)) walk(child, enter);
}

function name(role: NameRole, node: Name): SyntaxNode {
  return { type: "name", role, node };
}

function labelled(label: Label | undefined): SyntaxNode[] {
  return label === undefined ? [] : [name("label", label)];
}

function expression(node: Expression): SyntaxNode {
  return { type: "expression", node };
}

function flow(node: Flow): SyntaxNode {
  return { type: "flow", node };
}

function step(node: Step): SyntaxNode {
  return { type: "step", node };
}

function inOrder(nodes: SyntaxNode[]): SyntaxNode[] {
  return nodes.sort((a, b) => spanOf(a).start - spanOf(b).start);
}
