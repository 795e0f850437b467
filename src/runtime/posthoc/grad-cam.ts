/** Grad-CAM (Selvaraju et al. 2017). */
import { sizeOf } from "../../shape.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Tensor } from "../device.ts";
import type { ClassOptions } from "../explain/classes.ts";
import type { Session } from "../session.ts";
import type { Attribution } from "./attribution.ts";
import { zeros } from "./encoded-images.ts";
import { gradientsOf } from "./gradients.ts";
import { askAbout, attributionOf, requireImages } from "./question.ts";

/**
 * max(0, Σ_c w_c·A_c) of a map A [h, w, c] of the network, where w_c is the gradient of v · logits to channel c, summed over
 * the places of the map; each place of it covers its share of the image (the nearest place counts). One run forward and, for
 * each class, one backward through the layers behind the map. Needs the graph `gradient` of a program with `encodedInput`
 * and `gradientLayer`: the path of the map, or `true` for the last one before the classifier.
 */
export async function gradCam(
  session: Session,
  images: ArrayLike<number>,
  options: ClassOptions = {},
): Promise<Attribution[]> {
  const [mapHeight, mapWidth, units] = mapOf(session);
  const { images: encoded, times, asked } = await askAbout(session, "gradient", images, options);
  const [height, width] = requireImages(encoded);
  const outputs = await gradientsOf(session, encoded.count, encoded.values, times, (image, time) => {
    return asked[image * times + time]!.combination;
  });
  const size = mapHeight * mapWidth * units;
  return asked.map((one, at) => {
    const { gradient, activation } = outputs[at % times]!;
    const own = (values: Tensor): Tensor => values.subarray(one.image * size, (one.image + 1) * size);
    const coarse = weighted(own(activation!), unitWeights(own(gradient!), units), units);
    const map = zeros(height * width, session.precision).map((_, pixel) => {
      const y = Math.floor((Math.floor(pixel / width) * mapHeight) / height);
      const x = Math.floor(((pixel % width) * mapWidth) / width);
      return coarse[y * mapWidth + x]!;
    });
    return attributionOf(one, map);
  });
}

/** [h, w, c] of the map. */
function mapOf({ program }: Session): readonly [number, number, number] {
  const layer = program.gradientLayer;
  const [height, width, units] = layer?.shape ?? [];
  if (layer?.shape.length === 3 && sizeOf(layer.shape) > 0) return [height!, width!, units!];
  const expected = "a session of a program that was built with `gradientLayer`, the path of a map";
  const found = layer === undefined ? "one without it" : `one with \`${layer.path}\`, [${layer.shape.join(", ")}]`;
  return fail("run/input", { name: "session", expected, found });
}

/** The sum of the gradient over all places, unit by unit. */
function unitWeights(gradient: Tensor, units: number): Float64Array {
  const sums = new Float64Array(units);
  gradient.forEach((value, i) => (sums[i % units]! += value));
  return sums;
}

/** max(0, Σ_c w_c·A_c) of each place. */
function weighted(activation: Tensor, weights: Float64Array, units: number): Float64Array {
  const places = new Float64Array(activation.length / units);
  activation.forEach((value, i) => (places[Math.floor(i / units)]! += value * weights[i % units]!));
  return places.map((value) => Math.max(0, value));
}
