/** The table that `bcosc explain` prints. */
import { describe, expect, it } from "vitest";
import { recordsTable, type ExplanationRecord, type ImageRecord } from "../../src/cli/explained/records.ts";

describe("the table of explanations", () => {
  const logit = { index: 1, name: "crane", logit: 0, probability: 0.5 };
  const explanation: ExplanationRecord = {
    subject: "crane",
    target: logit,
    versus: null,
    neuron: null,
    explained: -0.00001234,
    contributions: 2.5,
    constant: 0,
    constants: {},
    residual: 1e-7,
    relativeResidual: 2e-7,
    scales: { contributions: { percentile: 99.5, full: 1 }, colour: null },
    files: { pictures: {}, arrays: {} },
  };
  const image: ImageRecord = {
    image: "a\u001b[2J\n.png",
    source: null,
    label: null,
    predicted: logit,
    top: [logit],
    logits: [0],
    files: { pictures: {}, arrays: {} },
    explanations: [explanation],
  };

  it("has no empty columns, shows small amounts, and keeps names from writing over the terminal", () => {
    expect(recordsTable([image])).toEqual([
      "image       predicted  explained  probability    amount  Σ contributions  constant  residual  relative",
      "a?[2J?.png  crane      crane           50.0 %  -1.23e-5           2.5000    0.0000    1.0e-7    2.0e-7",
    ]);
  });

  it("gives a probability to logits alone", () => {
    const difference = { ...explanation, subject: "crane - 2", versus: { ...logit, index: 2, name: null } };
    const neuron = { ...explanation, subject: "fc unit 1", target: null, neuron: { layer: "fc", unit: 1, place: [] } };
    const labelled = { ...image, label: { index: 3, name: null }, explanations: [difference, neuron] };
    const [head, first, second] = recordsTable([labelled]);
    expect(head).toMatch(/^image +label +predicted +explained +amount /);
    expect(first).toMatch(/^\S+ +3 +crane +crane - 2 +-1\.23e-5 /);
    expect(second).toMatch(/^\S+ +3 +crane +fc unit 1 +-1\.23e-5 /);
  });
});
