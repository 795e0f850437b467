/** Ops that compute next to nothing and tell explanations something. */
import { sizeOf } from "../graph.ts";
import type { OpGroup } from "./definition.ts";
import { noAttributes } from "./definition.ts";
import { broadcastsTo, expect, formatShape } from "./shapes.ts";

export const markers: OpGroup<"dynamic" | "shift"> = {
  dynamic: {
    doc: "Identity. Marks a dynamic factor: explanations hold it constant, the true gradient passes.",
    arity: 1,
    shape: ([x]) => x!,
    flops: () => 0,
    gradient: ({ cotangent, mode }) => [mode === "explain" ? undefined : cotangent],
    specimens: [{ inputs: [{ shape: [2, 3] }], attributes: noAttributes }],
  },
  shift: {
    doc: "x + c, where c is an amount that no explanation attributes to the input.",
    arity: 2,
    shape: ([x, c], { name }) => {
      expect(typeof name === "string" && name !== "", "a shift needs a name");
      expect(broadcastsTo(c!, x!), () => `the amount ${formatShape(c!)} does not broadcast to ${formatShape(x!)}`);
      return x!;
    },
    flops: (node) => sizeOf(node.shape),
    // In explain mode ⟨cotangent, c⟩ is counted as a constant part, so nothing may flow on into c.
    gradient: ({ cotangent, mode }) => [cotangent, mode === "explain" ? undefined : cotangent],
    specimens: [
      { inputs: [{ shape: [2, 3] }, { shape: [3] }], attributes: { name: "bias" } },
      { inputs: [{ shape: [2, 2, 3] }, { shape: [2, 1, 3] }], attributes: { name: "mean" } },
    ],
  },
};
