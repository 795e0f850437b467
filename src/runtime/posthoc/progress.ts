/** How far a method has come that runs the network many times for an image. */
export interface ProgressOptions {
  /** Called after each batch: samples that were run, of all that will be. */
  readonly onProgress?: (done: number, total: number) => void;
}
