/**
 * A sheet of explained images: each with its input, its colour explanation over white and its contribution map; without the
 * place in between where no image has a colour explanation.
 */
import { contributionMap } from "../explain/contribution-map.ts";
import {
  BLACK,
  createRaster,
  drawText,
  enlarge,
  fillRectangle,
  paste,
  rasterFromUnit,
  textWidth,
  WHITE,
  type Colour,
  type Raster,
} from "./canvas.ts";
import { GLYPH_HEIGHT, GLYPH_WIDTH } from "./font.ts";

export interface ContactSheetItem {
  readonly height: number;
  readonly width: number;
  /** [H, W, C] from 0 to 1; C is 1 or 3. */
  readonly image: ArrayLike<number>;
  /** RGBA [H, W, 4] from 0 to 1. Left out, the place stays empty. */
  readonly colour?: ArrayLike<number>;
  /** [H, W]. */
  readonly contributions: ArrayLike<number>;
  /** What the image is called, e.g. its file. */
  readonly name?: string;
  /** Name of the true class, where it is known. */
  readonly label?: string;
  /** Name of the explained class, or of what else is explained. */
  readonly prediction: string;
  /** The explained logit; its sigmoid is written as the probability. Left out for differences and the like. */
  readonly logit?: number;
  /** The explained amount where it is no logit, written as it is. */
  readonly amount?: number;
  /** |explained − constant − Σ contributions|. Left out for what need not add up. */
  readonly residual?: number;
}

export interface ContactSheetOptions {
  /** Items side by side. Default 4. */
  readonly columns?: number;
  /** A line above everything. */
  readonly title?: string;
  /**
   * Behind the colour explanations, default white. Explanations of grey images show their light parts better on a tint:
   * white on white can not be seen.
   */
  readonly background?: Colour;
}

const MARGIN = 12;
const GAP = 4;
const FRAME: Colour = [210, 210, 210];
const GREY: Colour = [110, 110, 110];
const RED: Colour = [190, 30, 30];
/** Pictures smaller than this are enlarged by a whole factor. */
const LEAST_SIDE = 112;
const CAPTION_SIZE = 2;
const CAPTION_HEIGHT = GLYPH_HEIGHT * CAPTION_SIZE + 4;
/** From this side on a sheet is looked at from afar, and its notes are written as large as captions. */
const LARGE_SIDE = 200;

/** Draws the sheet. All items have the same height and width. A wrong prediction is written in red. */
export function contactSheet(items: readonly ContactSheetItem[], options: ContactSheetOptions = {}): Raster {
  const first = items[0];
  if (first === undefined) return createRaster(1, 1);
  if (items.some((item) => item.height !== first.height || item.width !== first.width)) {
    throw new Error("all images of a contact sheet have one size");
  }
  const columns = Math.max(1, Math.min(options.columns ?? 4, items.length));
  const factor = Math.max(1, Math.ceil(LEAST_SIDE / Math.min(first.height, first.width)));
  const places = items.some(({ colour }) => colour !== undefined) ? 3 : 2;
  const cellWidth = cellWidthOf(places, first.width * factor);
  const noteSize = Math.min(first.height, first.width) * factor >= LARGE_SIDE ? CAPTION_SIZE : 1;
  const cellHeight = CAPTION_HEIGHT + first.height * factor + 2 + GLYPH_HEIGHT * noteSize + 4;
  const titleHeight = options.title === undefined ? 0 : CAPTION_HEIGHT + MARGIN;
  const rows = Math.ceil(items.length / columns);
  const sheet = createRaster(
    MARGIN + titleHeight + rows * (cellHeight + MARGIN),
    MARGIN + columns * (cellWidth + MARGIN),
  );
  if (options.title !== undefined) {
    drawText(sheet, fit(options.title, sheet.width - 2 * MARGIN, CAPTION_SIZE), MARGIN, MARGIN, BLACK, CAPTION_SIZE);
  }
  items.forEach((item, i) => {
    const top = MARGIN + titleHeight + Math.floor(i / columns) * (cellHeight + MARGIN);
    const left = MARGIN + (i % columns) * (cellWidth + MARGIN);
    drawItem(sheet, item, { top, left, places, factor, noteSize, background: options.background ?? WHITE });
  });
  return sheet;
}

interface Placing {
  readonly top: number;
  readonly left: number;
  /** Pictures side by side. */
  readonly places: number;
  readonly factor: number;
  readonly noteSize: number;
  readonly background: Colour;
}

function drawItem(sheet: Raster, item: ContactSheetItem, placing: Placing): void {
  const { top, left, places, factor, noteSize, background } = placing;
  const width = cellWidthOf(places, item.width * factor);
  const wrong = item.label !== undefined && item.label !== item.prediction;
  drawText(sheet, captionOf(item, width), top, left, wrong ? RED : BLACK, CAPTION_SIZE);
  const colour =
    item.colour === undefined
      ? createRaster(item.height, item.width, background)
      : rasterFromUnit(item.colour, item.height, item.width);
  const pictures = [
    rasterFromUnit(item.image, item.height, item.width),
    ...(places === 3 ? [colour] : []),
    { height: item.height, width: item.width, data: contributionMap(item.contributions) },
  ];
  const tileTop = top + CAPTION_HEIGHT;
  pictures.forEach((picture, i) => {
    const tile = enlarge(picture, factor);
    const tileLeft = left + i * (tile.width + GAP);
    fillRectangle(sheet, tileTop - 1, tileLeft - 1, tile.height + 2, tile.width + 2, FRAME);
    fillRectangle(sheet, tileTop, tileLeft, tile.height, tile.width, background);
    paste(sheet, tile, tileTop, tileLeft);
  });
  const residual = item.residual === undefined ? "" : `residual ${item.residual.toExponential(1)}`;
  const room = width - textWidth(`  ${residual}`, noteSize);
  const name = item.name === undefined ? "" : `${fit(item.name, room, noteSize)}  `;
  drawText(sheet, fit(`${name}${residual}`, width, noteSize), tileTop + item.height * factor + 4, left, GREY, noteSize);
}

/** So many pictures side by side. */
function cellWidthOf(places: number, tileWidth: number): number {
  return places * tileWidth + (places - 1) * GAP;
}

/** Numbers stay; the name of the class is cut off where there is no room. */
function captionOf({ label, prediction, logit, amount }: ContactSheetItem, width: number): string {
  const probability = logit === undefined ? "" : ` ${(100 / (1 + Math.exp(-logit))).toFixed(1)}%`;
  const explained = amount === undefined ? "" : `: ${amount.toPrecision(3)}`;
  const truth = label === undefined || label === prediction ? "" : `, is ${label}`;
  const numbers = `${probability}${explained}`;
  const room = width - textWidth(`${numbers}${truth}`, CAPTION_SIZE) - CAPTION_SIZE;
  return fit(`${fit(prediction, Math.max(room, width / 3), CAPTION_SIZE)}${numbers}${truth}`, width, CAPTION_SIZE);
}

/** The text, or as much of it as is not wider than `width` pixels. */
function fit(text: string, width: number, size: number): string {
  return textWidth(text, size) <= width
    ? text
    : `${[...text].slice(0, Math.max(0, Math.floor(width / ((GLYPH_WIDTH + 1) * size)) - 2)).join("")}..`;
}
