/** Codes of the area `run`: training and explaining. */
import { entry } from "../entry.ts";

/** What to do about a lost device, by what can't be brought to another one. */
const lostWith = {
  nothing: "take a smaller batch, close what else uses the graphics card, or take the device `wasm`",
  device:
    "the device was given to the session, which can not open it again: request another one, and open new sessions on it",
  buffers: "buffers are lost with their device: make them again on the one that the session has now",
  state:
    "the session was trained on buffers of that device, so the steps can not be done again: open a new session from weights that were exported before",
} as const;

export const runCodes = {
  "run/not-finite": entry<{ what: string; where: string }>({
    severity: "error",
    message: (p) => `${p.what} not finite ${p.where}`,
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
        ? "only the B-cos form explains itself: compile the model without `--as standard`, or take another `--method`"
        : "ask for the graph when the program is built",
  }),
  "run/no-layer": entry<{ path: string }>({
    severity: "error",
    message: (p) => `the network has no layer, binding or block \`${p.path}\``,
    hint: () => "`bcosc inspect FILE --dump network` lists them",
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
  "run/residual": entry<{ image: number | string; residual: string; bound: string }>({
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
  "run/memory": entry<{ bytes: number; reason: string }>({
    severity: "error",
    message: (p) => `the program needs ${(p.bytes / 2 ** 20).toFixed(0)} MiB of memory: ${p.reason}`,
    hint: () => "take a smaller batch",
  }),
  "run/precision": entry<{ device: string; precision: string }>({
    severity: "error",
    message: (p) => `the device \`${p.device}\` does not compute in ${p.precision}`,
    hint: () => "the device `reference` does",
  }),
  "run/no-plan": entry<{ device: string; graph: string }>({
    severity: "error",
    message: (p) => `the program has no plan for the device \`${p.device}\` (${p.graph})`,
    hint: (p) => `build the program with \`targets: ["${p.device}"]\`, or take the device \`reference\``,
  }),
  "run/no-simd": entry({
    severity: "error",
    message: () => "this engine has no WebAssembly SIMD, which the device `wasm` needs",
    hint: () => "take a newer engine, or the device `reference`",
  }),
  "run/wasm-refused": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `WebAssembly is not allowed here: ${p.reason}`,
    hint: () => "the page's content security policy needs `'wasm-unsafe-eval'` in `script-src` for the device `wasm`",
  }),
  "run/threads": entry<{ threads: number; reason: string }>({
    severity: "error",
    message: (p) => `can not start ${p.threads} threads: ${p.reason}`,
    hint: () => "leave out the number of threads to compute with what there is",
  }),
  "run/resume": entry<{ graph: string }>({
    severity: "error",
    message: (p) => `there is no run of the graph \`${p.graph}\` to go on from`,
    hint: () => "run the graph on all of its feeds first, with nothing between",
  }),
  "run/thread-lost": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `a thread of the device is gone: ${p.reason}`,
    hint: () =>
      "its work is half done: open a new session, with fewer threads or a smaller batch where memory was short",
  }),
  "run/no-profile": entry<{ device: string }>({
    severity: "error",
    message: (p) => `the device \`${p.device}\` takes no times of launches`,
    hint: () => "`wasm` does, and `webgpu` on an adapter that has timestamps: `bcosc doctor` says whether it has",
  }),
  "run/no-webgpu": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `the device \`webgpu\` is not here: ${p.reason}`,
    hint: () => "`bcosc doctor` says what is there; the device `wasm` needs no graphics card",
  }),
  "run/no-tfjs": entry<{ device: string; reason: string }>({
    severity: "error",
    message: (p) => `the device \`${p.device}\` is not here: ${p.reason}`,
    hint: () => "`bcosc doctor` says which backends are there",
  }),
  "run/tfjs": entry<{ device: string; what: string; reason: string }>({
    severity: "error",
    message: (p) => `TensorFlow.js failed on \`${p.device}\` in ${p.what}: ${p.reason}`,
    hint: () => "this is a fault in bcosc, in TensorFlow.js or in a driver; the device `wasm` computes the same",
  }),
  "run/no-converter": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `the exported model can not be loaded back, to be compared: ${p.reason}`,
    hint: () =>
      "`npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-converter@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0`, or `--unchecked` to export without",
  }),
  "run/export-differs": entry<{ what: string; difference: string; bound: string }>({
    severity: "error",
    message: (p) =>
      `the exported model computes something else: ${p.what} differs by ${p.difference} of the largest amount, above the bound ${p.bound}`,
    hint: () => "nothing was put in place; this is a fault in bcosc or in TensorFlow.js",
  }),
  "run/no-sharp": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `the package \`sharp\`, which reads and writes image files, can not be loaded: ${p.reason}`,
    hint: () => "`npm install --include=optional sharp@0.35.5`",
  }),
  "run/no-decoder": entry({
    severity: "error",
    message: () => "there is no decoder of images here: `createImageBitmap` and `OffscreenCanvas` are missing",
    hint: () => "in Node, `decodeImage` and `readImageFile` of `bcosc/node` read images",
  }),
  "run/no-half-precision": entry<{ adapter: string }>({
    severity: "error",
    message: (p) => `the adapter \`${p.adapter}\` has no numbers in f16, in which the program keeps its activations`,
    hint: () => "leave `--storage f16` out, or build the program without `storage`; `bcosc doctor` says what is there",
  }),
  "run/tuning": entry<{ file: string; reason: string }>({
    severity: "error",
    message: (p) => `\`${p.file}\` is no tuning: ${p.reason}`,
    hint: () => "`bcosc tune` makes one",
  }),
  "run/webgpu": entry<{ what: string; reason: string }>({
    severity: "error",
    message: (p) => `WebGPU refused ${p.what}: ${p.reason}`,
    hint: () => "this is a fault in bcosc or in the driver; the device `wasm` computes the same",
  }),
  "run/device-lost": entry<{ tries: number; reason: string; with?: keyof typeof lostWith }>({
    severity: "error",
    message: (p) => `the graphics device was lost${p.tries === 1 ? "" : ` ${p.tries} times`}: ${p.reason}`,
    hint: (p) => lostWith[p.with ?? "nothing"],
  }),
  "run/wrong-results": entry<{ adapter: string; what: string }>({
    severity: "error",
    message: (p) => `the adapter \`${p.adapter}\` computes wrongly: ${p.what}`,
    hint: () => "update the graphics driver, or take the device `wasm`",
  }),
  "run/kernel": entry<{ kernel: string; path: string; reason: string }>({
    severity: "error",
    message: (p) => `the kernel \`${p.kernel}\`${p.path === "" ? "" : ` of \`${p.path}\``} failed: ${p.reason}`,
    hint: () => "this is a fault in bcosc or in a stored plan; the session can not be used any more",
  }),
};
