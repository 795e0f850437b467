/**
 * The order of a plan's calls: what depends on the state alone first, where it may be kept; then what does not depend on the
 * cotangent, so that all behind it can be done again for another one. Within a part a call that frees as much memory as it
 * takes is made as soon as it can be.
 */
import { sizeOf } from "../../../shape.ts";
import type { TfjsCall } from "./call.ts";
import type { CallValue } from "./call-builder.ts";
import type { DraftPlan } from "./passes.ts";

/** Inputs that come in many versions for the same other inputs. */
const REPEATED_FEEDS = ["cotangent"];

export interface OrderedCalls {
  readonly calls: readonly TfjsCall[];
  readonly repeat?: { readonly first: number; readonly feeds: readonly string[] };
}

export function orderCalls({ builder: { entries }, outputs, updates }: DraftPlan): OrderedCalls {
  const writes = Object.keys(updates).length > 0;
  const constant = new Set<CallValue>();
  const repeated = new Set<CallValue>();
  const parts: Record<"prepared" | "once" | "again", TfjsCall[]> = { prepared: [], once: [], again: [] };
  entries.forEach(({ leaf, call }, value) => {
    if (leaf !== undefined) {
      if (leaf.kind === "state" || leaf.kind === "constant") constant.add(value);
      if (leaf.kind === "input" && REPEATED_FEEDS.includes(leaf.name)) repeated.add(value);
    }
    if (call === undefined) return;
    if (!writes && call.inputs.every((input) => constant.has(input))) {
      constant.add(value);
      parts.prepared.push({ ...call, prepare: true });
    } else if (!writes && call.inputs.some((input) => repeated.has(input))) {
      repeated.add(value);
      parts.again.push(call);
    } else parts.once.push(call);
  });
  const kept = new Set([...Object.values(outputs), ...Object.values(updates)]);
  for (const { inputs } of parts.again) for (const input of inputs) if (!repeated.has(input)) kept.add(input);
  const once = earlyFrees(parts.once, kept);
  const again = earlyFrees(parts.again, kept);
  const calls = [...parts.prepared, ...once, ...again];
  const first = calls.length - again.length;
  return { calls, ...(again.length === 0 || once.length === 0 ? {} : { repeat: { first, feeds: REPEATED_FEEDS } }) };
}

/** Moves calls forward that leave no more in memory than there was before. `kept` are values that stay anyway. */
function earlyFrees(calls: readonly TfjsCall[], kept: ReadonlySet<CallValue>): TfjsCall[] {
  const users = new Map<CallValue, TfjsCall[]>();
  const missing = new Map<TfjsCall, number>();
  const left = new Map<CallValue, number>();
  const made = new Set(calls.map(({ value }) => value));
  for (const call of calls) {
    const own = new Set(call.inputs);
    missing.set(call, [...own].filter((input) => made.has(input)).length);
    for (const input of own) {
      users.set(input, [...(users.get(input) ?? []), call]);
      left.set(input, (left.get(input) ?? 0) + 1);
    }
  }
  const bytes = new Map(calls.map(({ value, shape }) => [value, 4 * sizeOf(shape)]));
  const frees = (call: TfjsCall): number =>
    [...new Set(call.inputs)].reduce((sum, input) => {
      const last = left.get(input) === 1 && made.has(input) && !kept.has(input);
      return sum + (last ? bytes.get(input)! : 0);
    }, 0);
  const done = new Set<TfjsCall>();
  const order: TfjsCall[] = [];
  const queue: TfjsCall[] = [];
  const run = (call: TfjsCall): void => {
    done.add(call);
    order.push(call);
    for (const input of new Set(call.inputs)) {
      left.set(input, left.get(input)! - 1);
      // Whoever is the last one that needs it could free it now.
      if (left.get(input) === 1) queue.push(...users.get(input)!);
    }
    for (const user of users.get(call.value) ?? []) {
      missing.set(user, missing.get(user)! - 1);
      queue.push(user);
    }
  };
  for (const call of calls) {
    if (!done.has(call)) run(call);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (!done.has(next) && missing.get(next) === 0 && frees(next) >= bytes.get(next.value)!) run(next);
    }
  }
  return order;
}

/** The most bytes of values, fed and made, at one time, the state apart. What outputs and updates need stays to the end. */
export function peakBytes({
  calls,
  kept,
}: {
  readonly calls: readonly TfjsCall[];
  readonly kept: ReadonlySet<CallValue>;
}): number {
  const last = new Map<CallValue, number>();
  calls.forEach(({ inputs }, i) => inputs.forEach((input) => last.set(input, i)));
  const bytes = new Map<CallValue, number>();
  let now = 0;
  let most = 0;
  calls.forEach(({ inputs, value, shape, op }, i) => {
    // A reshape is another name for the same numbers.
    const own = op === "reshape" ? 0 : 4 * sizeOf(shape);
    bytes.set(value, own);
    now += own;
    most = Math.max(most, now);
    for (const input of new Set(inputs)) {
      if (last.get(input) !== i || kept.has(input)) continue;
      now -= bytes.get(input) ?? 0;
    }
  });
  return most;
}
