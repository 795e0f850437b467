/** What a network must fulfil beyond its own shapes to be lowered: to logits, and in the B-cos form. */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { listsOf } from "../composites/encode.ts";
import type { Shape } from "../graph/graph.ts";
import type { Form } from "../graph/program.ts";
import { shapeText } from "../layers/arguments.ts";
import type { LayerProblem } from "../layers/layer.ts";
import { layerTable } from "../layers/table.ts";
import { headBeforePool, type MovedHead } from "./head.ts";
import type { LayerInstance, Network } from "./network.ts";
import type { BcosSettings } from "./settings.ts";

/** Names of the feeds that the graphs have beside the model's input. */
const reservedFeeds: readonly string[] = ["targets", "learningRate", "step", "cotangent"];

/** The shape behind the input encoding: twice the channels, or the input's own. */
export function encodedShape(shape: Shape, settings: BcosSettings, form: Form): Shape {
  if (form === "standard" || settings.encode.variant === "none") return shape;
  return [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 0)];
}

/** The network as the form has it: in the B-cos form with the classifier where the settings want it. */
export function inForm(network: Network, form: Form): MovedHead {
  if (form === "standard" || network.settings.head === "after_pool") return { network, moved: [] };
  return headBeforePool(network);
}

/** All that keeps a checked network from being lowered in the form. Empty when nothing does. */
export function checkForm(network: Network, form: Form): readonly Diagnostic[] {
  const { input } = network;
  const found: Diagnostic[] = [];
  if (reservedFeeds.includes(input.name))
    found.push(diagnose("name/reserved-input", { name: input.name }, { span: input.span }));
  const logits = network.outputs[0];
  if (logits === undefined || logits.shape.length !== 1) {
    const actual = `\`${shapeText(logits?.shape ?? [])}\``;
    const last = typeof logits?.value === "number" ? network.layers[logits.value] : undefined;
    found.push(
      diagnose("shape/logits", { name: logits?.name ?? "logits", actual }, { span: last?.span ?? input.span }),
    );
  }
  if (form === "standard" || found.length > 0) return found;

  const settings = settingProblems(network.settings, input.shape, logits?.shape.at(-1) ?? 0);
  found.push(...settings.map((problem) => diagnose(problem.code, problem.params as never, { span: input.span })));
  return found.length > 0 ? found : shapeProblems(inForm(network, form).network);
}

/** Settings whose values make no sense, or don't fit the input or the number of classes. */
function settingProblems(settings: BcosSettings, input: Shape, classes: number): readonly LayerProblem[] {
  const found: LayerProblem[] = [];
  const positive = (name: string, value: number | undefined): void => {
    if (value !== undefined && !(value > 0 && Number.isFinite(value)))
      found.push({ code: "type/range", params: { name, expected: "a number greater than 0", found: String(value) } });
  };
  positive("logit_temperature", settings.logitTemperature);
  const [amount] = settings.scale.args;
  if (settings.scale.variant !== "none") positive("scale", typeof amount === "number" ? amount : undefined);
  if (settings.logitBias === "auto" && classes === 1) found.push({ code: "bcos/logit-bias", params: {} });
  if (settings.encode.variant === "none") return found;

  const channels = input.at(-1);
  if (channels === undefined) throw new Error("an input without axes, which the grammar does not let through");
  if (settings.encode.variant === "add_inverse_normalized") {
    const [means, deviations] = listsOf(settings.encode);
    for (const [list, values] of [
      ["mean", means],
      ["std", deviations],
    ] as const)
      if (values.length !== channels)
        found.push({ code: "bcos/encode-channels", params: { list, found: values.length, channels } });
    if (deviations.some((d) => !(d > 0))) found.push({ code: "bcos/encode-deviation", params: {} });
  }
  return found;
}

/**
 * The first layer that doesn't fit in the B-cos form. The settings may have chosen a kind of norm that needs other shapes,
 * and the encoding doubles the input's channels behind the checker's back: a layer with a width of its own takes them in,
 * one that keeps or joins channels may not fit any more.
 */
function shapeProblems(network: Network): readonly Diagnostic[] {
  const input = encodedShape(network.input.shape, network.settings, "bcos");
  const channels = input.at(-1) ?? 0;
  const shapes: Shape[] = [];
  const report = (layer: LayerInstance | undefined, problem: string): readonly Diagnostic[] => [
    diagnose(
      "bcos/encoded-shape",
      { problem, channels },
      { span: layer?.span ?? network.input.span, expansion: layer?.expansion ?? [] },
    ),
  ];
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((value) => (value === "input" ? input : (shapes[value] ?? [])));
    const definition = layerTable[layer.layer];
    if (definition === undefined) throw new Error(`there is no layer ${layer.layer}`);
    const args = definition.settled?.(layer.arguments, network.settings) ?? layer.arguments;
    const asWritten = definition.shape(args, layer.inputShapes);
    if ("problem" in asWritten) {
      const { code, params } = asWritten.problem;
      return [diagnose(code, params as never, { span: layer.span, expansion: layer.expansion })];
    }
    const result = definition.shape(args, inputs);
    if ("problem" in result)
      return report(layer, diagnose(result.problem.code, result.problem.params as never).message);
    shapes.push(result.shape);
  }
  const output = network.outputs[0];
  const value = output?.value;
  const actual = value === "input" || value === undefined ? input : (shapes[value] ?? []);
  if (output === undefined || shapeText(actual) === shapeText(output.shape)) return [];
  const problem = `the output \`${output.name}\` is ${shapeText(actual)}, not ${shapeText(output.shape)}`;
  return report(typeof value === "number" ? network.layers[value] : undefined, problem);
}
