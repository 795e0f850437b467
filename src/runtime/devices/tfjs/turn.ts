/**
 * TensorFlow.js has one current backend for the whole process. A session makes its own the current one for as long as it
 * makes calls, which it does without waiting, and then puts back what was there: nobody else ever sees the change.
 */
import type { TfjsEngine } from "./tf.ts";

/** Fields of the engine that say what is current, in 4.22; some are private in its types. */
interface Current {
  backendName: unknown;
  backendInstance: unknown;
  pendingBackendInit: unknown;
  profiler: unknown;
}

export interface OpenedBackend {
  readonly engine: TfjsEngine;
  readonly name: string;
  readonly instance: object;
  /** What `setBackend` would make current. */
  readonly current: Readonly<Current>;
}

function currentOf(engine: TfjsEngine): Current {
  const { backendName, backendInstance, pendingBackendInit, profiler } = engine as unknown as Current;
  return { backendName, backendInstance, pendingBackendInit, profiler };
}

/** Whether any backend is current. */
function isOne({ backendName }: Current): boolean {
  return backendName !== undefined && backendName !== null;
}

/** Does `work`, which must not wait for anything, with the backend as the current one. */
export function onBackend<T>({ engine, current }: OpenedBackend, work: () => T): T {
  const before = currentOf(engine);
  Object.assign(engine, current);
  try {
    return work();
  } finally {
    Object.assign(engine, before);
  }
}

/** Does `work`, and makes current what was so before: packages may make themselves the current one when imported. */
export async function keepCurrent<T>(work: () => Promise<T>): Promise<T> {
  const engine = (globalThis as { _tfengine?: TfjsEngine })._tfengine;
  const before = engine === undefined ? undefined : currentOf(engine);
  try {
    return await work();
  } finally {
    if (engine !== undefined && before !== undefined && isOne(before)) Object.assign(engine, before);
  }
}

const opened = new WeakMap<TfjsEngine, Map<string, Promise<OpenedBackend | undefined>>>();

/**
 * The backend, initialised where it is not yet, once for each engine. Undefined where none of this name is registered;
 * throws what its initialisation throws. What is current stays so; where nothing was, this becomes it, as the first one
 * that is used does: else the engine would make a second instance when it chooses one.
 */
export async function openBackend(engine: TfjsEngine, name: string): Promise<OpenedBackend | undefined> {
  const known = opened.get(engine) ?? new Map<string, Promise<OpenedBackend | undefined>>();
  opened.set(engine, known);
  const before = known.get(name);
  if (before !== undefined) {
    const own = await before.catch(() => undefined);
    // The program may have removed it since.
    if (own !== undefined && engine.registry[name] === own.instance) return own;
  }
  const opening = initialise(engine, name);
  known.set(name, opening);
  return opening;
}

async function initialise(engine: TfjsEngine, name: string): Promise<OpenedBackend | undefined> {
  // The program may be initialising this one itself.
  await (engine as unknown as Current).pendingBackendInit;
  const create = engine.findBackendFactory(name);
  if (create === null) return undefined;
  if (engine.registry[name] === undefined) {
    const instance = await (create() as object | Promise<object>);
    engine.registry[name] ??= instance;
  }
  const instance = engine.registry[name]!;
  const before = currentOf(engine);
  Object.assign(engine, { pendingBackendInit: null });
  // It sets up the kernels, and with an instance there it is done before it returns.
  void engine.setBackend(name);
  const current = currentOf(engine);
  if (isOne(before)) Object.assign(engine, before);
  return { engine, name, instance, current };
}
