/** How convolutions and their input gradients read a run of channels of one pixel, or zeros outside of the image. */
import { typeOf, type Width } from "../expression-wgsl.ts";

/** Places where nothing is to be read: outside of the image. */
export const NOWHERE = "vec3i(-1, 0, 0)";

/**
 * Whether one of two numbers is below 0, or another one not below its limit. Without branches: there is one for every row
 * of a tile, and some compilers take ever longer for each.
 */
export function outsideOf(...axes: readonly (readonly [low: string, high: string, limit: number])[]): string {
  return axes.map(([low, high, limit]) => `(${low} < 0) | (${high} >= ${limit})`).join(" | ");
}

/** a_at of a product: place = (pixel or −1, first channel, –). */
export function channelRun(width: Width): string {
  return `fn a_at(place: vec3i, k: u32) -> ${typeOf(width)} {
  let value = a_value(u32(max(place.x, 0)), u32(place.y) + k);
  return select(${typeOf(width)}(), value, place.x >= 0);
}`;
}
