import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import type { Explanation } from "../../src/runtime/explain/explanation.ts";
import { openSession } from "../../src/runtime/session.ts";
import { toyProgram } from "./toy-program.ts";

const images = Float32Array.from({ length: 20 }, (_, i) => ((i * 37) % 101) / 101);
const session = await openSession(toyProgram({ batch: 2 }), { seed: 5 });
const logits = await session.predict(images);
const total = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

function expectComplete(explanation: Explanation): void {
  const { explained, constant, contributions } = explanation;
  expect(total(contributions) + constant).toBeCloseTo(explained, 5);
  expect(explanation.residual).toBe(Math.abs(explained - constant - total(contributions)));
  expect(explanation.relativeResidual).toBeLessThan(1e-5);
}

describe("explanations", () => {
  it("of logits that are no numbers are refused", async () => {
    const broken = images.with(9, NaN);
    await expect(explain(session, broken)).rejects.toThrow("run/not-finite: the logits are not finite for image 2");
  });

  it("of the predicted class add up to its logit", async () => {
    const explanations = await explain(session, images);
    expect(explanations.length).toBe(5);
    explanations.forEach((explanation, i) => {
      const own = logits.slice(i * 3, i * 3 + 3);
      expect(explanation.logits).toEqual(own);
      expect(explanation.target).toBe(own.indexOf(Math.max(...own)));
      expect(explanation.predicted).toBe(explanation.target);
      expect(explanation.explained).toBe(Math.max(...own));
      expect(explanation.constants).toEqual({ logit_bias: Math.fround(-Math.log(2)) });
      expect(explanation.constant).toBe(Math.fround(-Math.log(2)));
      expect(explanation.weights.length).toBe(8);
      expect(explanation.colour!.length).toBe(16);
      expectComplete(explanation);
      const x = images.subarray(i * 4, i * 4 + 4);
      x.forEach((v, p) => {
        const [w, complement] = explanation.weights.subarray(p * 2);
        expect(explanation.contributions[p]).toBeCloseTo(v * w! + (1 - v) * complement!, 6);
      });
    });
  });

  it("do not depend on the other images of the batch", async () => {
    const [alone] = await explain(session, images.subarray(8, 12));
    expect({ ...alone, image: 2 }).toEqual((await explain(session, images))[2]);
  });

  it("take a class for all images or one for each", async () => {
    const one = await explain(session, images, { target: 2 });
    one.forEach((e, i) => expect([e.target, e.explained]).toEqual([2, logits[i * 3 + 2]]));
    const each = await explain(session, images, { target: [0, 1, 2, 1, 0] });
    expect(each.map((e) => e.target)).toEqual([0, 1, 2, 1, 0]);
    each.forEach((e, i) => expect(e.explained).toBe(logits[i * 3 + e.target!]));
  });

  it("of the classes with the largest logits are those of each class, the largest logit first", async () => {
    const best = await explain(session, images, { target: { top: 2 } });
    expect(best.map(({ image }) => image)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    for (const e of best) expect(e).toEqual((await explain(session, images, { target: e.target! }))[e.image]);
    for (let i = 0; i < 5; i++) {
      const sorted = [...logits.slice(i * 3, i * 3 + 3)].sort((a, b) => b - a);
      expect(best.slice(2 * i, 2 * i + 2).map((e) => e.explained)).toEqual(sorted.slice(0, 2));
    }
    const differences = await explain(session, images, { target: { top: 3 }, versus: 1 });
    expect(differences.filter((e) => e.target === 1).map((e) => e.explained)).toEqual([0, 0, 0, 0, 0]);
  });

  it("of a difference have no bias and are the difference of the contributions", async () => {
    const difference = await explain(session, images, { target: 0, versus: 1 });
    const [a, b] = [await explain(session, images, { target: 0 }), await explain(session, images, { target: 1 })];
    difference.forEach((e, i) => {
      expect(e.explained).toBeCloseTo(logits[i * 3]! - logits[i * 3 + 1]!, 5);
      expect(e.constant).toBe(0);
      expect([e.target, e.versus]).toEqual([0, 1]);
      e.contributions.forEach((c, p) => expect(c).toBeCloseTo(a[i]!.contributions[p]! - b[i]!.contributions[p]!, 5));
      expectComplete(e);
    });
    const same = await explain(session, images, { target: 1, versus: [1, 1, 1, 1, 1] });
    expect(same.every((e) => e.explained === 0 && e.residual === 0 && e.relativeResidual === 0)).toBe(true);
  });

  it("relative to the mean, and of any combination", async () => {
    const relative = await explain(session, images, { target: 1, relative: true });
    const given = await explain(session, images, { cotangent: [-1 / 3, 2 / 3, -1 / 3] });
    relative.forEach((e, i) => {
      const own = logits.subarray(i * 3, i * 3 + 3);
      expect(e.explained).toBeCloseTo(own[1]! - total(own) / 3, 5);
      expect(given[i]!.target).toBeUndefined();
      expect(given[i]!.explained).toBeCloseTo(e.explained, 5);
      expectComplete(e);
    });
    const rows = Array.from({ length: 15 }, (_, i) => (i === 4 ? 2 : 0));
    const own = await explain(session, images, { cotangent: rows });
    expect(own.map((e) => e.explained)).toEqual([0, 2 * logits[4]!, 0, 0, 0]);
  });

  it("come without a predict graph too", async () => {
    const program = toyProgram({ batch: 3 });
    const { predict: _predict, ...graphs } = program.graphs;
    const bare = await openSession({ ...program, graphs }, { seed: 5 });
    expect((await explain(bare, images)).map((e) => e.target)).toEqual(
      (await explain(session, images)).map((e) => e.target),
    );
  });

  it("that do not add up are an error for each image, unless the bound allows it", async () => {
    const wrong = await openSession(toyProgram({ factor: 1.01 }), { seed: 5 });
    const error = await explain(wrong, images.subarray(0, 8)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BcosError);
    expect((error as BcosError).diagnostics.map((d) => d.code)).toEqual(["run/residual", "run/residual"]);
    expect((error as Error).message).toMatch(/image 1 does not add up: .* above the bound 0.0001 × /);
    const allowed = await explain(wrong, images, { bound: 0.05 });
    expect(Math.max(...allowed.map((e) => e.relativeResidual))).toBeGreaterThan(1e-3);
    await expect(explain(wrong, images, { bound: Infinity })).resolves.toHaveLength(5);
  });

  it("with NaN are an error", async () => {
    const broken = await openSession(toyProgram({ factor: NaN }));
    await expect(explain(broken, images)).rejects.toThrow("run/residual");
  });

  it("refuse classes and cotangents that do not fit", async () => {
    const refused = (options: Parameters<typeof explain>[2]) => expect(explain(session, images, options)).rejects;
    await refused({ target: 3 }).toThrow("`target` takes a class from 0 to 2, not 3");
    await refused({ target: 0.5 }).toThrow("run/input");
    await refused({ target: [0, 1] }).toThrow("one class for each of 5 images, not 2");
    await refused({ versus: -1 }).toThrow("`versus`");
    for (const count of [0, 4, 1.5]) {
      await refused({ target: { top: count } }).toThrow(`\`top\` takes a whole number from 1 to 3, not ${count}`);
    }
    await refused({ cotangent: [1] }).toThrow("`cotangent` takes 3 numbers, or 3 for each of 5 images, not 1");
    await refused({ smooth: 2 }).toThrow("`smooth` takes an odd whole number");
    await expect(explain(session, images.subarray(1))).rejects.toThrow("images of [2, 2, 1]");
    const { explain: _explain, ...graphs } = toyProgram().graphs;
    const standard = await openSession({ ...toyProgram(), graphs });
    await expect(explain(standard, images)).rejects.toThrow("run/no-graph");
    expect(await explain(session, [])).toEqual([]);
  });
});
