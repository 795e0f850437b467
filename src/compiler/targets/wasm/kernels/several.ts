/** Several kernels that do not depend on each other as one: it calls each for its share of the units. */
import type { SeveralMember } from "../../../plan/target.ts";
import type { Kernel } from "../kernel.ts";
import { i32, type I32, type Local } from "../values.ts";

/** Every unit has a part of every kernel, so that any split of them is even. */
const UNITS = 32;
/** Odd, so that kernels of one unit go to the first and to the second half of the units by turns. */
const TURN = 17;

/** `buffers`: the names of the whole's buffers, those that are only read first. */
export function severalKernel(
  label: string,
  members: readonly SeveralMember<Kernel>[],
  buffers: readonly string[],
  reads: number,
): Kernel {
  const sum = (of: (kernel: Kernel) => number): number => members.reduce((total, { kernel }) => total + of(kernel), 0);
  return {
    label,
    buffers,
    reads,
    units: UNITS,
    flops: sum((kernel) => kernel.flops),
    bytes: sum((kernel) => kernel.bytes),
    scratchBytes: Math.max(...members.map(({ kernel }) => kernel.scratchBytes)),
    emit: (f, p) => {
      members.forEach(({ name, kernel, buffers: own }, index) => {
        const share = (units: I32): Local<"i32"> =>
          f.let("share", i32.div(i32.add(i32.mul(units, kernel.units), (index * TURN) % UNITS), UNITS));
        const [from, to] = [share(p.start), share(p.end)];
        f.if(i32.lt(from, to), () => f.call(name, [...own.map(p.buffer), p.scratch, from, to]));
      });
    },
  };
}
