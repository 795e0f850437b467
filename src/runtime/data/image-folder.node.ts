/** Reads a folder of images with one folder a class, as torchvision's ImageFolder and most published data sets have it. */
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Shape } from "../../compiler/graph/graph.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "../files/reason.ts";
import { createDataset, type Dataset } from "./dataset.ts";
import { readImageFile } from "./image-file.node.ts";
import { fitImage, type ImageSize } from "./image-input.ts";
import { requireImageShape } from "./pixels.ts";

/** The names that a part's folder may have, and whether the data folder itself may be the part. */
const partFolders = {
  train: { names: ["train"], itself: false },
  test: { names: ["test", "val", "validation"], itself: true },
} as const;

const extensions: readonly string[] = [".png", ".jpg", ".jpeg", ".webp"];

/** Files that are decoded at the same time: sharp's threads are kept busy, and few files are open. */
const atOnce = 16;

/**
 * The images of `folder/train/CLASS/` or `folder/test/CLASS/` (also `val`, `validation`); without such a folder, of
 * `folder/CLASS/` for the test part. Classes are the folders' names in the order of their UTF-16 codes, images stand by class
 * and then by name. Each image is brought to `shape` [H, W, 1 or 3]: shorter side resized, to `shorterSide` where it is given, the
 * middle cut out (`fitImage`). All are kept in memory, a byte a number. Throws `data/not-found`, `data/unreadable`, `data/image`,
 * `data/dataset`.
 */
export async function loadImageFolder(
  folder: string,
  part: "train" | "test",
  shape: Shape,
  options: Pick<ImageSize, "shorterSide"> = {},
): Promise<Dataset> {
  const [height, width, channels] = requireImageShape(shape, folder);
  const where = await partFolder(folder, part);
  const classes = await classFolders(where);
  const files: { readonly path: string; readonly label: number }[] = [];
  for (const [label, name] of classes.entries()) {
    const images = await imageFiles(join(where, name));
    if (images.length === 0 && part === "train") {
      fail("data/dataset", { reason: `the class \`${name}\` has no images` }, { place: where });
    }
    for (const path of images) files.push({ path, label });
  }
  if (files.length === 0) fail("data/dataset", { reason: "there are no images" }, { place: where });

  const length = height * width * channels;
  const images = allocate(files.length, length, where);
  await forEachAtOnce(files.length, async (i) => {
    const { path } = files[i]!;
    const { data } = fitImage(await readImageFile(path, channels), { height, width, ...options }, path);
    images.set(data, i * length);
  });
  const labels = Uint32Array.from(files, (file) => file.label);
  return createDataset({ shape: [height, width, channels], images, labels, classes }, where);
}

async function partFolder(folder: string, part: "train" | "test"): Promise<string> {
  const there = await foldersIn(folder);
  const { names, itself } = partFolders[part];
  const found = names.find((name) => there.includes(name));
  if (found !== undefined) return join(folder, found);
  const hasParts = Object.values(partFolders).some((other) => other.names.some((name) => there.includes(name)));
  if (itself && !hasParts) return folder;
  return fail(
    "data/not-found",
    { what: `the folder \`${names[0]}\` in ${folder}` },
    { hints: [`the images of class C for this are expected in ${join(folder, names[0], "C")}`] },
  );
}

async function classFolders(folder: string): Promise<readonly string[]> {
  const classes = (await foldersIn(folder)).toSorted();
  if (classes.length > 0) return classes;
  return fail(
    "data/not-found",
    { what: `folders of classes in ${folder}` },
    { hints: ["each class has a folder with its images"] },
  );
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const names = (await entriesOf(folder)).filter((name) => !name.startsWith("."));
  const folders = await Promise.all(names.map((name) => isFolder(join(folder, name))));
  return names.filter((_, i) => folders[i]);
}

/** Also a link to one. */
export function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The paths of the images in a folder, by name. Throws `data/unreadable`. */
export async function imageFiles(folder: string): Promise<readonly string[]> {
  const images = (await entriesOf(folder)).filter(
    (name) => !name.startsWith(".") && extensions.includes(extname(name).toLowerCase()),
  );
  return images.toSorted().map((name) => join(folder, name));
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    return fail("data/unreadable", { file: folder, reason: reasonOf(error) });
  }
}

function allocate(count: number, length: number, place: string): Uint8Array {
  try {
    return new Uint8Array(count * length);
  } catch {
    const gibibytes = ((count * length) / 2 ** 30).toFixed(1);
    const reason = `${count} images want ${gibibytes} GiB of memory at once, which is too much`;
    return fail("data/dataset", { reason }, { place });
  }
}

/** Runs the tasks 0 to count − 1, `atOnce` of them at a time; the first that fails ends all. */
async function forEachAtOnce(count: number, task: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      try {
        await task(i);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}
