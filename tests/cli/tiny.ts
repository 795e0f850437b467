/** A tiny model and data set, for trainings of a second. */

export const tinyModel = `/// A small net for pictures of 8 x 8.
model Tiny(width: int = 8) {
  input  image: [8, 8, 1]
  output logits: [10]

  stem   = image -> conv1: conv(width, kernel: 3, stride: 2) -> bn1: norm -> relu
  logits = stem -> global_avg_pool -> fc: linear(10)
}
`;

/** An idx file of unsigned bytes. */
export function idxFile(dimensions: readonly number[], data: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  head.setUint8(2, 8);
  head.setUint8(3, dimensions.length);
  dimensions.forEach((d, i) => head.setUint32(4 + 4 * i, d));
  return new Uint8Array([...new Uint8Array(head.buffer), ...data]);
}

/** The four files: a bright row or column whose place is the class, over some noise. */
export function tinyData(train = 200, test = 30): Record<string, Uint8Array> {
  const part = (name: string, count: number): [string, Uint8Array][] => {
    const labels = Uint8Array.from({ length: count }, (_, i) => (i * 7) % 10);
    const images = Uint8Array.from({ length: count * 64 }, (_, at) => {
      const label = labels[Math.floor(at / 64)]!;
      const [row, column] = [Math.floor((at % 64) / 8), at % 8];
      const bright = label < 5 ? row === label + 1 : column === label - 4;
      return bright ? 255 : (at * 37) % 40;
    });
    return [
      [`${name}-images-idx3-ubyte`, idxFile([count, 8, 8], images)],
      [`${name}-labels-idx1-ubyte`, idxFile([count], labels)],
    ];
  };
  return Object.fromEntries([...part("train", train), ...part("t10k", test)].map(([n, d]) => [`data/${n}`, d]));
}
