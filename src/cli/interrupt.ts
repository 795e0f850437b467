/** Ctrl-C: the first asks for an orderly end, the second ends at once. */
import { exitCodes } from "./exit.ts";

export interface Interrupt {
  readonly requested: boolean;
  /** Lets the signal be noticed: work that never waits for anything would keep it out. */
  breathe(): Promise<void>;
  /** From now on Ctrl-C does what it does by default. */
  dispose(): void;
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** `onRequest` is called once, at the first signal. */
export function createInterrupt(onRequest: () => void): Interrupt {
  let requested = false;
  const handler = (): void => {
    if (requested) process.exit(exitCodes.interrupted);
    requested = true;
    onRequest();
  };
  for (const signal of signals) process.on(signal, handler);
  return {
    get requested() {
      return requested;
    },
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    dispose: () => {
      for (const signal of signals) process.off(signal, handler);
    },
  };
}
