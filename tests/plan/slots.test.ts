import fc from "fast-check";
import { expect, test } from "vitest";
import { assignSlots, type Lifetime } from "../../src/compiler/plan/slots.ts";

/** Values as steps write and read them; some may overwrite one that they are the last to read. */
const lifetimes: fc.Arbitrary<readonly Lifetime[]> = fc
  .array(
    fc.record({ bytes: fc.integer({ min: 0, max: 400 }), first: fc.integer({ min: -1, max: 30 }), length: fc.nat(12) }),
    {
      maxLength: 40,
    },
  )
  .chain((drawn) =>
    fc.array(fc.boolean(), { minLength: drawn.length, maxLength: drawn.length }).map((inPlace) =>
      drawn.map(({ bytes, first, length }, value) => ({
        value,
        bytes,
        first,
        last: first + length,
        over: inPlace[value]
          ? drawn.flatMap((other, index) =>
              index !== value && other.first < first && other.first + other.length === first && other.bytes === bytes
                ? [index]
                : [],
            )
          : [],
      })),
    ),
  );

test("slots are large enough, and at no step two values need the same one", () => {
  fc.assert(
    fc.property(lifetimes, (values) => {
      const { sizes, slotOf } = assignSlots(values);
      for (const bytes of sizes) expect(bytes > 0 && bytes % 16 === 0).toBe(true);
      // At every step, what is alive before it is finished and after it has started.
      for (let step = -1; step <= 45; step++) {
        const held = new Map<number, Lifetime>();
        for (const value of values) {
          if (value.first > step || value.last < step) continue;
          const slot = slotOf.get(value.value)!;
          expect(sizes[slot]!).toBeGreaterThanOrEqual(value.bytes);
          const other = held.get(slot);
          if (other !== undefined) {
            const [old, fresh] = other.first < value.first ? [other, value] : [value, other];
            expect(fresh.first).toBe(step);
            expect(old.last).toBe(step);
            expect(fresh.over).toContain(old.value);
          }
          if (other === undefined || other.first < value.first) held.set(slot, value);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("values that follow each other share one slot", () => {
  const chain = [0, 1, 2, 3].map((value) => ({ value, bytes: 64, first: value, last: value + 1, over: [value - 1] }));
  expect(assignSlots(chain).sizes).toEqual([64]);
  const apart = chain.map((value) => ({ ...value, over: [] }));
  expect(assignSlots(apart).sizes).toEqual([64, 64]);
});
