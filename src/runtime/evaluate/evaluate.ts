/** Accuracy of a session on a dataset. */
import { argmax } from "../argmax.ts";
import { orderedBatches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkFit } from "../data/fit.ts";
import { requireFiniteLogits } from "../finite.ts";
import type { Session } from "../session.ts";

export interface Evaluation {
  /** Images seen: all of the dataset, unless the signal ended it. */
  readonly count: number;
  readonly correct: number;
  /** correct / count. */
  readonly accuracy: number;
  /** [classes, classes]: how many images of the row's class got the largest logit at the column's class. */
  readonly confusion: Uint32Array;
  readonly perClass: readonly ClassAccuracy[];
}

export interface ClassAccuracy {
  readonly name: string;
  readonly count: number;
  readonly correct: number;
  /** NaN for a class without images. */
  readonly accuracy: number;
}

export interface EvaluateOptions {
  readonly onProgress?: (done: number, total: number) => void;
  /** When it aborts, the current batch is finished and the result covers the images so far. */
  readonly signal?: AbortSignal;
}

/**
 * Predicts every image of the dataset, in the program's batches. Throws `data/does-not-fit`, `run/no-graph`, and
 * `run/not-finite` for logits that no class can be read from.
 */
export async function evaluate(session: Session, dataset: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  checkFit(session.program, dataset);
  const { classes } = session.program;
  const confusion = new Uint32Array(classes * classes);
  let count = 0;
  for (const batch of orderedBatches(dataset, session.program.batch)) {
    if (options.signal?.aborted === true) break;
    const logits = await session.predict(batch.images);
    requireFiniteLogits(logits, classes, count);
    batch.indexes.forEach((index, i) => {
      confusion[dataset.labels[index]! * classes + argmax(logits, i * classes, classes)]!++;
    });
    count += batch.count;
    options.onProgress?.(count, dataset.count);
  }
  const perClass = dataset.classes.map((name, c): ClassAccuracy => {
    const row = confusion.subarray(c * classes, (c + 1) * classes);
    const inClass = row.reduce((a, b) => a + b, 0);
    return { name, count: inClass, correct: row[c]!, accuracy: row[c]! / inClass };
  });
  const correct = perClass.reduce((sum, entry) => sum + entry.correct, 0);
  return { count, correct, accuracy: correct / count, confusion, perClass };
}
