/** The images that an explanation is asked for: image files, folders of them, or images of a test split. */
import type { Program, ProgramInput } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { BcosError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { ClassNames } from "../../runtime/data/class-names.ts";
import { checkFit } from "../../runtime/data/fit.ts";
import { readImageFile } from "../../runtime/data/image-file.node.ts";
import { imageFiles, isFolder } from "../../runtime/data/image-folder.node.ts";
import { fitImage, usualShorterSide } from "../../runtime/data/image-input.ts";
import { requireImageShape, toUnit } from "../../runtime/data/pixels.ts";
import type { Arguments } from "../arguments.ts";
import { optionName, type OptionSpec } from "../command.ts";
import { dataSummary, loadData } from "../data.ts";
import { readShorterSide, resizeOption } from "../resize-option.ts";

export const imageOptions: readonly OptionSpec[] = [
  {
    flags: "--image <path>",
    summary: "A PNG, JPEG or WebP file, or a folder of them; may be repeated",
    repeatable: true,
  },
  resizeOption,
  { flags: "--data <name>", summary: `Images of a test split: ${dataSummary}` },
  { flags: "--index <list>", summary: "Which images of the data, from 0: 0,1,2" },
  { flags: "--count <n>", summary: "The first images of the data (8)" },
];

/** What is asked for, and the pixels of the shorter side; absent, the usual ones for the model's size. */
export type ImageSelection = { readonly shorterSide: number | undefined } & (
  | { readonly kind: "files"; readonly paths: readonly string[] }
  | {
      readonly kind: "data";
      readonly data: string;
      /** Absent: the first `count`. */
      readonly indexes: readonly number[] | undefined;
      readonly count: number;
    }
);

export interface SourceImage {
  /** Its number among those that were asked for, from 0. */
  readonly number: number;
  /** The file's path, or the place in the data set. */
  readonly name: string;
  /** [H, W, C] from 0 to 1. */
  readonly pixels: Float32Array;
  /** The right class, where it is known. */
  readonly label?: number;
  /** Of a file: its size, and what its shorter side was resized to before the middle was cut out. */
  readonly source?: { readonly height: number; readonly width: number; readonly shorterSide: number };
}

export interface ImageSource {
  /** As many as were asked for, also those that can't be read. */
  readonly count: number;
  /** Names of the classes, where the data set has them. */
  readonly classes: ClassNames | undefined;
  /** The image with this number. Throws `data/unreadable` and `data/image`. */
  load(number: number): Promise<SourceImage>;
}

const defaultCount = 8;

/** Whether an option asks for images, right or wrong. */
export function asksForImages(args: Arguments): boolean {
  return imageOptions.some((option) => args.given.has(optionName(option)));
}

/** Reads the options; throws a code of the area `usage`. `files` were named without an option. */
export function selectImages(args: Arguments, files: readonly string[]): ImageSelection {
  const paths = [...files, ...args.texts("--image")];
  const data = args.text("--data");
  const shorterSide = readShorterSide(args);
  if (data !== undefined) {
    if (paths.length > 0) fail("usage/conflict", { option: "--data", other: "--image" });
    const indexes = readIndexes(args.text("--index"));
    if (indexes !== undefined && args.given.has("--count"))
      fail("usage/conflict", { option: "--index", other: "--count" });
    const count = args.integer("--count", { min: 1, max: 10_000 }) ?? defaultCount;
    return { kind: "data", data, indexes, count: indexes?.length ?? count, shorterSide };
  }
  for (const option of ["--index", "--count"]) {
    if (args.given.has(option)) fail("usage/needs-option", { option, other: "--data" });
  }
  if (paths.length === 0) {
    fail(
      "usage/missing-argument",
      { argument: "IMAGE" },
      { hints: ["name image files, or a data set: `--data mnist`"] },
    );
  }
  return { kind: "files", paths, shorterSide };
}

function readIndexes(text: string | undefined): readonly number[] | undefined {
  return text?.split(",").map((part) => {
    const index = /^\s*\d+\s*$/.test(part) ? Number(part) : NaN;
    if (Number.isSafeInteger(index)) return index;
    return fail("usage/value", { option: "--index", expected: "whole numbers with commas between", found: text });
  });
}

/** The selection with the images of each folder in its place. Throws `data/not-found` for a folder without images. */
export async function listImages(selection: ImageSelection): Promise<ImageSelection> {
  if (selection.kind === "data") return selection;
  const lists = await Promise.all(selection.paths.map(imagesAt));
  return { ...selection, paths: lists.flat() };
}

async function imagesAt(path: string): Promise<readonly string[]> {
  if (!(await isFolder(path))) return [path];
  const files = await imageFiles(path);
  if (files.length > 0) return files;
  const hints = ["PNG, JPEG and WebP files are read, and those of folders in it only where these are named"];
  return fail("data/not-found", { what: `images in the folder ${path}` }, { hints });
}

/** Images that there will be, at most. */
export function sizeOfSelection(selection: ImageSelection): number {
  return selection.kind === "files" ? selection.paths.length : selection.count;
}

export async function openImages(
  selection: ImageSelection,
  program: Pick<Program, "input" | "classes">,
): Promise<ImageSource> {
  return selection.kind === "files" ? filesSource(selection, program.input) : dataSource(selection, program);
}

function filesSource(
  { paths, shorterSide }: Extract<ImageSelection, { kind: "files" }>,
  { shape }: ProgramInput,
): ImageSource {
  const [height, width, channels] = requireImageShape(shape, paths[0]!);
  return {
    count: paths.length,
    classes: undefined,
    async load(number) {
      const name = paths[number]!;
      const image = await readImageFile(name, channels);
      const source = {
        height: image.height,
        width: image.width,
        shorterSide: shorterSide ?? usualShorterSide(image, height, width),
      };
      const { data } = fitImage(image, { height, width, shorterSide: source.shorterSide }, name);
      return { number, name, pixels: toUnit(data), source };
    },
  };
}

async function dataSource(
  { data, indexes, count, shorterSide }: Extract<ImageSelection, { kind: "data" }>,
  program: Pick<Program, "input" | "classes">,
): Promise<ImageSource> {
  const { test } = await loadData(data, program, ["test"], { shorterSide });
  checkFit(program, test);
  const size = test.images.length / test.count;
  const chosen = indexes ?? Array.from({ length: Math.min(count, test.count) }, (_, i) => i);
  const outside = chosen.find((index) => index >= test.count);
  if (outside !== undefined) {
    fail("usage/value", { option: "--index", expected: `numbers from 0 to ${test.count - 1}`, found: String(outside) });
  }
  return {
    count: chosen.length,
    classes: test.classes,
    load: (number) => {
      const index = chosen[number]!;
      const pixels = toUnit(test.images.subarray(index * size, (index + 1) * size));
      return Promise.resolve({ number, name: `${data} ${index}`, pixels, label: test.labels[index]! });
    },
  };
}

/**
 * The images in their order, `size` at a time: more than that are never in memory at once. What can't be read is left out and
 * put into `failed`, so that one broken file does not take the others with it.
 */
export async function* imagesInParts(
  source: ImageSource,
  size: number,
  failed: Diagnostic[],
): AsyncGenerator<readonly SourceImage[], void> {
  let part: SourceImage[] = [];
  for (let number = 0; number < source.count; number++) {
    try {
      part.push(await source.load(number));
    } catch (error) {
      if (!(error instanceof BcosError && error.diagnostics.every(({ code }) => code.startsWith("data/")))) throw error;
      failed.push(...error.diagnostics);
    }
    if (part.length < size && number + 1 < source.count) continue;
    if (part.length > 0) yield part;
    part = [];
  }
}

/** [n, …input shape] */
export function pixelsOf(images: readonly SourceImage[]): Float32Array {
  const size = images[0]?.pixels.length ?? 0;
  const pixels = new Float32Array(images.length * size);
  images.forEach((image, i) => pixels.set(image.pixels, i * size));
  return pixels;
}
