/** Where threads have to meet: between launches of which one needs, or overwrites, what another one leaves. */
import type { BufferRef, KernelLaunch } from "../../../compiler/plan/plan.ts";

/**
 * For each launch of a run of them, whether all threads meet behind it. They do behind the last. Launches that are not
 * `shared` are all done by the same thread.
 */
export function meetingsOf(
  launches: readonly KernelLaunch[],
  isShared: (launch: KernelLaunch) => boolean,
): readonly boolean[] {
  let since: KernelLaunch[] = [];
  return launches.map((launch, index) => {
    since.push(launch);
    const next = launches[index + 1];
    const meet =
      next === undefined ||
      since.some(
        (earlier) => (isShared(earlier) || isShared(next)) && (touches(earlier, next) || touches(next, earlier)),
      );
    if (meet) since = [];
    return meet;
  });
}

/** Whether `one` writes something that `other` reads or writes. */
function touches(one: KernelLaunch, other: KernelLaunch): boolean {
  const used = new Set(other.buffers.map(placeOf));
  return one.buffers.slice(one.reads).some((ref) => used.has(placeOf(ref)));
}

function placeOf(ref: BufferRef): string {
  return ref.kind === "state" ? `state ${ref.path}` : `${ref.kind} ${ref.index}`;
}
