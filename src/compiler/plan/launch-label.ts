/** What a launch is called: for the layer that it belongs to, or the several that small launches were put together for. */
import type { LaunchLabel, LaunchPart } from "./plan.ts";

/** For people: a path, `a, b` for two, `a and 3 more`, "" for what belongs to no layer. */
export function layerName({ path, parts }: LaunchLabel): string {
  if (parts === undefined) return path;
  const named = parts.flatMap((part) => (part.path === "" ? [] : [part.path]));
  const paths = named.length === parts.length ? named : [...named, "(no layer)"];
  return paths.length === 2 ? paths.join(", ") : `${paths[0]!} and ${paths.length - 1} more`;
}

/** One part a layer, in the order of the first launch of each. */
export function partsOf(launches: readonly LaunchPart[]): readonly LaunchPart[] {
  const parts = new Map<string, LaunchPart>();
  for (const { path, flops, bytes } of launches) {
    const before = parts.get(path) ?? { path, flops: 0, bytes: 0 };
    parts.set(path, { path, flops: before.flops + flops, bytes: before.bytes + bytes });
  }
  return [...parts.values()];
}
