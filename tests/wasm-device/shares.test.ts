/** Sharing of a launch by need: every unit once, whoever is slow. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialParts, piecesOf } from "../../src/runtime/devices/wasm/threads/shares.ts";
import { takeShare } from "../../src/runtime/devices/wasm/threads/worker-main.ts";

describe("pieces", () => {
  it("are at most as many as wanted, none empty, and fit into half a word", () => {
    const counts = fc.tuple(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 200_000 }));
    fc.assert(
      fc.property(counts, ([units, wanted]) => {
        const { count, size } = piecesOf(units, wanted);
        expect(count).toBeLessThanOrEqual(Math.max(1, Math.min(wanted, 65_535)));
        expect((count - 1) * size).toBeLessThan(units);
        expect(count * size).toBeGreaterThanOrEqual(units);
      }),
    );
  });
});

describe("threads that take pieces", () => {
  /** Lets threads take in the order of `turns`, then all in turn, until nothing is left. */
  function shareAll(units: number, wanted: number, threads: number, turns: readonly number[]) {
    const pieces = piecesOf(units, wanted);
    const parts = new Int32Array([7, ...initialParts(pieces, threads), 7]);
    const taken = new Int32Array(pieces.count);
    const by = Array.from({ length: threads }, () => [] as number[]);
    const idle = new Set<number>();
    const take = (thread: number): void => {
      const share = takeShare(parts, 1, threads, thread);
      if (share === 0) return void idle.add(thread);
      for (let piece = share >>> 16; piece < (share & 0xffff); piece++) {
        taken[piece]!++;
        by[thread]!.push(piece);
      }
    };
    for (const turn of turns) take(turn % threads);
    while (idle.size < threads) for (let thread = 0; thread < threads; thread++) take(thread);
    return { pieces, taken, by, beside: [parts[0], parts.at(-1)] };
  }

  it("take every piece once, in any order", () => {
    const cases = fc.record({
      units: fc.integer({ min: 1, max: 100_000 }),
      wanted: fc.integer({ min: 1, max: 70_000 }),
      threads: fc.integer({ min: 1, max: 9 }),
      turns: fc.array(fc.nat(8), { maxLength: 60 }),
    });
    fc.assert(
      fc.property(cases, ({ units, wanted, threads, turns }) => {
        const { taken, beside } = shareAll(units, wanted, threads, turns);
        expect(taken.every((times) => times === 1)).toBe(true);
        expect(beside).toEqual([7, 7]);
      }),
    );
  });

  it("begin with what is their own, and take the end of others' afterwards", () => {
    expect(shareAll(8, 8, 2, [0, 1, 0, 1, 0, 1]).by).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    // The second thread comes only when half is done.
    expect(shareAll(8, 8, 2, [0, 0, 0, 1]).by).toEqual([
      [0, 1, 2, 3, 6, 7],
      [4, 5],
    ]);
  });
});
