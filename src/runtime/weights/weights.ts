/** A model's weights by path, as weight files have them, and the check of a set of weights against a program. */
import { sameShape, sizeOf, type Shape } from "../../shape.ts";
import type { Program, StateSpec } from "../../compiler/graph/program.ts";
import { diagnose } from "../../diagnostics/catalogue.ts";
import { BcosError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Tensor } from "../device.ts";
import { fileShape } from "./layout.ts";
import { storeFloat32, toFloat32, type Safetensors, type StoredTensor } from "./safetensors.ts";

export interface WeightTensor {
  /** As in weight files: convolutions [O, I, kh, kw]. */
  readonly shape: Shape;
  /** Row-major. */
  readonly data: Tensor;
}

export type Weights = ReadonlyMap<string, WeightTensor>;

/** All tensors of a file as float32. */
export function weightsFromSafetensors(file: Safetensors): Map<string, WeightTensor> {
  return new Map(
    [...file.tensors].map(([path, stored]) => [
      path,
      { shape: stored.shape, data: toFloat32(stored.dtype, stored.bytes) },
    ]),
  );
}

/** Tensors for a file; float64 is rounded to float32. */
export function weightsToSafetensors(weights: Weights): Map<string, StoredTensor> {
  return new Map([...weights].map(([path, tensor]) => [path, storeFloat32(tensor.shape, tensor.data)]));
}

/**
 * Which tensors of the program the weights replace. All weights and buffers have to be there; optimiser state all or
 * none. Throws one `BcosError` that lists the tensors that are missing, unexpected or of a wrong shape, at most so many as
 * `findingLimit`: weights of another architecture would fill screens.
 */
export function matchWeights(program: Pick<Program, "state">, weights: Weights, place?: string): readonly StateSpec[] {
  return matchTensors(program, weights, place, ({ shape, data }) =>
    data.length === sizeOf(shape) ? undefined : `${data.length} numbers for the shape ${describe(shape)}`,
  );
}

/** The same for tensors of any form. `fault` says what else is wrong with one whose shape is right. */
export function matchTensors<T extends { readonly shape: Shape }>(
  program: Pick<Program, "state">,
  tensors: ReadonlyMap<string, T>,
  place?: string,
  fault: (tensor: T) => string | undefined = () => undefined,
): readonly StateSpec[] {
  const details = place === undefined ? {} : { place };
  const findings: Diagnostic[] = [];
  const known = new Set(program.state.map((spec) => spec.path));
  const withOptimizer = program.state.some((spec) => spec.role === "optimizer" && tensors.has(spec.path));
  const wanted = program.state.filter((spec) => spec.role !== "optimizer" || withOptimizer);
  for (const spec of wanted) {
    const tensor = tensors.get(spec.path);
    if (tensor === undefined) {
      findings.push(diagnose("weights/missing", { path: spec.path }, details));
      continue;
    }
    const expected = fileShape(spec);
    if (!sameShape(expected, tensor.shape)) {
      const params = { path: spec.path, expected: describe(expected), found: describe(tensor.shape) };
      findings.push(diagnose("weights/shape", params, details));
      continue;
    }
    const reason = fault(tensor);
    if (reason !== undefined) findings.push(diagnose("weights/tensor", { name: spec.path, reason }, details));
  }
  for (const path of tensors.keys()) {
    if (!known.has(path)) findings.push(diagnose("weights/unexpected", { path }, details));
  }
  if (findings.length > 0) throw new BcosError(firstFindings(findings));
  return wanted;
}

const findingLimit = 8;

/** At most so many as `findingLimit`, the last with a hint that says how many there are besides. */
export function firstFindings(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  const shown = findings.slice(0, findingLimit);
  const last = shown.at(-1);
  const rest = findings.length - shown.length;
  if (rest === 0 || last === undefined) return findings;
  const hint = `${rest} more tensors do not fit: is it the right model?`;
  return [...shown.slice(0, -1), { ...last, hints: [...last.hints, hint] }];
}

function describe(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
