/** Contributions as a picture: red speaks for, blue against, white is neutral. */
import { percentile } from "./percentile.ts";

/** Colours are full from this percentile on, where nothing else is asked for. */
export const MAP_PERCENTILE = 99.5;

export interface ContributionMapOptions {
  /** The colours are full from this percentile of |contribution| on. Default 99.5. */
  readonly percentile?: number;
  /** A common bound for several maps, instead of the percentile. */
  readonly bound?: number;
}

/** Opaque RGBA bytes [n, 4] for n contributions, on the map blue – white – red, symmetric about zero. */
export function contributionMap(contributions: ArrayLike<number>, options: ContributionMapOptions = {}): Uint8Array {
  const bound = options.bound ?? contributionBound(contributions, options.percentile);
  const result = new Uint8Array(contributions.length * 4);
  for (let i = 0; i < contributions.length; i++) {
    const share = bound > 0 ? Math.min(1, Math.max(-1, contributions[i]! / bound)) : 0;
    const faded = Math.round(255 * (1 - Math.abs(share)));
    result[i * 4] = share >= 0 ? 255 : faded;
    result[i * 4 + 1] = faded;
    result[i * 4 + 2] = share <= 0 ? 255 : faded;
    result[i * 4 + 3] = 255;
  }
  return result;
}

/** The percentile (default 99.5) of the contributions' magnitudes. */
export function contributionBound(contributions: ArrayLike<number>, percent = MAP_PERCENTILE): number {
  return percentile(
    Array.from(contributions, (value) => Math.abs(value)),
    percent,
  );
}
