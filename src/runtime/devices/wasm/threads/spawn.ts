/** Starts workers: `worker_threads` in Node, `Worker` in browsers, behind one interface. */
import type * as workerThreads from "node:worker_threads";
import { SpawnFailure } from "../engine.ts";
import { nodeModule } from "../features.ts";
import { browserPort, workerSource, type FromWorker, type ToWorker } from "./worker-main.ts";

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

/** Whether this engine has workers at all. */
export function hasWorkers(): boolean {
  return nodeModule("node:worker_threads") !== undefined || typeof Worker !== "undefined";
}

/**
 * Where a worker's program comes from. A file of the page's own origin is what content security policies allow, but bundlers
 * may not have carried it along; the text needs nobody, but a policy that allows `blob:`.
 */
type ProgramSource = "file" | "text";

/** The first that has not failed yet: what fails once fails always. */
let source: ProgramSource = "file";

/** Starts a worker and tells it what it is. Throws a `SpawnFailure` where it does not come up. */
export async function spawn(start: ToWorker): Promise<Thread> {
  const tried = source;
  try {
    return await spawnFrom(tried, start);
  } catch (error) {
    if (tried === "text" || !(error instanceof NoProgram)) throw error;
    source = "text";
    return spawnFrom("text", start);
  }
}

/** The worker's program could not be loaded. */
class NoProgram extends SpawnFailure {}

async function spawnFrom(from: ProgramSource, start: ToWorker): Promise<Thread> {
  const thread = startThread(from);
  let answer: FromWorker;
  try {
    thread.post(start);
    answer = await thread.next();
  } catch (error) {
    await thread.end();
    throw new NoProgram(error instanceof Error ? error.message : String(error));
  }
  if (answer.kind === "ready") return thread;
  await thread.end();
  throw new SpawnFailure(answer.kind === "refused" ? answer.reason : answer.kind);
}

function startThread(from: ProgramSource): Thread {
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
  const raw = createRaw(from, {
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

function createRaw(from: ProgramSource, events: Events): RawWorker {
  try {
    const node = nodeModule("node:worker_threads");
    return node === undefined ? browserWorker(from, events) : nodeWorker(node, events);
  } catch (error) {
    throw new NoProgram(error instanceof Error ? error.message : String(error));
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

function browserWorker(from: ProgramSource, events: Events): RawWorker {
  // Only secure contexts have locks, whatever the types say.
  const locks = navigator.locks as LockManager | undefined;
  const lock = locks && `bcosc ${crypto.randomUUID()}`;
  const { worker, release } = from === "file" ? workerOfFile() : workerOfText();
  worker.postMessage(lock ?? "");
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
      release();
      events.failed(new Error("the worker has ended"));
      return Promise.resolve();
    },
  };
}

interface StartedWorker {
  readonly worker: Worker;
  /** Lets go of its program. */
  release(): void;
}

/** Written so that bundlers recognise it. The file has its name after compilation. */
function workerOfFile(): StartedWorker {
  return {
    worker: new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
    release: () => undefined,
  };
}

function workerOfText(): StartedWorker {
  const text = workerSource(`${browserPort.name}()`);
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return { worker: new Worker(url), release: () => URL.revokeObjectURL(url) };
}
