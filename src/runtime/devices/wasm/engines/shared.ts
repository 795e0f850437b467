/**
 * Runs steps on several threads that see one memory. Every thread has the whole list of steps from the start; a job is
 * three words in a shared array, so no message is sent for it.
 */
import { StepFailure, ThreadLoss, type Engine, type EngineSource, type RecordStep } from "../engine.ts";
import { allocateMemory, compile } from "../instance.ts";
import { initialParts } from "../threads/shares.ts";
import { spawn, type Thread } from "../threads/spawn.ts";
import { bindSteps, waitFor, walkSteps, type Walker } from "../threads/worker-main.ts";

const CONTROL_WORDS = 16 + 256;
/** How long this thread sleeps, in milliseconds, before it looks whether the others are still there. */
const PATIENCE = 250;

/**
 * Where this thread may wait for others (`takesPart`) it is the first of the threads; else, on a browser's main thread,
 * all of them are workers and the first one posts a message when a job is done. Throws a `SpawnFailure` where a worker
 * can not be started.
 */
export async function createSharedEngine(source: EngineSource, takesPart: boolean): Promise<Engine> {
  const memory = allocateMemory(source.pages, true);
  const module = await compile(source.module, true);
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  const count = source.steps.length;

  const untaken = new Int32Array(count * source.steps[0]!.length);
  source.steps[0]!.forEach(({ pieces }, step) => {
    if (pieces !== undefined) untaken.set(initialParts(pieces, count), count * step);
  });
  const parts = new Int32Array(new SharedArrayBuffer(untaken.byteLength));
  const walkers = source.steps.map((steps, thread): Walker => {
    const times = new Float64Array(new SharedArrayBuffer(16 * steps.length));
    return { control, parts, thread, threads: count, clock: { times, origin: performance.timeOrigin } };
  });
  const starts = walkers.map((walker, thread) => {
    const reports = thread === 0 && !takesPart;
    return { ...walker, kind: "shared", module, memory, steps: source.steps[thread]!, reports } as const;
  });
  const settled = await Promise.allSettled((takesPart ? starts.slice(1) : starts).map(spawn));
  const threads = settled.flatMap((s) => (s.status === "fulfilled" ? [s.value] : []));
  const end = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.end()));
  };
  const failed = settled.find((s) => s.status === "rejected");
  if (failed !== undefined) {
    await end();
    throw failed.reason;
  }

  let numbers = new Float32Array(memory.buffer);
  const own = takesPart
    ? bindSteps(source.steps[0]!, (await WebAssembly.instantiate(module, { env: { memory } })).exports)
    : undefined;
  const alone = { ...walkers[0]!, threads: 1 };
  let observer: RecordStep | undefined;
  const aloneUntil = own === undefined ? [] : lastAlone(source);

  async function job(first: number, last: number): Promise<void> {
    requireAll(threads);
    control[1] = first;
    control[2] = last;
    control[7] = observer === undefined ? 0 : 1;
    if (own !== undefined && aloneUntil[first]! >= last) {
      walkSteps(alone, own, first, last, Infinity);
      return;
    }
    parts.set(untaken.subarray(count * first, count * last), count * first);
    Atomics.add(control, 0, 1);
    Atomics.notify(control, 0);
    if (own === undefined) return finished(threads);
    const walk = (from: number): number | undefined => walkSteps(walkers[0]!, own, from, last, PATIENCE);
    for (let next = walk(first); next !== undefined;) {
      // No event is told while this thread sleeps: that a worker has ended is one.
      await new Promise((resolve) => setTimeout(resolve));
      requireAll(threads);
      if (waitFor(control, control[8]!, PATIENCE)) next = walk(next);
    }
  }

  return {
    write: (offset, values) => numbers.set(values, offset / 4),
    read: (offset, length) => numbers.slice(offset / 4, offset / 4 + length),
    async run(first, last) {
      await job(first, last);
      const failure = takeFailure(control);
      if (failure !== undefined) throw failure;
      if (observer !== undefined) tell(source, walkers, first, last, observer);
    },
    observe: (record) => void (observer = record),
    async dispose() {
      numbers = new Float32Array(0);
      own?.splice(0);
      await end();
    },
  };
}

/** What the threads wrote down of the job that is done. */
function tell(
  { steps }: EngineSource,
  walkers: readonly Walker[],
  first: number,
  end: number,
  record: RecordStep,
): void {
  for (let step = first; step < end; step++) {
    walkers.forEach(({ clock: { times } }, thread) => {
      if (steps[thread]![step]!.kernel !== undefined) record(step, thread, times[2 * step]!, times[2 * step + 1]!);
    });
  }
}

/** For each step, up to where the first thread is the only one that works: no other has to be woken for that. */
function lastAlone({ steps }: EngineSource): number[] {
  const until: number[] = [];
  const others = steps.slice(1);
  for (let i = steps[0]!.length - 1; i >= 0; i--) {
    const shared = others.some((list) => list[i]!.kernel !== undefined);
    until[i] = shared ? i : (until[i + 1] ?? i + 1);
  }
  return until;
}

/** Work that is shared between threads ends only with all of them. */
function requireAll(threads: readonly Thread[]): void {
  for (const thread of threads) {
    const loss = thread.loss();
    if (loss !== undefined) throw new ThreadLoss(loss.message);
  }
}

async function finished(threads: readonly Thread[]): Promise<void> {
  const lost = Promise.race(threads.map((thread) => thread.lost));
  const message = await Promise.race([threads[0]!.next(), lost]).catch((error: Error) => error);
  if (message instanceof Error) throw new ThreadLoss(message.message);
  if (message.kind !== "done") throw new Error(`a worker says ${message.kind}`);
}

/** What went wrong in the last job, as `walkSteps` writes it down. */
function takeFailure(control: Int32Array): StepFailure | undefined {
  const failed = Atomics.load(control, 5);
  if (failed === 0) return undefined;
  const length = Atomics.load(control, 6);
  const reason = String.fromCharCode(...control.subarray(16, 16 + length));
  Atomics.store(control, 5, 0);
  return new StepFailure(failed - 1, reason);
}
