/** What the page shows of an explanation: the prediction, a bar for every class, two pictures and the sum. */
import type { ModelExplanation } from "bcosc/runtime";
import type { DigitsTypes } from "./net.bcos";

type Explanation = ModelExplanation<DigitsTypes>;

export interface View {
  show(explanation: Explanation): void;
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
    show: (explanation) => {
      const { logits, predicted, target, explained, constant, residual } = explanation;
      prediction.textContent = `It’s a ${predicted}: ${percent(probability(logits[predicted]!))}`;
      logits.forEach((logit, index) => {
        const bar = (bars[index] ??= createBar(index));
        const share = probability(logit);
        bar.querySelector<HTMLElement>(".fill")!.style.setProperty("--share", String(share));
        bar.querySelector(".share")!.textContent = percent(share);
        bar.setAttribute("aria-pressed", String(index === target));
      });
      drawPicture("colour", explanation.toImageData());
      drawPicture("contributions", explanation.toImageData("contributions"));
      sum.textContent =
        `What speaks for ${target}: contributions ${number(explained - constant)}, constant ${number(constant)}, ` +
        `together the logit ${number(explained)}. Residual ${residual.toExponential(0)}.`;
    },
    say: (text) => {
      prediction.textContent = text;
    },
  };
}

function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}

/** Classes do not exclude each other in the loss that B-cos networks are trained with: each has a probability of its own. */
function probability(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

function number(value: number): string {
  return value.toFixed(3).replace("-", "−");
}

/** In browsers the picture is an `ImageData`. */
function drawPicture(id: string, picture: ImageData): void {
  (element(id) as HTMLCanvasElement).getContext("2d")!.putImageData(picture, 0, 0);
}
