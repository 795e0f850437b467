/** Document symbols: the outline of a file. Models and blocks with their ports, bindings and labelled steps inside. */
import type { Binding, Declaration, Flow, Label, Port, SourceFile, Step } from "../compiler/syntax/ast.ts";
import type { Span } from "../diagnostics/diagnostic.ts";
import type { Workspace } from "./workspace.ts";

export interface DocumentSymbol {
  readonly name: string;
  readonly kind: "model" | "block" | "parameter" | "input" | "output" | "binding" | "step";
  /** Written beside the name: parameters, a type, a shape, the layer that a label stands for; "" where there is none. */
  readonly detail: string;
  readonly span: Span;
  /** The name, inside the span. */
  readonly selection: Span;
  readonly children: readonly DocumentSymbol[];
}

const longestDetail = 60;

export function documentSymbols(workspace: Workspace, path: string): DocumentSymbol[] {
  const file = workspace.tree(path);
  const text = workspace.text(path);
  if (file === undefined || text === undefined) return [];
  const shapes = new Map(workspace.shapes(path).map(({ span, shape }) => [span.start, `[${shape.join(", ")}]`]));
  return outline(file, text, ({ name }) => shapes.get(name.span.start) ?? "");
}

/** `shapeOf` gives the detail of a binding. */
export function outline(file: SourceFile, text: string, shapeOf: (binding: Binding) => string): DocumentSymbol[] {
  const written = ({ start, end }: Pick<Span, "start" | "end">): string => {
    const line = text.slice(start, end).replace(/\s+/g, " ").trim();
    return line.length > longestDetail ? `${line.slice(0, longestDetail - 1)}…` : line;
  };

  function declaration(node: Declaration): DocumentSymbol {
    const { kind, name, parameters, inputs, outputs, bindings } = node;
    const last = parameters.at(-1);
    const head = last === undefined ? "" : written({ start: name.span.end, end: last.span.end });
    const members = [...[...inputs, ...outputs].map(port), ...bindings.map(binding)];
    return symbol(kind, name, node.span, last === undefined ? "" : `${head})`, [
      ...parameters.map((parameter) =>
        symbol(
          "parameter",
          parameter.name,
          parameter.span,
          written({ start: parameter.type.span.start, end: parameter.span.end }),
        ),
      ),
      ...members.sort((a, b) => a.span.start - b.span.start),
    ]);
  }

  function port({ direction, name, shape, span }: Port): DocumentSymbol {
    return symbol(direction, name, span, written(shape.span));
  }

  function binding(node: Binding): DocumentSymbol {
    return symbol("binding", node.name, node.span, shapeOf(node), flow(node.flow));
  }

  function flow(node: Flow): DocumentSymbol[] {
    switch (node.kind) {
      case "pipe":
        return [...flow(node.source), ...node.steps.flatMap(step)];
      case "join":
        return [...flow(node.left), ...flow(node.right)];
      case "concat":
        return node.parts.flatMap(flow);
      case "if":
        return [...flow(node.then), ...flow(node.else)];
      case "reference":
      case "missing":
        return [];
      default:
        return node satisfies never;
    }
  }

  function step(node: Step): DocumentSymbol[] {
    switch (node.kind) {
      case "call":
        return node.label === undefined ? [] : [labelled(node.label, node.span, node.callee.span.start, [])];
      case "repeat": {
        const inside = node.steps.flatMap(step);
        return node.label === undefined ? inside : [labelled(node.label, node.span, node.label.span.end, inside)];
      }
      case "if":
        return [...node.then, ...node.else].flatMap(step);
      case "ascription":
      case "missing":
        return [];
      default:
        return node satisfies never;
    }
  }

  function labelled(label: Label, span: Span, from: number, children: DocumentSymbol[]): DocumentSymbol {
    const detail = written({ start: from, end: span.end }).replace(/^:\s*/, "");
    return symbol("step", label, span, detail, children);
  }

  return file.declarations.filter(({ name }) => name.text !== "").map(declaration);
}

function symbol(
  kind: DocumentSymbol["kind"],
  { text, span: selection }: { readonly text: string; readonly span: Span },
  whole: Span,
  detail: string,
  children: readonly DocumentSymbol[] = [],
): DocumentSymbol {
  // In damaged text a part may reach over what contains it, which editors do not take.
  const inner = [selection, ...children.map(({ span }) => span)];
  const start = Math.min(whole.start, ...inner.map((span) => span.start));
  const end = Math.max(whole.end, ...inner.map((span) => span.end));
  return { name: text, kind, detail, span: { ...whole, start, end }, selection, children };
}
