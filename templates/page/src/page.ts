/** The page's parts together: whatever is drawn is shown with what the network says of it. */
import { createPad } from "./pad.ts";
import { createView, type Shown } from "./view.ts";

/** Explains a drawing: the class `target`, or the one that is predicted. `undefined` where nothing is drawn. */
export type See = (drawing: HTMLCanvasElement, target: number | undefined) => Promise<Shown | undefined>;

/** `open` loads the network. */
export async function startPage(open: () => Promise<See>): Promise<void> {
  const drawing = document.querySelector<HTMLCanvasElement>("#pad")!;
  const view = createView((target) => void update(target));

  /** What is to be explained next: while a run is under way only the newest drawing counts. */
  let next: { readonly target: number | undefined } | undefined;
  let running = false;

  const see = await open().catch((error: unknown) => {
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

  async function update(target?: number): Promise<void> {
    next = { target };
    if (running) return;
    running = true;
    try {
      while (next !== undefined) {
        const { target }: { readonly target: number | undefined } = next;
        next = undefined;
        const shown = await see(drawing, target);
        if (shown === undefined) view.say("Draw a digit from 0 to 9.");
        else view.show(shown);
      }
    } finally {
      running = false;
    }
  }
}
