/** The forms of which a plan consists, recognised in data of unknown origin. */
import type { BufferRef } from "./plan.ts";

export type Ref = BufferRef;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A whole number that is not negative and exact. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The list, where it is one and all of it has the form. */
export function arrayOf<T>(value: unknown, has: (item: unknown) => item is T): readonly T[] | undefined;
export function arrayOf(value: unknown, has: (item: unknown) => boolean): readonly unknown[] | undefined;
export function arrayOf(value: unknown, has: (item: unknown) => boolean): readonly unknown[] | undefined {
  return Array.isArray(value) && value.every(has) ? value : undefined;
}

export function isRef(value: unknown): value is Ref {
  if (!isRecord(value)) return false;
  if (value["kind"] === "state") return typeof value["path"] === "string";
  return (value["kind"] === "slot" || value["kind"] === "constant") && isCount(value["index"]);
}
