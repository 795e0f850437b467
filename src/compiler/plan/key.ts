/** A text for a specification of a kernel: equal texts mean equal code, also for numbers that JSON has no form for. */
export function keyOf(...parts: readonly unknown[]): string {
  return JSON.stringify(parts, (_, value: unknown) => {
    if (typeof value !== "number") return value;
    return Number.isFinite(value) && !Object.is(value, -0) ? value : `number ${Object.is(value, -0) ? "-0" : value}`;
  });
}
