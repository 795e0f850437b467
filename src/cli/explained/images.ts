/** The images that an explanation is asked for: image files, or images of a test split. */
import type { Program, ProgramInput } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { readImageFile } from "../../runtime/data/image-file.node.ts";
import { fitImage } from "../../runtime/data/image-input.ts";
import { requireImageShape, toUnit, type Channels } from "../../runtime/data/pixels.ts";
import type { Arguments } from "../arguments.ts";
import { loadData } from "../data.ts";

export type ImageSelection =
  | { readonly kind: "files"; readonly paths: readonly string[] }
  | {
      readonly kind: "data";
      readonly data: string;
      /** Absent: the first `count`. */
      readonly indexes: readonly number[] | undefined;
      readonly count: number;
    };

export interface SourceImage {
  /** The file's path, or the place in the data set. */
  readonly name: string;
  /** [H, W, C] from 0 to 1. */
  readonly pixels: Float32Array;
  /** The right class, where it is known. */
  readonly label?: number;
}

export interface LoadedImages {
  readonly images: readonly SourceImage[];
  /** Names of the classes, where they are known. */
  readonly classes: readonly string[] | undefined;
}

const defaultCount = 8;

/** Reads the options; throws a code of the area `usage`. */
export function selectImages(args: Arguments): ImageSelection {
  const paths = [...args.positionals.slice(1), ...args.texts("--image")];
  const data = args.text("--data");
  if (data !== undefined) {
    if (paths.length > 0) fail("usage/conflict", { option: "--data", other: "--image" });
    const indexes = readIndexes(args.text("--index"));
    if (indexes !== undefined && args.given.has("--count"))
      fail("usage/conflict", { option: "--index", other: "--count" });
    const count = args.integer("--count", { min: 1, max: 10_000 }) ?? defaultCount;
    return { kind: "data", data, indexes, count: indexes?.length ?? count };
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
  return { kind: "files", paths };
}

function readIndexes(text: string | undefined): readonly number[] | undefined {
  return text?.split(",").map((part) => {
    const index = /^\s*\d+\s*$/.test(part) ? Number(part) : NaN;
    if (Number.isSafeInteger(index)) return index;
    return fail("usage/value", { option: "--index", expected: "whole numbers with commas between", found: text });
  });
}

/** Only inputs of grey or RGB images can be read from image files. */
export function checkSelection(selection: ImageSelection, input: ProgramInput): void {
  if (selection.kind === "files") requireImageShape(input.shape, selection.paths[0]!);
}

export async function loadImages(
  selection: ImageSelection,
  program: Pick<Program, "input" | "classes">,
): Promise<LoadedImages> {
  const { input } = program;
  if (selection.kind === "files") return { images: await readFiles(selection.paths, input), classes: undefined };
  const { test } = await loadData(selection.data, program, ["test"]);
  const size = test.images.length / test.count;
  const wanted = input.shape.join(", ");
  if (wanted !== test.shape.join(", ")) {
    fail("data/does-not-fit", {
      what: "its images have the shape",
      expected: `[${wanted}]`,
      found: `[${test.shape.join(", ")}]`,
    });
  }
  const indexes = selection.indexes ?? Array.from({ length: Math.min(selection.count, test.count) }, (_, i) => i);
  const outside = indexes.find((index) => index >= test.count);
  if (outside !== undefined) {
    fail("usage/value", { option: "--index", expected: `numbers from 0 to ${test.count - 1}`, found: String(outside) });
  }
  const images = indexes.map((index) => ({
    name: `${selection.data} ${index}`,
    pixels: toUnit(test.images.subarray(index * size, (index + 1) * size)),
    label: test.labels[index]!,
  }));
  return { images, classes: test.classes };
}

async function readFiles(paths: readonly string[], input: ProgramInput): Promise<SourceImage[]> {
  const [height, width, channels] = input.shape as [number, number, Channels];
  const images: SourceImage[] = [];
  for (const path of paths) {
    const { data } = fitImage(await readImageFile(path, channels), { height, width });
    images.push({ name: path, pixels: toUnit(data) });
  }
  return images;
}
