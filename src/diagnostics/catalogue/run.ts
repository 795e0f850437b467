/** Codes of the area `run`: training and explaining. */
import { entry } from "../entry.ts";

export const runCodes = {
  "run/not-finite": entry<{ what: string; step: number }>({
    severity: "error",
    message: (p) => `${p.what} is not finite at step ${p.step}`,
  }),
  "run/disposed": entry({
    severity: "error",
    message: () => "the session was disposed and can not be used any more",
    hint: () => "open a new session, or dispose this one later",
  }),
  "run/no-graph": entry<{ graph: string; available: string }>({
    severity: "error",
    message: (p) => `the program has no graph \`${p.graph}\`; it has ${p.available}`,
    hint: (p) =>
      p.graph === "explain"
        ? "only the B-cos form explains itself: compile the model without `--as standard`"
        : "ask for the graph when the program is built",
  }),
  "run/device": entry<{ name: string; available: string }>({
    severity: "error",
    message: (p) => `there is no device \`${p.name}\`; there are ${p.available}`,
  }),
  "run/input": entry<{ name: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` takes ${p.expected}, not ${p.found}`,
  }),
  "run/state": entry<{ path: string }>({
    severity: "error",
    message: (p) => `the program has no state \`${p.path}\``,
  }),
  "run/residual": entry<{ image: number; residual: string; bound: string }>({
    severity: "error",
    message: (p) =>
      `the explanation of image ${p.image} does not add up: |explained − constant − Σ contributions| = ${p.residual}, above the bound ${p.bound}`,
    hint: () => "the device computes too coarsely or wrongly; compare with the device `reference`",
  }),
  "run/feed": entry<{ graph: string; name: string; problem: string; takes: string }>({
    severity: "error",
    message: (p) => `the graph \`${p.graph}\` ${p.problem} \`${p.name}\``,
    hint: (p) => `it takes ${p.takes}`,
  }),
  "run/no-output": entry<{ graph: string; output: string; available: string }>({
    severity: "error",
    message: (p) => `the graph \`${p.graph}\` has no output \`${p.output}\`; it has ${p.available}`,
  }),
};
