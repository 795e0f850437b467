/** `block_sum` as a window sum: whole blocks side by side. */
import type { OpAttributes, WindowAttributes } from "../graph/graph.ts";

export function blockWindow({ factor }: OpAttributes["block_sum"]): WindowAttributes {
  return { kernel: factor, stride: factor, padding: [0, 0, 0, 0], dilation: [1, 1] };
}
