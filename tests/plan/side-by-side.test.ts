/** Launches side by side: a made-up list of steps, in whatever order it comes out, does what it did. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { mergeSideBySide } from "../../src/compiler/plan/side-by-side.ts";
import type { KernelStep } from "../../src/compiler/plan/steps.ts";
import type { KernelFacts, PlanTarget, SeveralMember } from "../../src/compiler/plan/target.ts";
import { analyse } from "../../src/compiler/plan/values.ts";

const facts = (bytes: number, scratchBytes = 0): KernelFacts => {
  return { label: "made up", buffers: [], reads: 0, units: 1, flops: 0, bytes, scratchBytes };
};

const target = {
  facts: () => facts(0),
  several: (members: readonly SeveralMember<string>[]) => members.map((member) => member.name).join(),
} as unknown as PlanTarget<string>;

/** State tensors come first among the values, the results of the steps behind them. */
const STATES = 3;

interface Plain {
  readonly reads: readonly number[];
  /** The state tensor that it writes, if any. */
  readonly state: number | undefined;
  readonly large: boolean;
}

const plainSteps = fc.array(
  fc.record({
    reads: fc.array(fc.nat(40), { maxLength: 3 }),
    state: fc.option(fc.nat(STATES - 1), { nil: undefined, freq: 3 }),
    large: fc.boolean(),
  }),
  { minLength: 1, maxLength: 24 },
);

function stepsOf(plain: readonly Plain[]): KernelStep<string>[] {
  return plain.map(({ reads, large }, i) => ({
    kind: "kernel",
    name: `k${i}`,
    kernel: `k${i}`,
    facts: facts(large ? 1e9 : 100),
    reads: [...new Set(reads.map((value) => value % (STATES + i)))],
    writes: [STATES + i],
    over: [],
    label: { path: `layer${i % 3}`, ops: ["made-up"] },
    group: undefined,
  }));
}

/** Runs steps on text: each result names its step and what it read. Members of one step all read before any writes. */
function run(steps: readonly KernelStep<string>[], placeOf: (value: number) => string): Map<string, string> {
  const memory = new Map(Array.from({ length: STATES }, (_, i) => [placeOf(i), `old ${i}`]));
  for (const step of steps) {
    const results = (step.members ?? [step]).map(({ name, reads, writes }) => {
      return [placeOf(writes[0]!), `${name}(${reads.map((value) => memory.get(placeOf(value))).join()})`] as const;
    });
    expect(new Set(results.map(([place]) => place)).size).toBe(results.length);
    for (const [place, text] of results) memory.set(place, text);
  }
  return memory;
}

function graphOf(count: number) {
  const b = createBuilder("made up");
  for (let i = 0; i < STATES; i++) b.emit("state", [], { path: `s${i}` }, [1]);
  for (let i = 0; i < count; i++) b.emit("add", [0, 0], {});
  return analyse(b.finish());
}

test("every step still finds what it read, and new state is that of the last writer", () => {
  const property = fc.property(plainSteps, (plain) => {
    const steps = stepsOf(plain);
    const paths = new Map(Array.from({ length: STATES }, (_, i) => [i, `s${i}`]));
    plain.forEach(({ state }, i) => {
      if (state !== undefined) paths.set(STATES + i, `s${state}`);
    });
    const placeOf = (value: number): string => paths.get(value) ?? String(value);
    const merged = mergeSideBySide(target, steps, {
      values: graphOf(plain.length),
      statePath: (value) => paths.get(value),
      bytesOf: () => 4,
      isResult: (value) => value % 5 === 0,
    });
    const after = merged.steps as KernelStep<string>[];
    expect(after.flatMap((step) => step.members ?? [step]).length).toBe(steps.length);
    expect(merged.saved).toBe(steps.length - after.length);
    expect(run(after, placeOf)).toEqual(run(steps, placeOf));
    for (const { label, members = [] } of after) {
      const paths = new Set(members.map((member) => member.label.path));
      expect(label.parts?.map(({ path }) => path)).toEqual(paths.size > 1 ? [...paths] : undefined);
      const bytes = (list: readonly { readonly bytes: number }[]): number => list.reduce((sum, p) => sum + p.bytes, 0);
      if (label.parts !== undefined) expect(bytes(label.parts)).toBe(bytes(members.map(({ facts }) => facts)));
    }
  });
  fc.assert(property, { numRuns: 300, seed: 1 });
});

test("what prepares weights is one launch, and so is what only new state follows from", () => {
  // For each of three weights: a norm, a large product that reads it, and the update.
  const plain = [0, 1, 2].flatMap((weight): Plain[] => {
    const first = STATES + 3 * weight;
    return [
      { reads: [weight], state: undefined, large: false },
      { reads: [first], state: undefined, large: true },
      { reads: [first + 1, weight], state: weight, large: false },
    ];
  });
  const paths = [0, 1, 2].map((weight) => [STATES + 3 * weight + 2, `s${weight}`] as const);
  const known = new Map<number, string>([[0, "s0"], [1, "s1"], [2, "s2"], ...paths]);
  const { steps, saved } = mergeSideBySide(target, stepsOf(plain), {
    values: graphOf(plain.length),
    statePath: (value) => known.get(value),
    bytesOf: () => 4,
    isResult: () => false,
  });
  expect(steps.map((step) => (step as KernelStep<string>).kernel)).toEqual(["k0,k3,k6", "k1", "k4", "k7", "k2,k5,k8"]);
  expect(saved).toBe(4);
});

test("targets without such a kernel keep their launches", () => {
  const steps = stepsOf([{ reads: [0], state: undefined, large: false }]);
  const known = { values: graphOf(1), statePath: () => undefined, bytesOf: () => 4, isResult: () => false };
  expect(mergeSideBySide({ ...target, several: undefined } as never, steps, known)).toEqual({ steps, saved: 0 });
});
