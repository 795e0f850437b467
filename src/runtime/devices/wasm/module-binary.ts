/** Fits a compiled module to the memory at hand: its import of `env.memory` is declared shared or not. */

const IMPORT_SECTION = 2;
const MEMORY_KIND = 2;
const SHARED = 2;

/** The module with its one import, a memory, declared shared or not. One byte is all that differs. */
export function withMemoryShared(module: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> {
  const at = memoryFlags(module);
  const copy = module.slice();
  copy[at] = shared ? copy[at]! | SHARED : copy[at]! & ~SHARED;
  return copy;
}

/** Where the flags of the imported memory are. Throws where the first import is something else. */
function memoryFlags(module: Uint8Array): number {
  // Behind the magic number and the version there are sections: a kind, a size, the content.
  let at = 8;
  const readSize = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++];
      if (byte === undefined || shift > 28) throw new Error("the module ends too early");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const skip = (bytes: number): void => {
    at += bytes;
  };
  while (at < module.length && module[at++] !== IMPORT_SECTION) skip(readSize());
  // The section's size and the number of imports, then the two names of the first one and its kind.
  for (let i = 0; i < 2; i++) readSize();
  for (let i = 0; i < 2; i++) skip(readSize());
  if (module[at++] !== MEMORY_KIND) throw new Error("the module does not import a memory");
  return at;
}
