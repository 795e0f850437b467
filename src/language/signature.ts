/** How layers, blocks and functions are called, as one line of text with the places of the parameters in it. */
import { describeArgument } from "../compiler/check/types.ts";
import type { FunctionName } from "../compiler/check/evaluate-expression.ts";
import type { LayerParameter } from "../compiler/layers/layer.ts";
import { functionTable } from "./known/functions.ts";
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

export function functionSignature(name: FunctionName): Signature {
  const { parameters, result, documentation } = functionTable[name];
  const signature = compose(name, documentation, parameters.map(plainPart));
  return result === undefined ? signature : { ...signature, label: `${signature.label}: ${result}` };
}

/** Of `group(int)` and other values with arguments. */
export function variantSignature(name: string, kinds: readonly string[], parameter: LayerParameter): Signature {
  return compose(name, parameter.doc, kinds.map(plainPart));
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

function plainPart(name: string): Part {
  return { name, text: name, documentation: "" };
}

function layerPart(parameter: LayerParameter): Part {
  return { name: parameter.name, text: layerParameterText(parameter), documentation: parameter.doc };
}

/** What a parameter takes, its default and its documentation, as Markdown. */
export function parameterDocumentation({ type, default: value, required, doc }: LayerParameter): string {
  const initial = required ? " Required." : value === undefined ? "" : ` Default: \`${valueText(value)}\`.`;
  return `${doc}\n\nTakes ${describeArgument(type)}.${initial}`;
}
