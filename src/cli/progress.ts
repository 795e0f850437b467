/** A progress bar on a terminal; nothing where the output is a file or a pipe. */
import type { Output } from "./terminal.ts";

export interface Progress {
  /** `done` of `total`, and a few words on how it goes. */
  update(done: number, words: string): void;
  /** Removes the bar, so that a line can be written in its place. */
  clear(): void;
}

const barWidth = 24;
const defaultWidth = 80;
/** Milliseconds between two drawings: more would be flicker and, over a slow connection, a brake. */
const interval = 100;

export function createProgress(output: Output, title: string, total: number): Progress {
  if (!output.isTerminal) return { update: () => undefined, clear: () => undefined };
  let drawnAt = -Infinity;
  let shown = false;
  return {
    update: (done, words) => {
      const now = performance.now();
      if (now - drawnAt < interval && done < total) return;
      drawnAt = now;
      shown = true;
      output.write(`\r\u001b[2K${progressLine(title, done, total, words, (output.width ?? defaultWidth) - 1)}`);
    },
    clear: () => {
      if (shown) output.write("\r\u001b[2K");
      shown = false;
      drawnAt = -Infinity;
    },
  };
}

/** One line of at most `width` columns; what does not fit is cut from its end. */
export function progressLine(title: string, done: number, total: number, words: string, width: number): string {
  const share = total === 0 ? 1 : Math.min(1, Math.max(0, done / total));
  const filled = Math.round(share * barWidth);
  const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
  return `${title} ${bar} ${done}/${total}  ${words}`.slice(0, Math.max(0, width));
}
