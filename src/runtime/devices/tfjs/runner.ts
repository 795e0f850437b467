/** Makes the calls of a schedule. Whatever goes wrong, no tensor is left behind. */
import type { TfjsAttributes, TfjsCall, TfjsOp } from "../../../compiler/targets/tfjs/call.ts";
import { sameShape, sizeOf, type Shape } from "../../../shape.ts";
import { calls, type CallKernels, type Kernels } from "./calls.ts";
import type { Schedule } from "./schedule.ts";
import type { TfjsEngine, TfjsTensor } from "./tf.ts";

/** A call that failed. */
export class CallFailure extends Error {
  readonly call: TfjsCall;
  constructor(call: TfjsCall, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.call = call;
  }
}

export interface Execution {
  /** Values that are there already; they stay as they are. */
  readonly there: ReadonlyMap<number, TfjsTensor>;
  /** Makes the tensor of an input or of a draw: a new one, for this run alone. */
  readonly fed: (name: string) => TfjsTensor;
  readonly drawn: (draw: Schedule["draws"][number]) => TfjsTensor;
  readonly input: (name: string) => number;
  readonly scalar: (value: number) => TfjsTensor;
}

/**
 * Inside a scope of the engine, on the current backend. What is not freed in the end is in the result; the scope around
 * disposes of it unless it is marked as kept. Throws `CallFailure`.
 */
export function makeCalls(
  engine: TfjsEngine,
  schedule: Schedule,
  { there, fed, drawn, input, scalar }: Execution,
): Map<number, TfjsTensor> {
  const values = new Map<number, TfjsTensor>();
  const valueOf = (value: number): TfjsTensor => values.get(value) ?? there.get(value)!;
  for (const name of schedule.inputs) values.set(input(name), fed(name));
  for (const draw of schedule.draws) values.set(draw.value, drawn(draw));

  let made: TfjsTensor[] = [];
  const kernels: Kernels = {
    run(name, inputs, attributes = {}) {
      const tensor = engine.runKernel(name, inputs, attributes) as TfjsTensor;
      made.push(tensor);
      return tensor;
    },
    scalar,
  };
  for (const { call, free } of schedule.calls) {
    try {
      const { make } = calls[call.op] as unknown as CallKernels<TfjsOp>;
      const result = make(kernels, call.inputs.map(valueOf), call.attributes as TfjsAttributes[TfjsOp], call.shape);
      requireShape(result, call.shape);
      values.set(call.value, result);
      for (const tensor of made) if (tensor !== result) tensor.dispose();
    } catch (error) {
      throw new CallFailure(call, error);
    }
    made = [];
    for (const value of free) {
      values.get(value)!.dispose();
      values.delete(value);
    }
  }
  return values;
}

/** A kernel that understands a call in another way than the plan does must not pass on numbers. */
function requireShape({ shape, dtype }: TfjsTensor, expected: Shape): void {
  if (sameShape(shape, expected) && dtype === "float32") return;
  throw new Error(`it gave ${dtype} [${shape.join(", ")}] where the plan expects float32 [${expected.join(", ")}]`);
}

/** In a scope of its own: what is not kept is gone when it returns or throws. */
export function inScope<T>(engine: TfjsEngine, work: () => T): T {
  engine.startScope("bcosc");
  try {
    return work();
  } finally {
    engine.endScope();
  }
}

/** A tensor that stays until it is disposed. */
export function keptTensor(engine: TfjsEngine, values: Float32Array, shape: Shape): TfjsTensor {
  if (values.length !== sizeOf(shape)) throw new Error(`${values.length} numbers for [${shape.join(", ")}]`);
  const tensor = engine.makeTensor(values, [...shape], "float32");
  tensor.kept = true;
  return tensor;
}
