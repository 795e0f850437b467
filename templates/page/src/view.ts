/** What the page shows of an explanation: the prediction, a bar for every class, two pictures and the sum. */
import type { ModelExplanation } from "bcosc/runtime";
import type { DigitsTypes } from "./net.bcos";

type Numbers = Pick<ModelExplanation<DigitsTypes>, "predicted" | "target" | "explained" | "constant" | "residual">;

export interface Shown extends Numbers {
  /** Of each class. */
  readonly probabilities: ArrayLike<number>;
  /** By the canvas that it is for. */
  readonly pictures: { readonly colour: ImageData; readonly contributions: ImageData };
}

export interface View {
  show(shown: Shown): void;
  /** Something to read in place of a prediction. */
  say(text: string): void;
}

/** `choose` is called with the class whose bar was pressed. */
export function createView(choose: (target: number) => void): View {
  const prediction = element("prediction");
  const list = element("bars");
  const sum = element("sum");
  const bars: HTMLButtonElement[] = [];

  const createBar = (index: number): HTMLButtonElement => {
    const bar = document.createElement("button");
    bar.type = "button";
    bar.innerHTML = `<span class="name"></span><span class="track"><span class="fill"></span></span><span class="share"></span>`;
    bar.querySelector(".name")!.textContent = String(index);
    bar.addEventListener("click", () => choose(index));
    const item = document.createElement("li");
    item.append(bar);
    list.append(item);
    return bar;
  };

  return {
    show: ({ probabilities, pictures, predicted, target, explained, constant, residual }) => {
      prediction.textContent = `It’s a ${predicted}: ${percent(probabilities[predicted]!)}`;
      Array.from(probabilities).forEach((share, index) => {
        const bar = (bars[index] ??= createBar(index));
        bar.querySelector<HTMLElement>(".fill")!.style.setProperty("--share", String(share));
        bar.querySelector(".share")!.textContent = percent(share);
        bar.setAttribute("aria-pressed", String(index === target));
      });
      drawPicture("colour", pictures.colour);
      drawPicture("contributions", pictures.contributions);
      sum.textContent =
        `What speaks for ${target}: contributions ${number(explained - constant)}, constant ${number(constant)}, ` +
        `together the logit ${number(explained)}. Residual ${residual === 0 ? "0" : residual.toExponential(0)}.`;
    },
    say: (text) => {
      prediction.textContent = text;
    },
  };
}

function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

function number(value: number): string {
  return value.toFixed(3).replace("-", "−");
}

function drawPicture(id: string, picture: ImageData): void {
  (element(id) as HTMLCanvasElement).getContext("2d")!.putImageData(picture, 0, 0);
}
