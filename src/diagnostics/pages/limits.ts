/** Pages of the area `limit`. */
import type { limitCodes } from "../catalogue/limits.ts";
import { around, classify, model } from "./examples.ts";
import type { PagesOf } from "./page.ts";

const one = (step: string) => model(`logits = image -> ${step} ${classify}`);

const block = (name: string, step: string) =>
  `block ${name} {\n  input  x: [H, W, C]\n  output y: [H, W, C]\n\n  y = x -> ${step}\n}`;

/** Blocks B0 … Bn, each containing the next `times` times, within `depth` more repeats. */
function tower(height: number, times: number, depth = 0): string {
  const inside = (name: string): string => (times === 1 ? name : `repeat ${times} { ${name} }`);
  const step = (i: number): string => (i === height - 1 ? "relu" : inside(`B${i + 1}`));
  const wrapped = (text: string): string => `${"repeat 1 { ".repeat(depth)}${text}${" }".repeat(depth)}`;
  return Array.from({ length: height }, (_, i) => block(`B${i}`, wrapped(step(i)))).join("\n\n");
}

function importing(count: number): Record<string, string> {
  const names = Array.from({ length: count }, (_, i) => `B${i}`);
  return {
    "main.bcos": around(
      "model Net {",
      [`logits = image -> ${names.join(" -> ")} ${classify}`],
      names.map((n) => `import { ${n} } from "./${n}.bcos"`).join("\n"),
    ),
    ...Object.fromEntries(names.map((n) => [`${n}.bcos`, `${block(n, "relu")}\n`])),
  };
}

function importChain(length: number): Record<string, string> {
  const file = (i: number): string =>
    i === length - 1
      ? `${block(`B${i}`, "relu")}\n`
      : `import { B${i + 1} } from "./B${i + 1}.bcos"\n\n${block(`B${i}`, `B${i + 1}`)}\n`;
  return {
    "main.bcos": around("model Net {", [`logits = image -> B0 ${classify}`], 'import { B0 } from "./B0.bcos"'),
    ...Object.fromEntries(Array.from({ length }, (_, i) => [`B${i}.bcos`, file(i)])),
  };
}

export const limitPages: PagesOf<typeof limitCodes> = {
  "limit/depth": {
    kind: "source",
    meaning: "Blocks, `repeat`s and brackets are inside each other to too great a depth.",
    why: "No model needs it; the bound keeps damaged and generated files from exhausting the compiler.",
    wrong: around("model Net {", [`logits = image -> B0 ${classify}`], tower(50, 1, 50)),
    right: around("model Net {", [`logits = image -> B0 ${classify}`], tower(3, 1, 2)),
  },
  "limit/expansion-depth": {
    kind: "source",
    meaning: "Blocks contain blocks to too great a depth.",
    why: "The bound keeps the messages readable and the compiler quick.",
    wrong: around("model Net {", [`logits = image -> B0 ${classify}`], tower(200, 1)),
    right: around("model Net {", [`logits = image -> B0 ${classify}`], tower(3, 1)),
  },
  "limit/layers": {
    kind: "source",
    meaning: "The model has too many layers when it is written out.",
    why: "A `repeat` within a `repeat` grows fast; the bound answers at once where the compiler would run for minutes.",
    wrong: around("model Net {", [`logits = image -> B0 ${classify}`], tower(4, 60)),
    right: around("model Net {", [`logits = image -> B0 ${classify}`], tower(4, 2)),
  },
  "limit/expansion": {
    kind: "source",
    meaning: "Writing out the model takes too many steps.",
    why: "Nested `repeat`s can take forever without making a single layer.",
    wrong: one("repeat 1000 { repeat 1000 { repeat 1000 { if 1 > 2 { relu } } } }"),
    right: one("repeat 10 { relu }"),
  },
  "limit/repeat": {
    kind: "source",
    meaning: "`repeat` is given a larger number than it takes.",
    why: "The steps are written out as often as it says.",
    wrong: one("repeat 1000000000 { relu }"),
    right: one("repeat 10 { relu }"),
  },
  "limit/tensor": {
    kind: "source",
    meaning: "A value inside the model is too large for any device.",
    why: "The bound finds a slip in a width or stride before the memory runs out.",
    wrong: one("upsample(100000) -> conv(16, kernel: 3)"),
    right: one("upsample(2) -> conv(16, kernel: 3)"),
  },
  "limit/webgpu": {
    kind: "situation",
    meaning: "A layer needs more than every WebGPU device has to offer: buffers, their size, or memory of a workgroup.",
    why: "Kernels keep within the default limits of WebGPU, so that a plan that was compiled runs on every adapter.",
    situation: "A model is compiled for the device `webgpu` with a batch whose largest tensor takes more than 128 MiB.",
    remedy:
      "Take a smaller `--batch` or smaller images, or the device `wasm`, which has no such limit. `bcosc evaluate` and `bcosc explain` run smaller batches by themselves.",
  },
  "limit/tfjs": {
    kind: "situation",
    meaning: "A layer needs an operation that a backend of TensorFlow.js does not have.",
    why: "The backends differ in their kernels. What a model needs is compared with what a backend has before anything runs.",
    situation:
      "A model is compiled for a device such as `tfjs:wasm`, and one of its layers can't be built from the kernels of that backend.",
    remedy:
      "Take another backend of TensorFlow.js, or the devices `wasm` and `webgpu`, which have kernels for all layers.",
  },
  "limit/imports": {
    kind: "source",
    meaning: "Too many files are imported.",
    why: "The bound answers at once where reading the files would take long.",
    wrong: importing(200),
    right: importing(2),
  },
  "limit/import-depth": {
    kind: "source",
    meaning: "Files import files to too great a depth.",
    why: "The bound keeps damaged or generated files from exhausting the compiler.",
    wrong: importChain(100),
    right: importChain(2),
  },
  "limit/nesting": {
    kind: "source",
    meaning: "Brackets are nested too deeply in one statement.",
    why: "No model needs it; the bound keeps damaged files from exhausting the compiler.",
    wrong: one(`conv(${"(".repeat(2000)}16${")".repeat(2000)})`),
    right: one("conv((16), kernel: 3)"),
  },
  "limit/operators": {
    kind: "source",
    meaning: "One statement has too many operators.",
    why: "The bound keeps damaged and generated files from exhausting the compiler.",
    wrong: one(`conv(${"1 + ".repeat(20000)}1, kernel: 3)`),
    right: one("conv(1 + 1, kernel: 3)"),
  },
  "limit/file-size": {
    kind: "source",
    meaning: "The file is too large.",
    why: "The largest published model takes a few kilobytes. The bound keeps the answer quick when something else was named by mistake.",
    wrong: `${one("conv(16, kernel: 3)")}\n${`// ${"x".repeat(1000)}\n`.repeat(5000)}`,
    right: one("conv(16, kernel: 3)"),
  },
  "limit/rank": {
    kind: "source",
    meaning: "A shape has too many axes.",
    why: "Images have three axes, tokens two and vectors one.",
    wrong: model(`logits = image ${classify}`).replace(
      "[8, 8, 3]",
      "[8, 8, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]",
    ),
    right: model(`logits = image ${classify}`),
  },
  "limit/weights": {
    kind: "source",
    meaning: "The model has too many weights for any device.",
    why: "The bound finds a slip in a width before the memory runs out.",
    wrong: one("conv(1000000, kernel: 1) -> conv(1000000, kernel: 1)"),
    right: one("conv(16, kernel: 1) -> conv(16, kernel: 1)"),
  },
};
