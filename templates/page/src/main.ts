/** The page: draws, asks the network, shows what it says and why. */
import { load } from "./net.bcos";
import { readDigit } from "./digit.ts";
import { createPad } from "./pad.ts";
import { createView } from "./view.ts";

const drawing = document.querySelector<HTMLCanvasElement>("#pad")!;
const view = createView((target) => void update(target));

/** What is to be explained next: while a run is under way only the newest drawing counts. */
let next: { readonly target: number | undefined } | undefined;
let running = false;

// Made by `npm run train`, and served from public/.
const weights = `${import.meta.env.BASE_URL}model.safetensors`;
const model = await load({ weights }).catch((error: unknown) => {
  view.say("The network could not be loaded. Its weights are made by `npm run train`.");
  throw error;
});

const pad = createPad(drawing, () => void update());
document.querySelector("#clear")!.addEventListener("click", () => pad.clear());
document.querySelector("#example")!.addEventListener("click", () => pad.drawExample());
const picked = document.querySelector<HTMLInputElement>("#file")!;
picked.addEventListener("change", () => {
  const file = picked.files?.[0];
  if (file === undefined) return;
  pad.drawPicture(file).catch(() => view.say(`${file.name} is no picture that this browser can read.`));
  picked.value = "";
});
pad.drawExample();

/** Explains the drawing: the class `target`, or the one that is predicted. */
async function update(target?: number): Promise<void> {
  next = { target };
  if (running) return;
  running = true;
  try {
    while (next !== undefined) {
      const { target }: { readonly target: number | undefined } = next;
      next = undefined;
      const digit = readDigit(drawing);
      if (digit === undefined) view.say("Draw a digit from 0 to 9.");
      else view.show(await model.explain(digit, target === undefined ? {} : { target }));
    }
  } finally {
    running = false;
  }
}
