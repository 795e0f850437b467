/** Explanations as pixels for a canvas. */
import { fail } from "../../diagnostics/catalogue.ts";
import { contributionMap } from "../explain/contribution-map.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { CanvasPicture } from "./images.ts";

/**
 * RGBA bytes of the colour explanation, transparent where nothing was seen, or of the map of contributions. Throws `run/input`
 * where the model has no images, or its input no colours.
 */
export function explanationPicture(
  { colour, contributions }: Pick<Explanation, "colour" | "contributions">,
  shape: readonly number[],
  picture: "colour" | "contributions",
): CanvasPicture {
  const [height, width] = shape;
  if (shape.length !== 3 || height === undefined || width === undefined) {
    return fail("run/input", { name: "picture", expected: "a model of images", found: `[${shape.join(", ")}]` });
  }
  if (picture === "contributions") return imageData(width, height, contributionMap(contributions));
  if (colour === undefined) {
    const expected = "`contributions`: the model's input has no colours";
    return fail("run/input", { name: "picture", expected, found: "`colour`" });
  }
  return imageData(
    width,
    height,
    colour.map((value) => Math.round(255 * value)),
  );
}

function imageData(width: number, height: number, values: ArrayLike<number>): CanvasPicture {
  const data = Uint8ClampedArray.from(values);
  return typeof ImageData === "function"
    ? new ImageData(data, width, height)
    : { colorSpace: "srgb", width, height, data };
}
