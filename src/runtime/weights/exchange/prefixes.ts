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

/** Every prefix that names in the file have, the empty one first, in the order in which they are preferred. */
export function prefixesIn(names: Iterable<string>): readonly string[] {
  const list = [...names];
  const found = [""];
  let last: readonly string[] = found;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    last = last.flatMap((prefix) =>
      wrappers.map((w) => prefix + w).filter((longer) => list.some((name) => name.startsWith(longer))),
    );
    found.push(...last.filter((prefix) => !found.includes(prefix)));
  }
  return found;
}
