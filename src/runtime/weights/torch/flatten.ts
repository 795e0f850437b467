/** The tensors in a pickle's value, by names. */
import { isKind, PickleError, type PickleDict, type PickleValue } from "./pickle.ts";
import type { TorchTensor } from "./read-torch.ts";

const MAX_DEPTH = 16;
const MAX_NAME = 1000;

/**
 * Walks through dicts in dicts and joins their keys by dots. What stands in lists, and what is no tensor, is left out: the
 * epoch, the settings of an optimiser.
 */
export function flattenTensors(value: PickleValue): Map<string, TorchTensor> {
  if (!isKind(value, "dict")) throw new PickleError("its content is not a dict of tensors");
  const tensors = new Map<string, TorchTensor>();
  const seen = new Set<PickleDict>();
  const visit = (dict: PickleDict, prefix: string, depth: number): void => {
    // A dict in two places, or within itself, would be walked through again and again.
    if (seen.has(dict) && dict.entries.size > 0) throw new PickleError("a dict in it stands in two places");
    if (depth > MAX_DEPTH) throw new PickleError(`dicts in it are nested deeper than ${MAX_DEPTH} levels`);
    seen.add(dict);
    for (const [key, item] of dict.entries) {
      const name = `${prefix}${key}`;
      if (isKind(item, "dict")) visit(item, `${name}.`, depth + 1);
      const tensor = isKind(item, "object") ? (item.value as Partial<TorchTensor>) : undefined;
      if (tensor?.storage === undefined) continue;
      if (name.length > MAX_NAME) throw new PickleError(`a name in it is longer than ${MAX_NAME} characters`);
      if (tensors.has(name)) throw new PickleError(`two tensors in it are named \`${name.slice(0, 100)}\``);
      tensors.set(name, tensor as TorchTensor);
    }
  };
  visit(value, "", 1);
  return tensors;
}
