/**
 * How threads share the units of a launch: each begins with its own part, so that it finds in its cache what it left there,
 * and who has done that takes from the end of another's. So a thread that was woken late or is disturbed costs little.
 * Kernels give the same bits however their units are shared.
 *
 * A part is a word: pieces that nobody has taken yet, from the upper half to, not including, the lower half.
 * `takeShare`, among what runs in workers, takes of them.
 */

/** A launch that is shared piece by piece. */
export interface Pieces {
  /** At least one a thread. */
  readonly count: number;
  /** In units; the last piece may have fewer. */
  readonly size: number;
  readonly units: number;
}

/** More would not fit into half a word. */
const MOST = 2 ** 16 - 1;

/** The units in at most `wanted` pieces. */
export function piecesOf(units: number, wanted: number): Pieces {
  const size = Math.ceil(units / Math.max(1, Math.min(units, wanted, MOST)));
  return { count: Math.ceil(units / size), size, units };
}

/** The words of all threads before anybody has begun. */
export function initialParts(pieces: Pieces, threads: number): number[] {
  const start = (thread: number): number => Math.floor((pieces.count * thread) / threads);
  return Array.from({ length: threads }, (_, thread) => (start(thread) << 16) | start(thread + 1));
}
