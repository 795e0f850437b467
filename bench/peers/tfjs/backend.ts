/** One backend of tfjs. The library has one current backend for the whole process, so each call says which. */
import type { Tf } from "./types.ts";

export interface Backend {
  readonly tf: Tf;
  /** Makes it the current one. */
  use(): Promise<void>;
}

/** Milliseconds of `body` on that backend. */
export async function timedOn(backend: Backend, body: () => Promise<unknown>): Promise<number> {
  await backend.use();
  const start = performance.now();
  await body();
  return performance.now() - start;
}
