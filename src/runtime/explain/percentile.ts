/** Percentiles with linear interpolation between the neighbouring ranks. */

/** The `percent` percentile (0 to 100) of the values; NaN for none. Does not change `values`. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return NaN;
  const rank = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(rank);
  const share = rank - below;
  const low = sorted[below]!;
  return share === 0 ? low : low + share * (sorted[below + 1]! - low);
}
