/** How layers, blocks and functions are called, as one line of text with the places of the parameters in it. */
import { describeArgument } from "../compiler/check/types.ts";
import type { FunctionName } from "../compiler/check/evaluate-expression.ts";
import type { LayerParameter } from "../compiler/layers/layer.ts";
import { layerParameterText, parameterText, valueText } from "./known/text.ts";
import type { Meaning } from "./names/symbols.ts";
import type { Workspace } from "./workspace.ts";

export interface Signature {
  /** `max_pool(kernel: int | [int, int], …)` */
  readonly label: string;
  readonly documentation: string;
  /** In positional order, with their ranges in the label. */
  readonly parameters: readonly SignatureParameter[];
}

export interface SignatureParameter {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly documentation: string;
}

interface Part {
  readonly name: string;
  readonly text: string;
  readonly documentation: string;
}

/** Of a layer or a block; `undefined` for what can't be called. */
export function signatureOf(workspace: Workspace, callee: Meaning): Signature | undefined {
  if (callee.kind === "layer") {
    const { name, summary, parameters } = callee.layer;
    return compose(name, summary, parameters.map(layerPart));
  }
  if (callee.kind !== "definition") return undefined;
  const { definition } = callee;
  if (definition.kind !== "block" && definition.kind !== "model") return undefined;
  const text = workspace.text(definition.span.file) ?? "";
  return compose(
    definition.name,
    definition.declaration.doc,
    definition.declaration.parameters.map((parameter) => ({
      name: parameter.name.text,
      text: parameterText(parameter, text),
      documentation: "",
    })),
  );
}

const number = (name: string): Part => ({ name, text: name, documentation: "" });

const functions: Readonly<Record<FunctionName, Signature>> = {
  min: compose("min", "The smallest of the numbers.", [number("a"), number("…")]),
  max: compose("max", "The largest of the numbers.", [number("a"), number("…")]),
  ceil: compose("ceil", "The smallest int that is not below the number. `ceil(a / b)` rounds a division up.", [
    number("x"),
  ]),
  floor: compose("floor", "The largest int that is not above the number. `floor(a / b)` rounds a division down.", [
    number("x"),
  ]),
  sqrt: compose("sqrt", "The square root.", [number("x")]),
  ln: compose("ln", "The natural logarithm.", [number("x")]),
};

export function functionSignature(name: FunctionName): Signature {
  return functions[name];
}

/** Of `group(int)` and other values with arguments. */
export function variantSignature(name: string, kinds: readonly string[], parameter: LayerParameter): Signature {
  return compose(
    name,
    parameter.doc,
    kinds.map((kind) => ({ name: kind, text: kind, documentation: "" })),
  );
}

function compose(name: string, documentation: string, parts: readonly Part[]): Signature {
  let label = `${name}(`;
  const parameters = parts.map((part, i) => {
    if (i > 0) label += ", ";
    const start = label.length;
    label += part.text;
    return { name: part.name, start, end: label.length, documentation: part.documentation };
  });
  return { label: `${label})`, documentation, parameters };
}

function layerPart(parameter: LayerParameter): Part {
  return { name: parameter.name, text: layerParameterText(parameter), documentation: parameter.doc };
}

/** What a parameter takes, its default and its documentation, as Markdown. */
export function parameterDocumentation({ type, default: value, required, doc }: LayerParameter): string {
  const initial = required ? " Required." : value === undefined ? "" : ` Default: \`${valueText(value)}\`.`;
  return `${doc}\n\nTakes ${describeArgument(type)}.${initial}`;
}
