/** The page: draws, asks the network, shows what it says and why. */
import { load } from "./net.bcos";
import { readDigit } from "./digit.ts";
import { startPage } from "./page.ts";

// Made by `npm run train`, and served from public/.
const weights = `${import.meta.env.BASE_URL}model.safetensors`;

await startPage(async () => {
  const model = await load({ weights });
  return async (drawing, target) => {
    const digit = readDigit(drawing);
    if (digit === undefined) return undefined;
    const explanation = await model.explain(digit, target === undefined ? {} : { target });
    const probabilities = explanation.logits.map(probability);
    const colour = explanation.toImageData();
    const contributions = explanation.toImageData("contributions");
    return { ...explanation, probabilities, pictures: { colour, contributions } };
  };
});

/** Classes do not exclude each other in the loss that B-cos networks are trained with: each has a probability of its own. */
function probability(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
