/** The page: a program of TensorFlow.js with a compiled network in it. */
import { readDigit } from "./digit.ts";
import { startEngine, type Engine } from "./engine.ts";
import { openNetwork } from "./network.ts";
import { startPage } from "./page.ts";

const notes: Readonly<Record<Engine, string>> = {
  webgpu:
    "TensorFlow.js and the network compute on the same graphics device: tensors go in and come out without a copy.",
  wasm: "This browser has no WebGPU: TensorFlow.js and the network compute as WebAssembly.",
};

await startPage(async () => {
  const engine = await startEngine();
  const network = await openNetwork(engine);
  const note = document.createElement("p");
  note.id = "engine";
  note.textContent = notes[engine];
  document.querySelector("header")!.append(note);
  return async (drawing, target) => {
    const digit = await readDigit(drawing);
    if (digit === undefined) return undefined;
    try {
      return await network.explain(digit, target);
    } finally {
      digit.dispose();
    }
  };
});
