/** Smoothing by means over squares. */

/** Mean over `size` × `size` around each pixel of [height, width], for odd sizes; pixels outside count as zeros. */
export function boxMean(values: Float64Array, height: number, width: number, size: number): Float64Array {
  const rows = boxSum(values, height, width, 1, size);
  const sums = boxSum(rows, width, height, width, size, 1);
  return sums.map((sum) => sum / (size * size));
}

/** Running window sums along one axis of `length` elements `step` apart; lines start `lineStep` apart. */
function boxSum(
  values: Float64Array,
  lines: number,
  length: number,
  step: number,
  size: number,
  lineStep = length,
): Float64Array {
  const half = (size - 1) / 2;
  const result = new Float64Array(values.length);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    for (let i = 0; i < length; i++) {
      // Summed anew for every place: a running sum would leave rounding noise where all values are tiny.
      let sum = 0;
      const end = Math.min(length - 1, i + half);
      for (let j = Math.max(0, i - half); j <= end; j++) sum += values[start + j * step]!;
      result[start + i * step] = sum;
    }
  }
  return result;
}
