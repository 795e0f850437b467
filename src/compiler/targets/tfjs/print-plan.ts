/** Plans for TensorFlow.js as text, a line a call. The same plan always gives the same text. */
import type { Shape } from "../../../shape.ts";
import { scaled } from "../../scaled.ts";
import type { TfjsCall } from "./call.ts";
import { kernelsOf } from "./capabilities.ts";
import { peakBytes } from "./order.ts";
import type { TfjsPlan } from "./plan.ts";

/** The whole plan: totals, kernels by number of calls, and all calls. Ends with a newline. */
export function printTfjsPlan(plan: TfjsPlan): string {
  const made = plan.calls.filter(({ op }) => op !== "reshape");
  const prepared = made.filter(({ prepare }) => prepare === true).length;
  const kept = new Set([...Object.values(plan.outputs), ...Object.values(plan.updates)].map(({ value }) => value));
  const title = `${plan.graph} for tfjs:${plan.backend}, batch ${plan.batch}`;
  const counts = `${made.length - prepared} calls in every run, ${prepared} when the weights change`;
  const lines = plan.calls.flatMap((call, i) => [
    ...(i === plan.repeat?.first ? [`again for another ${plan.repeat.feeds.join(", ")}:`] : []),
    callLine(call),
  ]);
  return [
    `${title}: ${counts}, ${scaled(peakBytes({ calls: plan.calls, kept }))}B at most beside the state`,
    kernelCounts(made),
    "",
    ...lines,
    "",
    ...Object.entries(plan.outputs).map(([name, { value, shape }]) => `output ${name} = %${value} ${shapeText(shape)}`),
    ...Object.entries(plan.updates).map(([path, { value, shape }]) => `update ${path} = %${value} ${shapeText(shape)}`),
    "",
  ].join("\n");
}

const shapeText = (shape: Shape): string => `[${shape.join(", ")}]`;

/** The most frequent first. */
function kernelCounts(calls: readonly TfjsCall[]): string {
  const counts = new Map<string, number>();
  for (const call of calls) {
    for (const kernel of kernelsOf(call)) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return `kernels: ${sorted.map(([kernel, count]) => `${kernel} ${count}`).join(", ")}`;
}

function callLine(call: TfjsCall): string {
  const inputs = call.inputs.map((input) => `%${input}`).join(", ");
  const attributes = Object.entries(call.attributes)
    .filter(([name, value]) => isTold(name, value))
    .map(([name, value]) => ` ${name}=${Array.isArray(value) ? shapeText(value) : String(value)}`)
    .join("");
  const layer = call.layer === undefined ? "" : `  ${call.layer}`;
  const when = call.prepare === true ? "  prepared" : "";
  return `%${call.value} = ${call.op}(${inputs})${attributes} ${shapeText(call.shape)}${layer}${when}`;
}

/** What is not as it mostly is: strides of 1, no padding, no bias. */
function isTold(name: string, value: unknown): boolean {
  const usual = name === "strides" || name === "dilations" ? 1 : 0;
  if (Array.isArray(value) && value.length > 0) return value.some((v) => v !== usual);
  return value !== false && value !== "linear" && value !== 0;
}
