/** What a run is fed with: numbers, or tensors of the backend. */
import type { GraphName } from "../../../compiler/graph/program.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { sameShape } from "../../../shape.ts";
import type { Tensor } from "../../device.ts";
import type { AskedRun } from "../plan-run.ts";
import { checkFeeds } from "../reference/feeds.ts";
import type { TfjsTensor } from "./tf.ts";
import type { OpenedBackend } from "./turn.ts";

export type Feed = Float32Array | TfjsTensor;

/**
 * The feeds that the run reads. Fails with `run/feed` on what `checkFeeds` refuses, and on tensors of another shape or type,
 * that are disposed, or of another backend: taking those over would move them from where they belong.
 */
export function checkTensorFeeds(
  graph: GraphName,
  { signature, demanded }: Pick<AskedRun<never>, "signature" | "demanded">,
  feeds: Readonly<Record<string, Tensor | TfjsTensor>>,
  { engine, instance, name: backend }: OpenedBackend,
): Map<string, Feed> {
  const tensors: [string, TfjsTensor][] = [];
  const numbers: [string, ArrayLike<number>][] = [];
  for (const [name, feed] of Object.entries(feeds)) {
    if (isTensor(feed)) tensors.push([name, feed]);
    else numbers.push([name, feed]);
  }
  const { tensorInfo } = (engine as unknown as Tracking).state;
  for (const [name, tensor] of tensors) {
    const shape = Object.hasOwn(signature.inputs, name) ? signature.inputs[name]! : undefined;
    const problem = ((): string | undefined => {
      if (shape === undefined) return undefined;
      if (tensor.isDisposed) return "was given a tensor that is disposed for the feed";
      const found = `${tensor.dtype} [${tensor.shape.join(", ")}]`;
      if (tensor.dtype !== "float32" || !sameShape(tensor.shape, shape)) {
        return `takes a tensor float32 [${shape.join(", ")}], not ${found}, for the feed`;
      }
      const owner = tensorInfo.get(tensor.dataId)?.backend;
      return owner === instance
        ? undefined
        : `takes a tensor of the backend \`${backend}\`, not of another, for the feed`;
    })();
    if (problem !== undefined) fail("run/feed", { graph, name, problem, takes: takesOf(signature) });
  }
  // Names that the graph does not have are refused there, whatever was given for them.
  const unknown = tensors.flatMap(([name]) => (Object.hasOwn(signature.inputs, name) ? [] : [[name, []] as const]));
  const given = new Map(tensors);
  const others = new Set([...demanded].filter((name) => !given.has(name)));
  const all = Object.fromEntries([...numbers, ...unknown]);
  const result = checkFeeds(graph, signature.inputs, others, all, "float32") as Map<string, Feed>;
  for (const [name, tensor] of tensors) if (demanded.has(name)) result.set(name, tensor);
  return result;
}

interface Tracking {
  readonly state: { readonly tensorInfo: { get(data: object): { readonly backend: object } | undefined } };
}

function isTensor(feed: Tensor | TfjsTensor): feed is TfjsTensor {
  return !ArrayBuffer.isView(feed) && "dataId" in feed;
}

function takesOf({ inputs }: AskedRun<never>["signature"]): string {
  return Object.entries(inputs)
    .map(([name, shape]) => `\`${name}\` [${shape.join(", ")}]`)
    .join(", ");
}
