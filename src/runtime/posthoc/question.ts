/** What post-hoc methods begin with: the logits of the images, and what is asked about each. */
import { sizeOf } from "../../shape.ts";
import type { GraphName } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { argmax } from "../argmax.ts";
import type { Tensor } from "../device.ts";
import {
  checkChoice,
  chooseClasses,
  combinationOf,
  timesOf,
  type ClassOptions,
  type Combination,
} from "../explain/classes.ts";
import { requireFiniteLogits } from "../finite.ts";
import { requireGraph, type Session } from "../session.ts";
import type { Attribution } from "./attribution.ts";
import { encodeImages, type EncodedImages } from "./encoded-images.ts";

/** One attribution that is to be made, all but its map. */
export interface Asked extends Omit<Attribution, "map" | "channels"> {
  /** v: what is asked about is v · logits. */
  readonly combination: Combination;
}

export interface Question {
  readonly images: EncodedImages;
  /** Attributions of each image. */
  readonly times: number;
  /** Those of one image follow each other. */
  readonly asked: readonly Asked[];
}

/**
 * Computes the logits with the graph that the method needs anyway. Throws `run/input`, `run/no-graph`, and `run/not-finite`
 * for logits that are no numbers.
 */
export async function askAbout(
  session: Session,
  graph: Exclude<GraphName, "train" | "explain">,
  images: ArrayLike<number>,
  options: ClassOptions,
): Promise<Question> {
  const { program } = session;
  requireGraph(program, graph);
  const encoded = encodeImages(session, images);
  const times = timesOf(program, options);
  checkChoice(program, options, encoded.count);
  const { classes } = program;
  const feeds = { [program.input.name]: encoded.values };
  const logits = (await session.runSamples(graph, encoded.count, feeds, ["logits"]))["logits"] ?? new Float32Array(0);
  requireFiniteLogits(logits, classes);
  const asked = Array.from({ length: encoded.count * times }, (_, at): Asked => {
    const [image, time] = [Math.floor(at / times), at % times];
    const own = logits.slice(image * classes, (image + 1) * classes);
    const choice = chooseClasses(options, image, time, own);
    const combination = combinationOf(program, options, choice, image);
    return { image, predicted: argmax(own), ...choice, logits: own, explained: amount(combination, own), combination };
  });
  return { images: encoded, times, asked };
}

/** v · values, of the values from `start` on. */
export function amount(combination: Combination, values: ArrayLike<number>, start = 0): number {
  let sum = 0;
  for (const [index, coefficient] of combination) sum += coefficient * values[start + index]!;
  return sum;
}

export function attributionOf(asked: Asked, map: Tensor, channels?: Tensor): Attribution {
  const { combination: _, ...rest } = asked;
  return { ...rest, map, ...(channels === undefined ? {} : { channels }) };
}

/**
 * [H, W, C] of images whose parts can be covered. Throws `run/input` for inputs of another kind, such as vectors.
 */
export function requireImages({ shape }: EncodedImages): readonly [number, number, number] {
  const [height, width, channels] = shape;
  if (shape.length === 3) return [height!, width!, channels!];
  const expected = "images [height, width, channels] for a method that covers parts of them";
  return fail("run/input", { name: "images", expected, found: `[${shape.join(", ")}]` });
}

/** One encoded image. */
export function imageAt({ shape, values }: EncodedImages, image: number): Tensor {
  const size = sizeOf(shape);
  return values.subarray(image * size, (image + 1) * size);
}
