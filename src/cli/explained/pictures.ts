/** The pictures of explanations: one file for each, and a sheet with all of them. */
import { join } from "node:path";
import type { ProgramInput } from "../../compiler/graph/program.ts";
import { rasterFromUnit, type Colour } from "../../runtime/pictures/canvas.ts";
import { contactSheet } from "../../runtime/pictures/contact-sheet.ts";
import { savePng } from "../../runtime/pictures/png.node.ts";
import { contributionMap } from "../../runtime/explain/contribution-map.ts";
import type { Explanation } from "../../runtime/explain/explanation.ts";
import type { SourceImage } from "./images.ts";

export interface Explained {
  readonly image: SourceImage;
  readonly explanation: Explanation;
}

/** Names of files in the folder; `null` where there is no such picture. */
export interface PictureFiles {
  readonly input: string;
  readonly colour: string | null;
  readonly contributions: string;
}

export interface SavedPictures {
  readonly contactSheet: string | null;
  readonly files: readonly (PictureFiles | null)[];
}

/** Larger sheets are hard to look at; the rest has files of its own. */
const mostOnSheet = 64;

/** What lies behind the colour explanation of a grey image: both white and black evidence can be seen on it. */
const behindGrey: Colour = [125, 155, 195];

/** Writes the pictures to `folder`. Only inputs [H, W, 1 or 3] have pictures. */
export async function savePictures(
  folder: string,
  explained: readonly Explained[],
  input: ProgramInput,
  nameOf: (c: number) => string,
): Promise<SavedPictures> {
  const [height, width, channels] = input.shape as [number, number, number];
  if (input.shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    return { contactSheet: null, files: explained.map(() => null) };
  }
  const files: PictureFiles[] = [];
  for (const [i, { image, explanation }] of explained.entries()) {
    const stem = `pictures/${String(i).padStart(3, "0")}`;
    const { colour, contributions } = explanation;
    const names = {
      input: `${stem}-input.png`,
      colour: colour === undefined ? null : `${stem}-colour.png`,
      contributions: `${stem}-contributions.png`,
    };
    await savePng(join(folder, names.input), rasterFromUnit(image.pixels, height, width));
    if (colour !== undefined) await savePng(join(folder, names.colour!), rasterFromUnit(colour, height, width));
    await savePng(join(folder, names.contributions), { height, width, data: contributionMap(contributions) });
    files.push(names);
  }
  const items = explained.slice(0, mostOnSheet).map(({ image, explanation: e }) => ({
    height,
    width,
    image: image.pixels,
    ...(e.colour === undefined ? {} : { colour: e.colour }),
    contributions: e.contributions,
    ...(image.label === undefined ? {} : { label: nameOf(image.label) }),
    prediction: nameOf(e.target ?? e.predicted),
    // Only a logit has a probability, a difference of two has none.
    ...(e.versus === undefined ? { logit: e.explained } : {}),
    residual: e.residual,
  }));
  const sheet = "contact-sheet.png";
  await savePng(join(folder, sheet), contactSheet(items, channels === 1 ? { background: behindGrey } : {}));
  return { contactSheet: sheet, files };
}
