import fc from "fast-check";
import { expect, test } from "vitest";
import { add, input } from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { join, reachesAround } from "../../src/compiler/plan/group-order.ts";
import { readersOf, readsOf, store, type Group, type PlanState } from "../../src/compiler/plan/groups.ts";
import { createState } from "../../src/compiler/plan/store.ts";
import { analyse } from "../../src/compiler/plan/values.ts";

/** Groups of one value each: sums of two values before them, which are given as fractions of what there is. */
function stateOf(sums: readonly (readonly [number, number])[]): PlanState {
  const b = createBuilder("sums");
  const values = [input(b, "x", [4])];
  sums.forEach(([left, right], i) => {
    const pick = (part: number): number => values[Math.floor(part * values.length)]!;
    values.push(add(b, pick(left), pick(right)));
    b.output(`sum${i}`, values.at(-1)!);
  });
  return createState(analyse(b.finish()), false, { mostBuffers: Infinity, readsWhatItWrites: true });
}

const writersFor = (state: PlanState, group: Group): ReadonlySet<Group> =>
  new Set([...readsOf(state, group)].flatMap((root) => state.writer.get(root) ?? []));

/** Whether a way leads from one group to another one, over others where there have to be some. */
function leads(state: PlanState, from: Group, to: Group, around: boolean): boolean {
  for (const writer of writersFor(state, to)) {
    if (writer === from ? !around : leads(state, from, writer, false)) return true;
  }
  return false;
}

/** As groups of element-wise kernels are merged. */
function merge(state: PlanState, part: Group, whole: Group): void {
  join(state, part, whole);
  whole.outputs = [...whole.outputs, ...part.outputs];
  for (const root of whole.outputs) store(state, root, whole);
}

const fraction = fc.nat(999).map((thousandths) => thousandths / 1000);
const pairs = (maxLength: number) => fc.array(fc.tuple(fraction, fraction), { minLength: 2, maxLength });

test("groups stay behind those that they read, whichever are joined, and ways between them are found", () => {
  let joined = 0;
  fc.assert(
    fc.property(pairs(14), pairs(12), (sums, picks) => {
      const state = stateOf(sums);
      for (const [one, other] of picks) {
        const groups = [...state.groups];
        const [part, whole] = [groups[Math.floor(one * groups.length)]!, groups[Math.floor(other * groups.length)]!];
        for (const from of groups) {
          for (const to of groups) {
            if (from !== to) expect(reachesAround(state, from, to)).toBe(leads(state, from, to, true));
          }
        }
        // A group of four computes a sum of at most sixteen numbers.
        if (part === whole || part.outputs.length + whole.outputs.length > 4) continue;
        if (reachesAround(state, part, whole) || reachesAround(state, whole, part)) continue;
        merge(state, part, whole);
        joined++;
        for (const group of state.groups) {
          for (const writer of writersFor(state, group)) {
            expect(state.places.get(writer)).toBeLessThan(state.places.get(group)!);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
  expect(joined).toBeGreaterThan(200);
});

test("who reads a value is known while groups change", () => {
  fc.assert(
    fc.property(pairs(14), pairs(6), (sums, picks) => {
      const state = stateOf(sums);
      for (const [one, other] of picks) {
        const groups = [...state.groups];
        const [part, whole] = [groups[Math.floor(one * groups.length)]!, groups[Math.floor(other * groups.length)]!];
        if (part === whole || part.outputs.length + whole.outputs.length > 4) continue;
        if (reachesAround(state, part, whole) || reachesAround(state, whole, part)) continue;
        merge(state, part, whole);
        for (const root of [0, ...state.writer.keys()]) {
          const readers = [...state.groups].filter((group) => readsOf(state, group).has(root));
          expect(new Set(readersOf(state, root))).toEqual(new Set(readers));
        }
      }
    }),
    { numRuns: 100 },
  );
});

/** Two chains of sums; the last of one and the first of the other, which lies before it, become one group. */
test.each([
  ["with room for that", (place: number) => place],
  ["where places are next to each other", (place: number) => 1 + place * Number.EPSILON],
])("joining two groups moves what lies between them and depends on one of them, %s", (_, placeOf) => {
  const b = createBuilder("chains");
  const x = input(b, "x", [4]);
  const early = add(b, x, x);
  const [left, right] = [add(b, early, x), add(b, x, add(b, x, x))];
  const late = add(b, right, right);
  for (const [name, value] of Object.entries({ early, left, right, late })) b.output(name, value);
  const state = createState(analyse(b.finish()), false, { mostBuffers: Infinity, readsWhatItWrites: true });
  for (const [group, place] of state.places) state.places.set(group, placeOf(place));
  merge(state, state.writer.get(late)!, state.writer.get(early)!);
  const [before, joined, behind] = [right, early, left].map((value) => state.places.get(state.writer.get(value)!)!);
  expect(before).toBeLessThan(joined!);
  expect(joined).toBeLessThan(behind!);
});
