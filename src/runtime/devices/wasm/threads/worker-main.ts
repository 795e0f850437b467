/**
 * What runs in a worker: from the file `worker.ts`, or sent as text (`toString`) where there is no such file to find, as in
 * Node. So these functions must not use anything that is outside of them but each other, as `workerSource` puts them
 * together. Nor anything that compilers turn into calls of helpers, such as async functions.
 */
import type { Step } from "../steps.ts";
import type { Pieces } from "./shares.ts";

/** How a worker and the thread that started it talk. */
export interface Port {
  post(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
  listen(handler: (message: ToWorker) => void): void;
}

export type ToWorker =
  | SharedStart
  | IsolatedStart
  | { readonly kind: "write"; readonly offset: number; readonly values: Float32Array }
  | { readonly kind: "read"; readonly offset: number; readonly length: number }
  | { readonly kind: "run"; readonly first: number; readonly end: number; readonly timed: boolean };

/** One of several threads, with what they share, led by the words of `control`. */
export interface Walker {
  readonly control: Int32Array;
  /** What nobody has taken yet of the steps in pieces: a word a step and thread. */
  readonly parts: Int32Array;
  readonly thread: number;
  readonly threads: number;
  readonly clock: SharedClock;
}

/** A walker in a worker, on a shared memory. */
export interface SharedStart extends Walker {
  readonly kind: "shared";
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly steps: readonly Step[];
  /** This thread posts `done` at the end of each job. */
  readonly reports: boolean;
}

/** Where a thread writes when it began and ended each step: two numbers a step. */
export interface SharedClock {
  readonly times: Float64Array;
  /** `performance.timeOrigin` of the thread that reads them. */
  readonly origin: number;
}

/** The only thread, with a memory of its own, led by messages. */
export interface IsolatedStart {
  readonly kind: "isolated";
  readonly module: WebAssembly.Module;
  readonly pages: number;
  readonly steps: readonly Step[];
  /** `performance.timeOrigin` of the thread that started it. */
  readonly origin: number;
}

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly reason: string }
  /** `times`: start and end of each step of a timed run. */
  | { readonly kind: "done"; readonly times?: Float64Array<ArrayBuffer> }
  | { readonly kind: "failed"; readonly step: number; readonly reason: string }
  | { readonly kind: "values"; readonly values: Float32Array<ArrayBuffer> };

export type KernelFunction = (...values: number[]) => void;

/** A step with its function. */
export interface BoundStep {
  readonly kernel: KernelFunction | undefined;
  /** This thread's own: the last two, first unit and the one behind the last, change where it is in pieces. */
  readonly values: number[];
  readonly meet: boolean;
  readonly pieces: Pieces | undefined;
}

export function bindSteps(steps: readonly Step[], exports: WebAssembly.Exports): BoundStep[] {
  return steps.map(({ kernel, values, meet, pieces }) => ({
    kernel: kernel === undefined ? undefined : (exports[kernel] as KernelFunction),
    values: [...values],
    meet,
    pieces,
  }));
}

/**
 * Takes pieces for a thread, as a word like those of `shares.ts`, or 0 where none are left. The words of a step begin at
 * `base`.
 */
export function takeShare(parts: Int32Array, base: number, threads: number, thread: number): number {
  for (let turn = 0; turn < threads; turn++) {
    const at = base + ((thread + turn) % threads);
    for (;;) {
      const part = Atomics.load(parts, at);
      const [first, end] = [part >>> 16, part & 0xffff];
      if (first >= end) break;
      // Large shares first, as each may go through the same tensors again, and small ones when all are about to be done.
      const own = turn === 0;
      const quarters = own ? 3 : 2;
      const count = (quarters * (end - first) + 3) >> 2;
      const left = own ? ((first + count) << 16) | end : (first << 16) | (end - count);
      if (Atomics.compareExchange(parts, at, part, left) !== part) continue;
      return own ? (first << 16) | (first + count) : ((end - count) << 16) | end;
    }
  }
  return 0;
}

/** Works on a step until nothing of it is left that nobody has taken. */
export function workOn(
  { kernel, values, pieces }: BoundStep,
  parts: Int32Array,
  base: number,
  threads: number,
  thread: number,
): void {
  if (pieces === undefined) return kernel!(...values);
  const { size, units } = pieces;
  for (;;) {
    const share = takeShare(parts, base, threads, thread);
    if (share === 0) return;
    values[values.length - 2] = (share >>> 16) * size;
    values[values.length - 1] = Math.min((share & 0xffff) * size, units);
    kernel!(...values);
  }
}

/**
 * One thread's way through the steps `first` … `end`. All threads walk the same steps and meet where these say so.
 * After a failure anywhere they go on meeting, without working, so that none waits for ever.
 *
 * Who waits longer than `patience` milliseconds at a meeting comes back with the step behind it: others may have ended,
 * which only the event loop tells. `waitFor` goes on waiting, then the walk goes on with that step.
 *
 * Words of `control`: 0 number of the job, 1 first step, 2 end, 3 threads that have come to the meeting, 4 number of the
 * meeting, 5 1 + the step that failed first, 6 length of the reason, 7 whether steps are timed, 8 the meeting that lasted
 * longer than the patience, from 16 on the reason's characters.
 */
export function walkSteps(
  { control, parts, thread, threads, clock: { times, origin } }: Walker,
  steps: readonly BoundStep[],
  first: number,
  end: number,
  patience: number,
): number | undefined {
  const timed = control[7] !== 0;
  const shift = timed ? performance.timeOrigin - origin : 0;
  for (let i = first; i < end; i++) {
    const step = steps[i]!;
    if (step.kernel !== undefined && Atomics.load(control, 5) === 0) {
      try {
        if (timed) times[2 * i] = shift + performance.now();
        workOn(step, parts, i * threads, threads, thread);
        if (timed) times[2 * i + 1] = shift + performance.now();
      } catch (error) {
        if (Atomics.compareExchange(control, 5, 0, i + 1) === 0) {
          const reason = String(error instanceof Error ? error.message : error).slice(0, control.length - 16);
          for (let c = 0; c < reason.length; c++) control[16 + c] = reason.charCodeAt(c);
          Atomics.store(control, 6, reason.length);
        }
      }
    }
    if (!step.meet) continue;
    const meeting = Atomics.load(control, 4);
    if (Atomics.add(control, 3, 1) === threads - 1) {
      Atomics.store(control, 3, 0);
      Atomics.add(control, 4, 1);
      Atomics.notify(control, 4);
      continue;
    }
    if (waitFor(control, meeting, patience)) continue;
    control[8] = meeting;
    return i + 1;
  }
  return undefined;
}

/** Whether the meeting was over within `patience` milliseconds. */
export function waitFor(control: Int32Array, meeting: number, patience: number): boolean {
  // The others are mostly a few microseconds behind; who waits longer sleeps, as the processor may be needed elsewhere.
  for (let turn = 0; turn < 2000 && Atomics.load(control, 4) === meeting; turn++);
  while (Atomics.load(control, 4) === meeting) {
    if (Atomics.wait(control, 4, meeting, patience) === "timed-out") return Atomics.load(control, 4) !== meeting;
  }
  return true;
}

/** The life of a worker: it is told once what it is, and works until it is terminated. */
export function runWorker(port: Port): void {
  const refuse = (error: unknown): void => port.post({ kind: "refused", reason: String(error) });
  const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<WebAssembly.Instance> =>
    WebAssembly.instantiate(module, { env: { memory } });

  const serveShared = (start: SharedStart, instance: WebAssembly.Instance): void => {
    const { control } = start;
    const bound = bindSteps(start.steps, instance.exports);
    port.post({ kind: "ready" });
    // This never ends, so no message is read any more; those that are posted still leave.
    for (let job = 0; ;) {
      Atomics.wait(control, 0, job);
      if (Atomics.load(control, 0) === job) continue;
      job = Atomics.load(control, 0);
      walkSteps(start, bound, control[1]!, control[2]!, Infinity);
      if (start.reports) port.post({ kind: "done" });
    }
  };

  let memory: WebAssembly.Memory | undefined;
  let bound: readonly BoundStep[] = [];
  let shift = 0;
  const startIsolated = ({ module, pages, steps, origin }: IsolatedStart): void => {
    shift = performance.timeOrigin - origin;
    const own = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const start = ({ exports }: WebAssembly.Instance): void => {
      memory = own;
      bound = bindSteps(steps, exports);
      port.post({ kind: "ready" });
    };
    instantiate(module, own).then(start).catch(refuse);
  };
  const runAll = (first: number, end: number, timed: boolean): void => {
    const times = timed ? new Float64Array(2 * (end - first)) : undefined;
    for (let i = first; i < end; i++) {
      const { kernel, values } = bound[i]!;
      try {
        if (times !== undefined) times[2 * (i - first)] = shift + performance.now();
        kernel?.(...values);
        if (times !== undefined) times[2 * (i - first) + 1] = shift + performance.now();
      } catch (error) {
        port.post({ kind: "failed", step: i, reason: String(error instanceof Error ? error.message : error) });
        return;
      }
    }
    if (times === undefined) port.post({ kind: "done" });
    else port.post({ kind: "done", times }, [times.buffer]);
  };

  port.listen((message) => {
    switch (message.kind) {
      case "shared":
        instantiate(message.module, message.memory)
          .then((instance) => serveShared(message, instance))
          .catch(refuse);
        break;
      case "isolated":
        try {
          startIsolated(message);
        } catch (error) {
          refuse(error);
        }
        break;
      case "write":
        new Float32Array(memory!.buffer, message.offset, message.values.length).set(message.values);
        break;
      case "read": {
        const values = new Float32Array(memory!.buffer, message.offset, message.length).slice();
        port.post({ kind: "values", values }, [values.buffer]);
        break;
      }
      case "run":
        runAll(message.first, message.end, message.timed);
        break;
      default:
        message satisfies never;
    }
  });
}

/**
 * The port of a worker in a browser. Browsers tell nobody that a worker was terminated, but they release the lock that it
 * held: the first message is its name, "" where pages have no locks. Before the worker has its lock it answers nothing.
 */
export function browserPort(): Port {
  const scope = self as unknown as {
    postMessage(message: FromWorker, transfer: readonly ArrayBuffer[]): void;
    onmessage: (event: { readonly data: unknown }) => void;
  };
  return {
    post: (message, transfer = []) => scope.postMessage(message, transfer),
    listen: (handler) => {
      let held: Promise<void> | undefined;
      const hold = (lock: string): Promise<void> =>
        new Promise((resolve) => {
          navigator.locks.request(lock, () => {
            resolve();
            return new Promise(() => {});
          });
        });
      scope.onmessage = ({ data }) => {
        if (held === undefined) held = data === "" ? Promise.resolve() : hold(data as string);
        else held.then(() => handler(data as ToWorker));
      };
    },
  };
}

/** The program of a worker. `port` is an expression, as text, for its `Port`. */
export function workerSource(port: string): string {
  // Minifiers may have given the functions other names; bundlers that keep names of functions call `__name` for it.
  const prelude = `"use strict";\nconst __name = (value) => value;`;
  return `${[prelude, bindSteps, takeShare, workOn, waitFor, walkSteps, runWorker, browserPort].join("\n")}\n${runWorker.name}(${port});\n`;
}
