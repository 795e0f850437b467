/** Codes of the area `bcos`: what the B-cos form changes, and settings that do not fit it. */
import { entry } from "../entry.ts";

/** How often a change was made and where first. Equal changes of many layers are one finding. */
export interface Changed {
  readonly path: string;
  readonly count: number;
}

function where(p: Changed): string {
  return p.count === 1 ? ` (${p.path})` : ` (${p.count} times, first ${p.path})`;
}

export const bcosCodes = {
  "bcos/relu-dropped": entry<Changed & { layer: string }>({
    severity: "info",
    message: (p) => `\`${p.layer}\` is dropped in the B-cos form${where(p)}`,
    hint: (p) => `\`bcos { ${p.layer === "relu" ? "relu" : "gelu"}: keep }\` keeps it`,
  }),
  "bcos/max-pool-averaged": entry<Changed>({
    severity: "info",
    message: (p) => `\`max_pool\` becomes an average over the same window${where(p)}`,
    hint: () => "`bcos { max_pool: keep }` keeps the maximum",
  }),
  "bcos/norm-replaced": entry<Changed & { norm: string; bias: boolean }>({
    severity: "info",
    message: (p) => `\`norm\` becomes \`${p.norm}\`${p.bias ? "" : ", without a bias,"} in the B-cos form${where(p)}`,
  }),
  "bcos/norm-dropped": entry<Changed>({
    severity: "info",
    message: (p) => `\`norm\` is dropped in the B-cos form, as the settings say${where(p)}`,
  }),
  "bcos/bias-dropped": entry<Changed & { layer: string }>({
    severity: "info",
    message: (p) => `the bias of \`${p.layer}\` is dropped in the B-cos form${where(p)}`,
    hint: () => "a bias adds an amount that can't be attributed to the input",
  }),
  "bcos/constant-part": entry<Changed & { what: string }>({
    severity: "info",
    message: (p) => `${p.what} can't be attributed to the input: explanations carry it as a constant part${where(p)}`,
  }),
  "bcos/input-encoded": entry<{ name: string; from: number; to: number }>({
    severity: "info",
    message: (p) =>
      `the input \`${p.name}\` is encoded as [x, 1 - x]: ${p.from} ${p.from === 1 ? "channel becomes" : "channels become"} ${p.to}`,
    hint: () => "`bcos { encode: none }` takes the input as it is",
  }),
  "bcos/head-before-pool": entry<{ path: string }>({
    severity: "info",
    message: (p) => `the classifier ${p.path} is applied to the map, before \`global_avg_pool\``,
    hint: () => "`bcos { head: after_pool }` keeps the order as written",
  }),
  "bcos/logit-layer": entry<{ temperature: string; bias: string }>({
    severity: "info",
    message: (p) =>
      p.temperature === "1"
        ? `the constant ${p.bias} is added to the logits`
        : `the logits are divided by ${p.temperature}, then ${p.bias} is added`,
    hint: () => "`bcos { logit_bias: …, logit_temperature: … }` sets both",
  }),
  "bcos/encoded-shape": entry<{ problem: string; channels: number }>({
    severity: "error",
    message: (p) => `in the B-cos form, where the input has ${p.channels} channels: ${p.problem}`,
    hint: () =>
      "the encoding doubles the input's channels; put a layer with a width of its own first, or `bcos { encode: none }`",
  }),
  "bcos/encode-deviation": entry({
    severity: "error",
    message: () => "the standard deviations of `add_inverse_normalized` must be greater than 0",
  }),
  "bcos/settings-place": entry<{ name: string }>({
    severity: "error",
    message: (p) => `the block \`${p.name}\` has B-cos settings; they belong to a model or to its file`,
  }),
  "bcos/settings-unused": entry({
    severity: "warning",
    message: () => "these B-cos settings have no effect: the file has no model",
    hint: () => "a model takes the settings of its own file, not of the files that it imports",
  }),
  "bcos/encode-channels": entry<{ list: string; found: number; channels: number }>({
    severity: "error",
    message: (p) =>
      `\`${p.list}\` of the input encoding has the length ${p.found}, but the input has ${p.channels} ${p.channels === 1 ? "channel" : "channels"}`,
    hint: () => "give a number for each channel, or leave the normalisation out: `encode: add_inverse`",
  }),
  "bcos/logit-bias": entry({
    severity: "error",
    message: () => "`logit_bias: auto` is −ln(classes − 1), which does not exist for one class",
    hint: () => "give the bias as a number, e.g. `logit_bias: 0`",
  }),
};
