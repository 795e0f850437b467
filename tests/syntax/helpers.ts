/** Owns small helpers of the syntax tests. */
import type { SourceFile } from "../../src/compiler/syntax/ast.ts";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";

/** Counted from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\r|\n/).length;
}

/** Everything that a file declares, as words: `import BasicBlock`, `model M`, `M.input x`, `M.main`. */
export function declared(file: SourceFile): string[] {
  return [
    ...file.imports.flatMap((statement) => statement.names.map((name) => `import ${name.text}`)),
    ...file.settings.flatMap((block) => block.settings.map((setting) => `bcos ${setting.name.text}`)),
    ...file.declarations.flatMap((declaration) => [
      `${declaration.kind} ${declaration.name.text}`,
      ...declaration.parameters.map((parameter) => `parameter ${parameter.name.text}`),
      ...[...declaration.inputs, ...declaration.outputs].map((port) => `${port.direction} ${port.name.text}`),
      ...declaration.settings.flatMap((block) => block.settings.map((setting) => `bcos ${setting.name.text}`)),
      ...declaration.bindings.map((binding) => `binding ${binding.name.text}`),
    ]),
  ];
}

export function applyFix(text: string, fix: Fix): string {
  return [...fix.edits]
    .sort((a, b) => b.span.start - a.span.start)
    .reduce((result, { span, text: put }) => result.slice(0, span.start) + put + result.slice(span.end), text);
}

/** One line a diagnostic: place, code, message. */
export function brief(text: string, diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((d) => `${lineAt(text, d.span!.start)}: ${d.code}: ${d.message}`);
}

/** The text in a model, parsed: its bindings without spans, or the brief errors. */
export function bindingsOf(body: string): Record<string, unknown> | string[] {
  const text = `model M {\n${body}\n}\n`;
  const { file, diagnostics } = parseFile("test.bcos", text);
  if (diagnostics.length > 0) return brief(text, diagnostics);
  return Object.fromEntries(file.declarations[0]!.bindings.map((binding) => [binding.name.text, plain(binding.flow)]));
}

/** A tree as text, in brackets, operators first: enough to see how it groups. */
export function plain(node: unknown): string {
  if (Array.isArray(node)) return `[${node.map(plain).join(" ")}]`;
  if (typeof node !== "object" || node === null) return String(node);
  const tree = node as Record<string, unknown>;
  switch (tree["kind"]) {
    case undefined:
      if ("dimensions" in tree) return plain(tree["dimensions"]);
      if ("value" in tree) {
        const name = tree["name"] as { text: string } | undefined;
        return name === undefined ? plain(tree["value"]) : `${name.text}:${plain(tree["value"])}`;
      }
      return String(tree["text"]);
    case "reference":
      return plain(tree["name"]);
    case "pipe":
      return `(${plain(tree["source"])} -> ${(tree["steps"] as unknown[]).map(plain).join(" -> ")})`;
    case "join":
    case "binary":
      return `(${String(tree["operator"])} ${plain(tree["left"])} ${plain(tree["right"])})`;
    case "unary":
      return `(${String(tree["operator"])} ${plain(tree["operand"])})`;
    case "concat":
      return `concat${plain(tree["parts"])}`;
    case "if":
      return `(if ${plain(tree["condition"])} ${plain(tree["then"])} ${plain(tree["else"])})`;
    case "repeat":
      return `${label(tree)}(repeat ${plain(tree["count"])} ${plain(tree["steps"])})`;
    case "ascription":
      return `:${plain(tree["shape"])}`;
    case "call":
      return `${label(tree)}${plain(tree["callee"])}${plain(tree["arguments"])}`;
    case "list":
      return plain(tree["items"]);
    case "name":
      return String(tree["name"]);
    case "missing":
      return "<missing>";
    default:
      return String(tree["value"]);
  }
}

function label(tree: Record<string, unknown>): string {
  return tree["label"] === undefined ? "" : `${plain(tree["label"])}=`;
}
