/** The files of explanations: pictures and, where they are wanted, arrays; and a sheet with all pictures. */
import { basename, join } from "node:path";
import type { Shape } from "../../compiler/graph/graph.ts";
import type { ClassNames } from "../../runtime/data/class-names.ts";
import { encodeNpy } from "../../runtime/data/npy.ts";
import type { Channels } from "../../runtime/data/pixels.ts";
import type { Tensor } from "../../runtime/device.ts";
import { contributionBound, contributionMap, MAP_PERCENTILE } from "../../runtime/explain/contribution-map.ts";
import type { Explanation } from "../../runtime/explain/explanation.ts";
import type { Attribution } from "../../runtime/posthoc/attribution.ts";
import { writeFileAtomic } from "../../runtime/files/atomic-write.node.ts";
import { rasterFromUnit, type Colour, type Raster } from "../../runtime/pictures/canvas.ts";
import { contactSheet, type ContactSheetItem } from "../../runtime/pictures/contact-sheet.ts";
import { savePng } from "../../runtime/pictures/png.node.ts";
import type { SourceImage } from "./images.ts";
import { imageStem, nameOf, subjectName, subjectStem } from "./names.ts";
import { isExplanation, type Finding } from "./subject.ts";

/** Where the files go, and which. */
export interface FileOptions {
  readonly folder: string;
  readonly shape: readonly [number, number, Channels];
  readonly encodedShape: Shape;
  readonly names: ClassNames | undefined;
  /** Classes do not exclude each other: each logit has a probability of its own. */
  readonly independent: boolean;
  /** Whether the numbers are written too, as `.npy` files. */
  readonly arrays: boolean;
}

/** Names of files in the folder by what is in them. */
export interface Files {
  readonly pictures: Readonly<Record<string, string>>;
  readonly arrays: Readonly<Record<string, string>>;
}

/** The map's colours are full from this amount on, a percentile of the magnitudes. */
export interface MapScale {
  readonly percentile: number;
  readonly full: number;
}

/** A number for each pixel. */
function mapOf(finding: Finding): Tensor {
  return isExplanation(finding) ? finding.contributions : finding.map;
}

export function mapScale(finding: Finding): MapScale {
  return { percentile: MAP_PERCENTILE, full: contributionBound(mapOf(finding), MAP_PERCENTILE) };
}

/** Writes the input as the model sees it. */
export function saveInput(image: SourceImage, options: FileOptions): Promise<Files> {
  const { shape } = options;
  const input = rasterFromUnit(image.pixels, shape[0], shape[1]);
  return saveFiles(options, imageStem(image), { input }, { input: [image.pixels, shape] });
}

/** Writes the pictures of an explanation; as arrays W(x), the contributions and the colour explanation. */
export function saveExplanation(
  image: SourceImage,
  explanation: Explanation,
  { full }: MapScale,
  options: FileOptions,
): Promise<Files> {
  const { contributions, weights, colour } = explanation;
  const { shape, encodedShape, names } = options;
  const [height, width] = shape;
  const map = { height, width, data: contributionMap(contributions, { bound: full }) };
  return saveFiles(
    options,
    `${imageStem(image)}-${subjectStem(explanation, names)}`,
    { colour: colour && rasterFromUnit(colour, height, width), contributions: map },
    {
      contributions: [contributions, [height, width]],
      weights: [weights, encodedShape],
      colour: colour && [colour, [height, width, 4]],
    },
  );
}

/** Writes the map of a method from outside; as arrays that and, where it tells channels apart, the parts of each. */
export function saveAttribution(
  image: SourceImage,
  attribution: Attribution,
  { full }: MapScale,
  options: FileOptions,
): Promise<Files> {
  const { map, channels } = attribution;
  const { shape, encodedShape, names } = options;
  const [height, width] = shape;
  return saveFiles(
    options,
    `${imageStem(image)}-${subjectStem(attribution, names)}`,
    { attributions: { height, width, data: contributionMap(map, { bound: full }) } },
    { attributions: [map, [height, width]], channels: channels && [channels, encodedShape] },
  );
}

type Rasters = Readonly<Record<string, Raster | undefined>>;
type Arrays = Readonly<Record<string, readonly [values: Tensor, shape: readonly number[]] | undefined>>;

async function saveFiles(
  { folder, arrays: wanted }: FileOptions,
  stem: string,
  rasters: Rasters,
  arrays: Arrays,
): Promise<Files> {
  const files = { pictures: {} as Record<string, string>, arrays: {} as Record<string, string> };
  for (const [kind, raster] of Object.entries(rasters)) {
    if (raster === undefined) continue;
    files.pictures[kind] = `pictures/${stem}-${kind}.png`;
    await savePng(join(folder, files.pictures[kind]), raster);
  }
  for (const [kind, array] of Object.entries(wanted ? arrays : {})) {
    if (array === undefined) continue;
    files.arrays[kind] = `arrays/${stem}-${kind}.npy`;
    await writeFileAtomic(join(folder, files.arrays[kind]), encodeNpy(...array));
  }
  return files;
}

/** Larger sheets are hard to look at; the rest has files of its own. */
const mostOnSheet = 64;
const mostColumns = 4;

/** What lies behind the colour explanation of a grey image: both white and black evidence can be seen on it. */
const behindGrey: Colour = [125, 155, 195];

export interface Sheet {
  readonly add: (image: SourceImage, finding: Finding) => void;
  /** Writes the sheet and says its name in the folder. */
  readonly save: () => Promise<string>;
}

/** A contact sheet, on which explanations of one image stand side by side where there are few. */
export function createSheet(times: number, { folder, shape, names, independent }: FileOptions): Sheet {
  const items: ContactSheetItem[] = [];
  const [height, width, channels] = shape;
  return {
    add(image, e) {
      if (items.length >= mostOnSheet) return;
      const isLogit = e.target !== undefined && e.versus === undefined;
      items.push({
        height,
        width,
        image: image.pixels,
        contributions: mapOf(e),
        prediction: subjectName(e, names),
        ...(isExplanation(e) ? { residual: e.residual } : {}),
        ...(image.source === undefined ? {} : { name: basename(image.name) }),
        ...(isExplanation(e) && e.colour !== undefined ? { colour: e.colour } : {}),
        // Only a logit has a probability, and only what the model predicts is right or wrong.
        ...(isLogit && independent ? { logit: e.explained } : { amount: e.explained }),
        ...(isLogit && e.target === e.predicted && image.label !== undefined
          ? { label: nameOf(names, image.label) }
          : {}),
      });
    },
    async save() {
      const sheet = "contact-sheet.png";
      // Rows of about equal length.
      const rows = Math.ceil(items.length / mostColumns);
      const columns = times > 1 && times <= mostColumns ? times : Math.ceil(items.length / rows);
      const background = channels === 1 ? { background: behindGrey } : {};
      await savePng(join(folder, sheet), contactSheet(items, { columns, ...background }));
      return sheet;
    },
  };
}
