/** Whether two contenders compute the same: times count only where they do. */
import type { Compared, Tensors, Tolerance } from "./contender.ts";
import type { Workload } from "./workloads.ts";

export interface Agreement {
  /** The largest of what is compared. */
  readonly difference: number;
  readonly limit: number;
  readonly what: Compared;
}

type Results = ReadonlyMap<string, Float32Array>;

/** float32 sums in another order, through twenty layers and three steps. */
const LIMIT = 1e-4;
/** The update of a weight is a small difference of large numbers. */
const UPDATE_LIMIT = 2e-3;

export function agrees({ difference, limit }: Agreement): boolean {
  return difference <= limit;
}

/**
 * How far `theirs` are from `ours`: ‖a − b‖ / ‖b‖ of a kernel's result and of contributions; of logits with the mean taken
 * from b first, because the constant that is added to them would hide everything; the largest relative difference of
 * losses. After SGD also the updates of all weights; Adam's first steps are signs of gradients, where the smallest
 * rounding is a whole step.
 */
export function compare(
  workload: Workload,
  ours: Results,
  theirs: Results,
  given: Tensors,
  tolerance: Tolerance = 1,
): Agreement {
  const agreement = compareExactly(workload, ours, theirs, given);
  const times = typeof tolerance === "number" ? tolerance : (tolerance[agreement.what] ?? 1);
  return { ...agreement, limit: agreement.limit * times };
}

function compareExactly(workload: Workload, ours: Results, theirs: Results, given: Tensors): Agreement {
  if (workload.kind !== "network") return relative("result", only(ours), only(theirs));
  switch (workload.task) {
    case "predict":
      return relative("logits", get(ours, "logits"), get(theirs, "logits"), mean(get(ours, "logits")));
    case "explain":
      return relative("contributions", get(ours, "contributions"), get(theirs, "contributions"));
    case "train": {
      const losses = lossDifference(get(ours, "losses"), get(theirs, "losses"));
      if (losses.difference > LIMIT || workload.network.optimizer.kind === "adam") return losses;
      return updateDifference(ours, theirs, given);
    }
    default:
      throw new Error(`unknown task ${JSON.stringify(workload.task satisfies never)}`);
  }
}

function get(results: Results, name: string): Float32Array {
  const values = results.get(name);
  if (values === undefined) throw new Error(`there are no ${name} to compare`);
  return values;
}

function only(results: Results): Float32Array {
  const [values] = results.values();
  if (values === undefined) throw new Error("there is no result to compare");
  return values;
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function relative(what: Compared, ours: Float32Array, theirs: Float32Array, centre = 0): Agreement {
  return { what, limit: LIMIT, difference: distance([[ours, theirs, () => centre]]) };
}

function lossDifference(ours: Float32Array, theirs: Float32Array): Agreement {
  const differences = Array.from(ours, (loss, i) => Math.abs(theirs[i]! - loss) / Math.abs(loss));
  return { what: "losses", limit: LIMIT, difference: largest(differences) };
}

/** NaN is the largest. */
function largest(values: readonly number[]): number {
  return values.some(Number.isNaN) ? NaN : Math.max(...values);
}

function updateDifference(ours: Results, theirs: Results, given: Tensors): Agreement {
  const pairs = [...ours].flatMap(([path, values]): Pair[] => {
    const before = given.get(path)?.values;
    return before === undefined ? [] : [[values, get(theirs, path), (i) => before[i]!]];
  });
  return { what: "updates", limit: UPDATE_LIMIT, difference: distance(pairs) };
}

/** Ours, theirs, and what ours are measured from. */
type Pair = readonly [Float32Array, Float32Array, (index: number) => number];

function distance(pairs: readonly Pair[]): number {
  let [apart, size] = [0, 0];
  for (const [ours, theirs, centre] of pairs) {
    if (ours.length !== theirs.length) throw new Error(`${ours.length} numbers are compared with ${theirs.length}`);
    ours.forEach((value, i) => {
      apart += (theirs[i]! - value) ** 2;
      size += (value - centre(i)) ** 2;
    });
  }
  return Math.sqrt(apart / size);
}
