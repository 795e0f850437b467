import { describe, expect, it } from "vitest";
import { attacks } from "../../scripts/fuzz/attacks.ts";
import { mutate } from "../../scripts/fuzz/mutations.ts";
import { tryFile, type Outcome } from "../../scripts/fuzz/outcome.ts";
import { filesOf, fuzzedState, specimens } from "../../scripts/fuzz/specimens.ts";
import { createRandom } from "../../src/runtime/random.ts";

const state = fuzzedState();
const all = specimens();

describe.each(all.map((specimen) => [specimen.format, specimen] as const))("%s", (format, specimen) => {
  const { part } = specimen;

  it("is read whole", () => {
    expect(tryFile(filesOf(specimen), state)).toEqual({ kind: "loaded", fits: true });
  });

  it("is refused at every length but its own", () => {
    const outcomes = Array.from({ length: part.length }, (_, length) =>
      tryFile(filesOf(specimen, part.slice(0, length)), state),
    );
    expect(outcomes.filter(({ kind }) => kind !== "refused")).toEqual([]);
  });

  it("loads cleanly or is refused with one error, whatever is changed", () => {
    const random = createRandom(5, format);
    const outcomes: Outcome[] = Array.from({ length: 1500 }, (_, i) =>
      tryFile(filesOf(specimen, mutate(part, random, all[i % all.length]!.part)), state),
    );
    expect(outcomes.filter(({ kind }) => kind === "fault")).toEqual([]);
    // The damage is neither hopeless nor harmless.
    const codes = new Set(outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind)));
    expect(codes.size).toBeGreaterThanOrEqual(2);
  });
});

describe("files made to do harm", () => {
  it.each(attacks.map(({ name, file, expected }) => [name, expected, file] as const))("%s: %s", (_, expected, file) => {
    const outcome = tryFile({ file: file() }, state);
    expect(outcome.kind === "refused" ? outcome.code : outcome.kind).toBe(expected);
  });
});

it("damages in the same way for the same seed", () => {
  const damaged = (seed: number) => {
    const random = createRandom(seed, "same");
    return Array.from({ length: 50 }, () => mutate(all[0]!.part, random, all[1]!.part));
  };
  expect(damaged(1)).toEqual(damaged(1));
  expect(damaged(1)).not.toEqual(damaged(2));
});
