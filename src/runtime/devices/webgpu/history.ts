/**
 * What a session needs to begin anew on another device: the state as it once was, and what was done since then that
 * changed it. Bounded: when it is full the state is to be read again.
 */
import type { GraphName } from "../../../compiler/graph/program.ts";

export type Change =
  | { readonly kind: "write"; readonly path: string; readonly values: Float32Array }
  | { readonly kind: "run"; readonly graph: GraphName; readonly feeds: ReadonlyMap<string, Float32Array> };

export interface HistoryLimits {
  readonly changes: number;
  readonly bytes: number;
}

/** A training step takes longer than its feeds take to copy, and a hundred steps longer than reading the state. */
export const defaultHistoryLimits: HistoryLimits = { changes: 100, bytes: 512 * 2 ** 20 };

export interface History {
  /** State by path; what is not in it is zero. */
  readonly state: ReadonlyMap<string, Float32Array>;
  /** In order, since then. */
  readonly changes: readonly Change[];
  readonly full: boolean;
  /** Something was done that can't be done again: nothing is to be begun from, until `restart`. */
  readonly lost: boolean;
  lose(): void;
  /** The arrays of a change are kept: they must be nobody else's. */
  add(change: Change): void;
  /** Begins again from the state as it is now. */
  restart(state: ReadonlyMap<string, Float32Array>): void;
}

export function createHistory(limits: HistoryLimits): History {
  let state = new Map<string, Float32Array>();
  let changes: Change[] = [];
  let bytes = 0;
  let lost = false;
  return {
    get state() {
      return state;
    },
    get changes() {
      return changes;
    },
    get full() {
      return lost || changes.length >= limits.changes || (changes.length > 0 && bytes >= limits.bytes);
    },
    get lost() {
      return lost;
    },
    lose() {
      [state, changes, bytes, lost] = [new Map(), [], 0, true];
    },
    add(change) {
      if (change.kind === "write" && changes.length === 0) {
        state.set(change.path, change.values);
        return;
      }
      changes.push(change);
      const arrays = change.kind === "write" ? [change.values] : [...change.feeds.values()];
      bytes += arrays.reduce((sum, values) => sum + values.byteLength, 0);
    },
    restart(now) {
      state = new Map(now);
      [changes, bytes, lost] = [[], 0, false];
    },
  };
}

/** Of a device that there is no other one for: nothing is kept. */
export const noHistory: History = {
  state: new Map(),
  changes: [],
  full: false,
  lost: false,
  lose: () => undefined,
  add: () => undefined,
  restart: () => undefined,
};
