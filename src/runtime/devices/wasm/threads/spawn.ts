/** Starts workers: `worker_threads` in Node, `Worker` in browsers, behind one interface. */
import type * as workerThreads from "node:worker_threads";
import { SpawnFailure } from "../engine.ts";
import { nodeModule } from "../features.ts";
import { workerSource, type FromWorker, type ToWorker } from "./worker-main.ts";

export interface Thread {
  post(message: ToWorker): void;
  /** Resolves to the next message. Rejects where the worker ends or fails. One caller at a time. */
  next(): Promise<FromWorker>;
  /** Why the worker has ended or failed, as soon as the event loop has told. */
  loss(): Error | undefined;
  /** Resolves to that. */
  readonly lost: Promise<Error>;
  /** From now on the thread keeps no program from ending, except while `next` waits. */
  end(): Promise<void>;
}

/** What a host's worker is reduced to. */
interface RawWorker {
  post(message: ToWorker): void;
  /** Whether this worker keeps the process alive. */
  hold(alive: boolean): void;
  terminate(): Promise<unknown>;
}

interface Events {
  message(message: FromWorker): void;
  failed(error: unknown): void;
}

const NODE_PORT = `(() => {
  const { parentPort } = require("node:worker_threads");
  return {
    post: (message, transfer) => parentPort.postMessage(message, transfer),
    listen: (handler) => parentPort.on("message", handler),
  };
})()`;

/**
 * Browsers tell nobody that a worker was terminated, but they release the lock that it held. `lock` is its name; absent
 * where pages have no locks. Before the worker has its lock it answers nothing.
 */
const browserPort = (lock: string | undefined): string => `({
  post: (message, transfer) => self.postMessage(message, transfer ?? []),
  listen: (handler) => {
    const lock = ${JSON.stringify(lock ?? null)};
    const held = lock === null ? Promise.resolve() : new Promise((resolve) => {
      navigator.locks.request(lock, () => { resolve(); return new Promise(() => {}); });
    });
    self.onmessage = (event) => held.then(() => handler(event.data));
  },
})`;

/** Whether this engine has workers at all. */
export function hasWorkers(): boolean {
  return nodeModule("node:worker_threads") !== undefined || typeof Worker !== "undefined";
}

/** Starts a worker and tells it what it is. Throws a `SpawnFailure` where it does not come up. */
export async function spawn(start: ToWorker): Promise<Thread> {
  const thread = startThread();
  try {
    thread.post(start);
    const answer = await thread.next();
    if (answer.kind !== "ready") throw new Error(answer.kind === "refused" ? answer.reason : answer.kind);
    return thread;
  } catch (error) {
    await thread.end();
    throw new SpawnFailure(error instanceof Error ? error.message : String(error));
  }
}

function startThread(): Thread {
  const arrived: FromWorker[] = [];
  let waiting: { resolve: (message: FromWorker) => void; reject: (error: unknown) => void } | undefined;
  let failure: Error | undefined;
  let tellLoss: (error: Error) => void;
  const lost = new Promise<Error>((resolve) => (tellLoss = resolve));
  const release = (): typeof waiting => {
    const released = waiting;
    waiting = undefined;
    raw.hold(false);
    return released;
  };
  const raw = createRaw({
    message: (message) => {
      if (waiting === undefined) arrived.push(message);
      else release()!.resolve(message);
    },
    failed: (error) => {
      failure ??= error instanceof Error ? error : new Error(String(error));
      tellLoss(failure);
      if (waiting !== undefined) release()!.reject(failure);
    },
  });
  raw.hold(false);
  return {
    post: (message) => raw.post(message),
    next: () => {
      const message = arrived.shift();
      if (message !== undefined) return Promise.resolve(message);
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        raw.hold(true);
      });
    },
    loss: () => failure,
    lost,
    end: async () => {
      await raw.terminate();
    },
  };
}

function createRaw(events: Events): RawWorker {
  try {
    const node = nodeModule("node:worker_threads");
    return node === undefined ? browserWorker(events) : nodeWorker(node, events);
  } catch (error) {
    throw new SpawnFailure(error instanceof Error ? error.message : String(error));
  }
}

function nodeWorker(node: typeof workerThreads, events: Events): RawWorker {
  // No flags of this process: some are refused in workers, and none is needed there.
  const worker = new node.Worker(workerSource(NODE_PORT), { eval: true, execArgv: [], env: {} });
  worker.on("message", (message: FromWorker) => events.message(message));
  worker.on("error", (error) => events.failed(error));
  worker.on("exit", () => events.failed(new Error("the worker has ended")));
  return {
    post: (message) => worker.postMessage(message),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    terminate: () => worker.terminate(),
  };
}

function browserWorker(events: Events): RawWorker {
  // Only secure contexts have locks, whatever the types say.
  const locks = navigator.locks as LockManager | undefined;
  const lock = locks && `bcosc ${crypto.randomUUID()}`;
  const url = URL.createObjectURL(new Blob([workerSource(browserPort(lock))], { type: "text/javascript" }));
  const worker = new Worker(url);
  let watched = false;
  worker.onmessage = (event: MessageEvent<FromWorker>) => {
    if (!watched && lock !== undefined) {
      void locks!.request(lock, () => events.failed(new Error("the worker has ended")));
    }
    watched = true;
    events.message(event.data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    events.failed(new Error(event.message || "the worker could not be started"));
  };
  return {
    post: (message) => worker.postMessage(message),
    hold: () => undefined,
    terminate: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
      events.failed(new Error("the worker has ended"));
      return Promise.resolve();
    },
  };
}
