/**
 * Which tensor of a file becomes which weight of a model, where the names of layers carry nothing: by the order of the
 * layers. Both have to have the same things in the same order with the same shapes; anything else is `weights/order`.
 */
import { fail } from "../../../diagnostics/catalogue.ts";
import type { Shape } from "../../../shape.ts";
import { quoted } from "../quoted.ts";
import type { StoredTensor } from "../safetensors.ts";
import type { NameMatch } from "./match-names.ts";
import { differByOnes } from "./reshape.ts";

const statistics = ["running_mean", "running_var"];

/** What a tensor is to its layer: the last part of its name. */
function roleOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/**
 * Weights and biases are compared in order, and so are statistics: some programs put those of all layers behind all weights.
 * `names` are the tensors of the file that may be weights, in the order of the file. `place` is its name for messages.
 */
export function matchByOrder(
  wanted: ReadonlyMap<string, Shape>,
  tensors: ReadonlyMap<string, StoredTensor>,
  names: readonly string[],
  place?: string,
): NameMatch {
  const byPath = new Map<string, { name: string; rule: undefined }[]>();
  for (const isStatistic of [false, true]) {
    const ofKind = (list: readonly string[]): readonly string[] =>
      list.filter((name) => statistics.includes(roleOf(name)) === isStatistic);
    const [paths, found] = [ofKind([...wanted.keys()]), ofKind(names)];
    for (let i = 0; i < Math.max(paths.length, found.length); i++) {
      const [path, name] = [paths[i], found[i]];
      const problem = mismatch(path, path === undefined ? undefined : wanted.get(path), name, tensors);
      if (problem !== undefined)
        fail("weights/order", { position: i + 1, problem }, place === undefined ? {} : { place });
      byPath.set(path!, [{ name: name!, rule: undefined }]);
    }
  }
  return { prefix: "", byPath, copies: [] };
}

function mismatch(
  path: string | undefined,
  shape: Shape | undefined,
  name: string | undefined,
  tensors: ReadonlyMap<string, StoredTensor>,
): string | undefined {
  if (path === undefined || shape === undefined) return `the file has ${quoted(name!)}, and the model has no more`;
  if (name === undefined) return `the model has \`${path}\`, and the file has no more`;
  const found = tensors.get(name)!.shape;
  if (roleOf(name) === roleOf(path) && differByOnes(shape, found)) return undefined;
  return `the file has ${quoted(name)} of [${found.join(", ")}], the model \`${path}\` of [${shape.join(", ")}]`;
}
