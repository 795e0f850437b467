/** The fusion rules, in the order in which they are applied. What each saves is said with it and printed with plans. */
import { joinNorms, takeLargest } from "./fusion-bcos.ts";
import { fuseEpilogues, fuseFinishes } from "./fusion-epilogue.ts";
import { mergeElementwise } from "./fusion-elementwise.ts";
import { fuseLoads, fusePrologues } from "./fusion-prologue.ts";
import { gatherStatistics, joinMeans } from "./fusion-statistics.ts";
import type { PlanState } from "./groups.ts";
import type { AppliedRule } from "./plan.ts";
import { computedInReductions } from "./store.ts";

export interface FusionRule {
  readonly name: string;
  readonly does: string;
  /** The cost argument. */
  readonly because: string;
  /** Changes the state and says how often the rule was applied. */
  readonly apply: (state: PlanState) => number;
}

export const fusionRules: readonly FusionRule[] = [
  {
    name: "reduce what is computed",
    does: "A reduction computes what it reduces while it reads.",
    because: "What is reduced is neither written nor read again: two passes over it less.",
    apply: computedInReductions,
  },
  {
    name: "mean with variance",
    does: "The mean of what has a variance is left by the same kernel.",
    because: "A variance is taken around the mean: a pass over the tensor less, for numbers that are few.",
    apply: joinMeans,
  },
  {
    name: "B-cos convolution",
    does: "A convolution computes the norms of its patches by the way.",
    because: "The patch is in the cache when it is multiplied; alone, the norm reads the whole image again.",
    apply: joinNorms,
  },
  {
    name: "MaxOut",
    does: "A product takes the maximum over units before it writes.",
    because: "The units are in registers: one number is written in place of all units.",
    apply: takeLargest,
  },
  {
    name: "epilogue",
    does: "Scale, normalisation, residual sum and activation are computed where their input is made, before it is written.",
    because: "The value is in a register: a pass that reads it and a launch less.",
    apply: fuseEpilogues,
  },
  {
    name: "finish",
    does: "A reduction applies what follows to its result.",
    because: "A launch less; the numbers are few.",
    apply: fuseFinishes,
  },
  {
    name: "elementwise",
    does: "Values of one size that follow from another or read the same are computed together.",
    because: "What both read is read once, and a launch less.",
    apply: mergeElementwise,
  },
  {
    name: "prologue",
    does: "The input gradient computes its cotangent (g · B · s) while it reads.",
    because: "It has no other reader: a write and a read of it less. With two readers it is written once for both.",
    apply: fusePrologues,
  },
  {
    name: "load",
    does: "A convolution computes its image (scale and normalisation of the layer before) while it copies a block.",
    because: "It has no other reader: a write and a read of it less, and the block is copied anyway.",
    apply: fuseLoads,
  },
  {
    name: "statistics",
    does: "A convolution gathers sums and variances over its rows, a block at a time; a small kernel joins the blocks.",
    because: "A block is in the cache when it has been written: a pass that reads the tensor again less.",
    apply: gatherStatistics,
  },
];

/** Not a fusion, but listed with them: it trades a launch for memory. */
export const rematerialisation = {
  name: "compute again",
  does: "The backward part computes again what follows element by element from what is kept.",
  because: "A pass over a tensor, which is little beside the products that read it, for a tensor less to keep a layer.",
} as const;

export function fuse(state: PlanState): readonly AppliedRule[] {
  const rules = fusionRules.filter(({ name }) => !state.rules.withoutRules?.includes(name));
  return rules.map(({ name, apply }) => ({ rule: name, count: apply(state) })).filter(({ count }) => count > 0);
}
