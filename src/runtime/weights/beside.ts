/** Files that belong to a weight file and lie in its folder. */

/** By their names. */
export type FilesBeside = ReadonlyMap<string, Uint8Array>;

/**
 * Whether it names a file in the same folder: no path, no hidden file. What a weight file asks for is read only then, so that
 * it can't ask for anything else on the machine.
 */
export function isPlainFileName(name: string): boolean {
  return /^[\w][\w.+ -]{0,199}$/.test(name);
}
