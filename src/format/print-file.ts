/** Owns how a whole file is printed: its statements, the empty lines between them, and what is aligned. */
import { builders } from "prettier/doc";
import type {
  Binding,
  Declaration,
  Import,
  Parameter,
  Port,
  Setting,
  SettingsBlock,
  SourceFile,
} from "../compiler/syntax/ast.ts";
import { alignRows, isIgnored, type Alignment } from "./alignment.ts";
import { printExpression, printItems, printShape } from "./expressions.ts";
import { printBindingFlow } from "./flows.ts";
import { readTokens } from "./source-tokens.ts";
import { createWriter, type Writer } from "./writer.ts";

type Doc = builders.Doc;

const { group, hardline, ifBreak, indent, line, softline } = builders;

/** The document of a file without faults. `text` is what it was parsed from. */
export function printFile(file: SourceFile, text: string): Doc {
  const w = createWriter(readTokens(file, text));
  const items = inOrder<Import | SettingsBlock | Declaration>([
    ...file.imports,
    ...file.settings,
    ...file.declarations,
  ]);
  const parts = items.map((item, i): Doc => {
    const before = items[i - 1];
    const isBlank = item.kind === "import" && before?.kind === "import" ? w.isBlankBefore() : mustAddBlank(w);
    const gap: Doc = before === undefined ? "" : [hardline, isBlank ? hardline : ""];
    return [gap, w.lineStart(), printTopItem(w, item)];
  });
  const end = w.finish();
  return items.length + file.comments.length === 0 ? "" : [parts, end, hardline];
}

/** An empty line stands between an item and the next one, or else among the comments between them. */
function mustAddBlank(w: Writer): boolean {
  return w.isBlankBefore() || !w.isBlankAround();
}

function inOrder<T extends { readonly span: { readonly start: number } }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => a.span.start - b.span.start);
}

function printTopItem(w: Writer, item: Import | SettingsBlock | Declaration): Doc {
  if (isIgnored(w.source, item)) return w.copyUpTo(item.span.end);
  if (item.kind === "import") return printImport(w, item);
  return item.kind === "settings" ? printSettings(w, item) : printDeclaration(w, item);
}

function printImport(w: Writer, { names }: Import): Doc {
  const word = w.take("import");
  const list = printItems(w, "{", names, (name) => w.take(name.text), "}", false, line);
  return [word, " ", list, " ", w.take("from"), " ", w.take()];
}

/** On one line, or one setting a line where the first one is on a line of its own in the text. */
function printSettings(w: Writer, { settings }: SettingsBlock): Doc {
  const head: Doc = [w.take("bcos"), " ", w.take("{")];
  const isBroken = settings.length > 0 && w.source.breaksBefore(w.position()) > 0;
  const printed = settings.map((setting, i): Doc => {
    const gap: Doc = i === 0 ? line : [line, w.isBlankBefore() ? softline : ""];
    const shown: Doc = [w.lineStart(), printSetting(w, setting)];
    const comma = ifBreak("", ",");
    if (w.source.tokens[w.position()]?.image === ",") return [gap, shown, w.comma(comma)];
    return [gap, shown, i < settings.length - 1 ? comma : ""];
  });
  const end = w.close("}", settings.length === 0 ? softline : line);
  return [head, group([indent(printed), end], { shouldBreak: isBroken })];
}

function printSetting(w: Writer, { name, value }: Setting): Doc {
  return [w.take(name.text), w.take(":"), " ", printExpression(w, value)];
}

function printDeclaration(w: Writer, declaration: Declaration): Doc {
  const { kind, name, parameters } = declaration;
  const head: Doc = [w.take(kind), " ", w.take(name.text), printParameters(w, parameters), " ", w.take("{")];
  const statements = inOrder<Port | SettingsBlock | Binding>([
    ...declaration.inputs,
    ...declaration.outputs,
    ...declaration.settings,
    ...declaration.bindings,
  ]);
  if (statements.length === 0) return [head, group(w.close("}", softline))];
  const alignments = alignRows(w.source, statements);
  const printed = statements.map((statement, i): Doc => {
    const isBlank = i > 0 && w.isBlankBefore();
    return [hardline, isBlank ? hardline : "", w.lineStart(), printStatement(w, statement, alignments[i]!)];
  });
  return [head, indent(printed), w.close("}", hardline)];
}

function printParameters(w: Writer, parameters: readonly Parameter[]): Doc {
  const open = w.position();
  if (w.source.tokens[open]?.image !== "(") return "";
  if (parameters.length === 0 && !w.source.hasComments(open - 1, open + 1)) {
    w.skip(2);
    return "";
  }
  return printItems(w, "(", parameters, (parameter) => printParameter(w, parameter), ")");
}

function printParameter(w: Writer, { name, type, default: value }: Parameter): Doc {
  const head: Doc = [w.take(name.text), w.take(":"), " ", w.take()];
  const values = type.kind === "enum" ? printItems(w, "(", type.values, ({ text }) => w.take(text), ")") : "";
  if (value === undefined) return [head, values];
  return [head, values, " ", w.take("="), " ", printExpression(w, value)];
}

function printStatement(w: Writer, statement: Port | SettingsBlock | Binding, alignment: Alignment): Doc {
  if (isIgnored(w.source, statement)) return w.copyUpTo(statement.span.end);
  if ("settings" in statement) return printSettings(w, statement);
  const pad = " ".repeat(alignment.padding + 1);
  if ("direction" in statement) {
    const { direction, name, shape } = statement;
    return [w.take(direction), pad, w.take(name.text), w.take(":"), " ", printShape(w, shape)];
  }
  const { name, flow } = statement;
  const head: Doc = [w.take(name.text), pad, w.take("="), " "];
  return [head, printBindingFlow(w, flow, name.text.length + pad.length + 2, alignment.sourcePadding)];
}
