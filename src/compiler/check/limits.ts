/** Bounds that keep every input, also a hostile one, from taking the checker's time or stack. */

export const limits = {
  /** Flows, repeats and blocks that an expansion is inside of at once. More than the parser lets into one statement. */
  depth: 1500,
  /** Blocks inside blocks. */
  blocks: 64,
  /** Layers of one model. */
  layers: 20_000,
  /** Weights of one model: as many as 8 GiB of float32 hold. */
  weights: 2 ** 31,
  /** Steps, repetitions and copies of layers that one model's expansion takes. */
  work: 500_000,
  /** `repeat n`. */
  repeat: 10_000,
  /** Axes of a shape. */
  rank: 8,
  /** Numbers in one value, for one image. */
  tensor: 2 ** 31,
  /** Files of one check. */
  imports: 200,
  /** Files that import each other in a chain. */
  importDepth: 64,
} as const;
