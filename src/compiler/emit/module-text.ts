/** The source of an emitted module: in TypeScript, in JavaScript, and as declarations. One list of statements is all three. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Shape } from "../../shape.ts";
import type { Program, StateSpec } from "../graph/program.ts";
import type { Network } from "../network/network.ts";
import type { TargetName } from "../plan/plan.ts";

export interface ModuleFacts {
  readonly network: Network;
  /** The main one. */
  readonly program: Program;
  readonly targets: readonly TargetName[];
  readonly planHash: string;
  readonly classes: readonly string[];
  readonly layers: readonly string[];
  readonly trains: boolean;
  /** What the source is called. */
  readonly source: string;
  /** The expression of `ModelDescription.programs`. */
  readonly programs: string;
}

/** Texts by extension, not yet formatted. Throws `run/input` where the number of names is not that of the classes. */
export function moduleText(facts: ModuleFacts): Readonly<Record<".ts" | ".js" | ".d.ts", string>> {
  const { classes } = facts.program;
  if (facts.classes.length > 0 && facts.classes.length !== classes) {
    const expected = `a name for each of ${classes} classes`;
    fail("run/input", { name: "classes", expected, found: `${facts.classes.length}` });
  }
  const statements = statementsOf(facts);
  const render = (language: Language): string =>
    [head(facts), imports(language), ...statements.map((statement) => print(statement, language))].join("\n");
  return { ".ts": render("ts"), ".js": render("js"), ".d.ts": render("d.ts") };
}

type Language = "ts" | "js" | "d.ts";

interface Statement {
  readonly doc: string;
  readonly name: string;
  /** A declaration of a type, whole. */
  readonly type?: string;
  /** A constant: its value, and its type unless it is literal. */
  readonly value?: string;
  readonly valueType?: string;
  readonly literal?: unknown;
}

function print({ doc, name, type, value, valueType, literal }: Statement, language: Language): string {
  if (type !== undefined) return language === "js" ? "" : `${comment(doc)}\nexport ${type}\n`;
  const isLiteral = literal !== undefined;
  if (language === "d.ts") {
    // As declarations of literals are.
    const is = typeof literal === "string" ? " =" : ":";
    return `${comment(doc)}\nexport declare const ${name}${is} ${isLiteral ? literalType(literal) : valueType!};\n`;
  }
  const annotation = language === "ts" && !isLiteral ? `: ${valueType!}` : "";
  const asConst = language === "ts" && typeof literal === "object" ? " as const" : "";
  const text = isLiteral ? JSON.stringify(literal) : value!;
  return `${comment(doc)}\nexport const ${name}${annotation} = ${text}${asConst};\n`;
}

/** The type of a literal that is `as const`. */
function literalType(value: unknown): string {
  if (Array.isArray(value)) return `readonly [${value.map(literalType).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, v]) => `readonly ${JSON.stringify(key)}: ${literalType(v)};`);
  return `{\n${entries.join("\n")}\n}`;
}

function comment(text: string): string {
  const lines = text.replaceAll("*/", "*\\/").split("\n");
  if (lines.length === 1) return `/** ${lines[0]!} */`;
  return ["/**", ...lines.map((line) => ` * ${line}`.trimEnd()), " */"].join("\n");
}

function head({ network, source }: ModuleFacts): string {
  const about = network.doc === "" ? `The model ${network.name}.` : network.doc;
  return comment(`${about}\n\nCompiled from ${source} by \`bcosc compile\`, which overwrites changes.\n\n@module`);
}

function imports(language: Language): string {
  const types = "type CompiledModel, type LoadedModel, type ModelWeights";
  switch (language) {
    case "ts":
      return `import { compiledModel, ${types} } from "bcosc/runtime";\n`;
    case "js":
      return `import { compiledModel } from "bcosc/runtime";\n`;
    case "d.ts":
      return `import { ${types} } from "bcosc/runtime";\n`;
    default:
      throw new Error(`unknown language ${JSON.stringify(language satisfies never)}`);
  }
}

function statementsOf(facts: ModuleFacts): readonly Statement[] {
  const { network, program, classes, planHash } = facts;
  const named = classes.length > 0;
  // Named after the model: the type checker's messages are about it.
  const types = typesName(network);
  const compiled = `CompiledModel<${types}>`;
  const about = network.doc === "" ? `The model ${network.name}.` : network.doc;
  return [
    ...(named ? [{ doc: "Names of the classes, by index.", name: "classes", literal: classes }] : []),
    {
      doc: named ? "The name of a class." : "The model was compiled without names of its classes.",
      name: "ClassName",
      type: `type ClassName = ${named ? "(typeof classes)[number]" : "never"};`,
    },
    {
      doc: "Shapes of weights and buffers by path, as weight files have them.",
      name: "params",
      literal: Object.fromEntries(program.state.map((spec) => [spec.path, fileShape(spec)])),
    },
    {
      doc: "`keyof Params` is every path that `ModelWeights.tensor` takes.",
      name: "Params",
      type: "type Params = typeof params;",
    },
    {
      doc: "SHA-256 over all plans and kernels of the model: another one where they differ in anything.",
      name: "planHash",
      literal: planHash,
    },
    { doc: "What the type checker knows of the model.", name: types, type: typesText(facts) },
    { doc: "The model on a device.", name: "Model", type: `type Model = LoadedModel<${types}>;` },
    { doc: "Weights of this architecture.", name: "Weights", type: `type Weights = ModelWeights<${types}>;` },
    { doc: about, name: "model", valueType: compiled, value: modelText(facts) },
    {
      doc: `Opens ${network.name} with weights, by default on the best device that there is.`,
      name: "load",
      valueType: `${compiled}["load"]`,
      value: "model.load",
    },
    {
      doc: "Reads weights and makes sure that they are of this architecture.",
      name: "readWeights",
      valueType: `${compiled}["readWeights"]`,
      value: "model.readWeights",
    },
  ];
}

function typesText({ network, program, targets, layers, trains }: ModuleFacts): string {
  const fields = {
    name: JSON.stringify(network.name),
    architecture: JSON.stringify(program.architecture),
    form: JSON.stringify(program.form),
    input: literalType(program.input.shape),
    className: "ClassName",
    params: "Params",
    layer: union(layers),
    device: union(targets),
    trains: String(trains),
  };
  const lines = Object.entries(fields).map(([key, type]) => `readonly ${key}: ${type};`);
  return `interface ${typesName(network)} {\n${lines.join("\n")}\n}`;
}

function typesName({ name }: Network): string {
  return `${name}Types`;
}

function union(values: readonly string[]): string {
  return values.length === 0 ? "never" : values.map((value) => JSON.stringify(value)).join(" | ");
}

function modelText({ network, program, classes, programs }: ModuleFacts): string {
  return [
    "compiledModel({",
    `name: ${JSON.stringify(network.name)},`,
    `form: ${JSON.stringify(program.form)},`,
    `architecture: ${JSON.stringify(program.architecture)},`,
    "planHash,",
    `input: ${JSON.stringify(program.input.shape)},`,
    `classes${classes.length > 0 ? "" : ": []"},`,
    "params,",
    `programs: ${programs},`,
    "})",
  ].join("\n");
}

/** [O, kh, kw, I] is [O, I, kh, kw] in weight files. */
function fileShape({ shape, layout }: StateSpec): Shape {
  if (layout === "plain") return shape;
  const [o, height, width, i] = shape as readonly [number, number, number, number];
  return [o, i, height, width];
}
