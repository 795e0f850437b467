/**
 * Views: which element of a value belongs to each element of a kernel's space, as runs of the space's row-major order
 * that count for the value or do not. Broadcasts drop runs and reshapes change nothing, so chains of both stay views.
 */
import type { Shape } from "../graph/graph.ts";
import type { Access } from "./expression.ts";

export interface Run {
  readonly length: number;
  /** false: the value is the same along this run. */
  readonly kept: boolean;
}

/** From slow to fast; neighbours differ in `kept`, no run has length 1. The product of the lengths is the space's size. */
export type View = readonly Run[];

function coalesce(runs: readonly Run[]): View {
  const merged: Run[] = [];
  for (const run of runs) {
    if (run.length === 1) continue;
    const last = merged.at(-1);
    if (last?.kept === run.kept) merged[merged.length - 1] = { length: last.length * run.length, kept: run.kept };
    else merged.push(run);
  }
  return merged;
}

export function wholeView(size: number): View {
  return coalesce([{ length: size, kept: true }]);
}

export function isWhole(view: View): boolean {
  return view.length === 0 || (view.length === 1 && view[0]!.kept);
}

export function sameView(a: View, b: View): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]!.length !== b[i]!.length || a[i]!.kept !== b[i]!.kept) return false;
  }
  return true;
}

/**
 * The view of a value that is broadcast to another one, which is seen through `view`. `axes` is how the value is seen from
 * the whole of the other one. Undefined where runs and axes cross.
 */
export function refine(view: View, axes: View): View | undefined {
  if (isWhole(axes)) return view;
  if (isWhole(view)) return axes;
  const left = [...axes];
  const result: Run[] = [];
  for (const run of view.toReversed()) {
    if (!run.kept) {
      result.push(run);
      continue;
    }
    let rest = run.length;
    while (rest > 1) {
      const axis = left.pop();
      if (axis === undefined) return undefined;
      const length = rest % axis.length === 0 ? axis.length : axis.length % rest === 0 ? rest : 0;
      if (length === 0) return undefined;
      result.push({ length, kept: axis.kept });
      rest /= length;
      if (axis.length > length) left.push({ length: axis.length / length, kept: axis.kept });
    }
  }
  return coalesce(result.reverse());
}

/** How a value is seen from one that it is broadcast to, under NumPy's rules. */
export function broadcastView(from: Shape, to: Shape): View {
  const missing = to.length - from.length;
  return coalesce(to.map((length, axis) => ({ length, kept: axis >= missing && from[axis - missing] === length })));
}

/** How one number a sample, pixel and group of channels is seen from all channels: each belongs to a run of them. */
export function groupView(groups: Shape, channels: Shape): View {
  const count = groups.at(-1)!;
  return coalesce([
    ...channels.slice(0, -1).map((length) => ({ length, kept: true })),
    { length: count, kept: true },
    { length: channels.at(-1)! / count, kept: false },
  ]);
}

/** The runs of the first rows and of the last `channels` elements; undefined where a run crosses the cut unevenly. */
function cut(view: View, channels: number): readonly [View, View] | undefined {
  const outer = [...view];
  const inner: Run[] = [];
  let rest = channels;
  while (rest > 1) {
    const run = outer.pop();
    if (run === undefined) return undefined;
    const length = rest % run.length === 0 ? run.length : run.length % rest === 0 ? rest : 0;
    if (length === 0) return undefined;
    inner.push({ length, kept: run.kept });
    rest /= length;
    if (run.length > length) outer.push({ length: run.length / length, kept: run.kept });
  }
  return [coalesce(outer), coalesce(inner.reverse())];
}

/** How a kernel over [rows, channels] reads a value with this view; undefined where it can't. */
export function accessOf(view: View, channels: number): Access | undefined {
  if (isWhole(view)) return { kind: "same" };
  if (view.every((run) => !run.kept)) return { kind: "scalar" };
  const parts = cut(view, channels);
  if (parts === undefined) return undefined;
  const [outer, inner] = parts;
  const [first, second, third] = inner;
  const outerWhole = isWhole(outer);
  const outerNone = outer.every((run) => !run.kept);
  if (first === undefined) return undefined;
  if (second === undefined) {
    if (!first.kept) return outerWhole ? { kind: "row" } : undefined;
    if (outerNone) return { kind: "channel" };
    const [samples, rows] = outer;
    return outer.length === 2 && samples!.kept && rows !== undefined
      ? { kind: "sample", rows: rows.length }
      : undefined;
  }
  return third === undefined && first.kept && outerWhole ? { kind: "group", groups: first.length } : undefined;
}

/** Shorter rows than this leave lanes idle. */
const SHORTEST_ROW = 16;

/**
 * A length of rows with which all views can be read: the preferred one if it will do, else the shortest that is not too
 * short and needs no groups, as rows are shared among threads. Undefined where there is none.
 */
export function chooseChannels(views: readonly View[], size: number, preferred: number): number | undefined {
  const candidates = new Set([preferred]);
  for (const view of views) {
    let length = 1;
    for (const run of view.toReversed()) candidates.add((length *= run.length));
  }
  const possible = [...candidates].filter((channels) => {
    return channels >= 1 && size % channels === 0 && views.every((view) => accessOf(view, channels) !== undefined);
  });
  const [first, ...others] = possible;
  if (first === preferred) return first;
  const simple = others
    .concat(first ?? [])
    .filter((channels) => channels >= SHORTEST_ROW)
    .filter((channels) => views.every((view) => accessOf(view, channels)!.kind !== "group"))
    .sort((a, b) => a - b);
  return simple[0] ?? first;
}
