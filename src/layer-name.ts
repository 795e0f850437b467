/** What a launch is called: for the layer that it belongs to, or the several that small launches were put together for. */

/** As the label of a launch has it. */
export interface LayerLabel {
  readonly path: string;
  readonly parts?: readonly { readonly path: string }[];
}

/** For people: a path, `a, b` for two, `a and 3 more`, "" for what belongs to no layer. */
export function layerName({ path, parts }: LayerLabel): string {
  if (parts === undefined) return path;
  const named = parts.flatMap((part) => (part.path === "" ? [] : [part.path]));
  const paths = named.length === parts.length ? named : [...named, "(no layer)"];
  return paths.length === 2 ? paths.join(", ") : `${paths[0]!} and ${paths.length - 1} more`;
}
