/** Lets the event loop run during long work. */

/**
 * A function to await between pieces of work. Without it a device that computes on this thread would keep timers, signals
 * and the browser's input waiting until everything is done. It gives way at most every `milliseconds`.
 */
export function createBreather(milliseconds = 30): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < milliseconds) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}
