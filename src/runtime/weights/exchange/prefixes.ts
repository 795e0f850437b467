/** What wrappers put in front of the names of a network's tensors. */

/** One layer of wrapping each; several may stand in a row. In this order they are preferred. */
const wrappers = [
  "state_dict.",
  "model_state_dict.",
  "model.",
  "module.",
  "net.",
  "network.",
  "backbone.",
  "_orig_mod.",
  "0.",
  // Running averages of weights: taken where nothing else is there.
  "ema.module.",
  "ema.",
  "model_ema.",
  "state_dict_ema.",
] as const;

/** Parts of checkpoints that are no weights. */
export const leftAside: readonly string[] = [
  "optimizer.",
  "optimizer_states.",
  "optimizer_state_dict.",
  "optim.",
  "scheduler.",
  "lr_scheduler.",
  "lr_schedulers.",
  "scaler.",
  "amp_scaler.",
  "callbacks.",
  "loops.",
];

const MAX_DEPTH = 4;
/** Prefixes that are tried: files have one or two, and each has to be compared with every name. */
const MAX_PREFIXES = 32;

/** The prefixes that names in the file have, the empty one first, in the order in which they are preferred. */
export function prefixesIn(names: Iterable<string>): readonly string[] {
  const found = new Set([""]);
  let groups: readonly { readonly prefix: string; readonly names: readonly string[] }[] = [
    { prefix: "", names: [...names] },
  ];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    groups = groups
      .flatMap((group) => wrappers.map((wrapper) => ({ prefix: group.prefix + wrapper, names: group.names })))
      .map((group) => ({ ...group, names: group.names.filter((name) => name.startsWith(group.prefix)) }))
      .filter((group) => group.names.length > 0 && !found.has(group.prefix))
      .slice(0, MAX_PREFIXES - found.size);
    for (const { prefix } of groups) found.add(prefix);
  }
  return [...found];
}
