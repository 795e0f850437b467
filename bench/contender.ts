/** What is compared: something that can do one training step, one prediction and one explanation of a batch. */

export const tasks = ["train", "predict", "explain"] as const;
export type Task = (typeof tasks)[number];

export interface Contender {
  readonly name: string;
  readonly threads: number;
  /** Milliseconds of one run. */
  run(task: Task): Promise<number>;
  /** Bytes that a training step keeps or holds, with what is counted. */
  readonly memory?: { readonly bytes: number; readonly what: string };
  /** At most so many runs of each task, for what is slow. */
  readonly mostRuns?: number;
  end(): Promise<void>;
}
