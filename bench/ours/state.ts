/** The given tensors as the state of a program. */
import type { Program } from "../../src/compiler/graph/program.ts";
import { fileShape } from "../../src/runtime/weights/layout.ts";
import type { WeightTensor } from "../../src/runtime/weights/weights.ts";
import { sizeOf } from "../../src/shape.ts";
import type { Tensors } from "../contender.ts";

/** Zeros for what is not given: results, and statistics that are written before they are read. */
export function stateFor(program: Program, given: Tensors): Map<string, WeightTensor> {
  const known = program.state.filter(({ role }) => role !== "optimizer");
  return new Map(
    known.map((spec) => {
      const shape = fileShape(spec);
      return [spec.path, { shape, data: given.get(spec.path)?.values ?? new Float32Array(sizeOf(shape)) }];
    }),
  );
}
