/** The names of a network's state dict: all of them are imported, and exported again as they are. */
import type { Program } from "../../src/compiler/graph/program.ts";
import { exportTensors } from "../../src/runtime/weights/exchange/export-tensors.ts";
import { importFindings } from "../../src/runtime/weights/exchange/findings.ts";
import { importTensors, wantedShapes } from "../../src/runtime/weights/exchange/import-tensors.ts";
import type { SourceName } from "../../src/runtime/weights/exchange/sources.ts";
import type { StoredTensor } from "../../src/runtime/weights/safetensors.ts";
import type { Deviation } from "./compare.ts";
import type { StateKey } from "./networks.ts";

/** Names count here, and shapes: numbers are none. */
const named = (shape: readonly number[]): StoredTensor => ({ dtype: "F32", shape, bytes: new Uint8Array(0) });

/** `to` is whose names the keys are. */
export function compareKeys(keys: readonly StateKey[], { state, form }: Program, to: SourceName): Deviation[] {
  const file = new Map(keys.map(([key, shape]) => [key, named(shape)]));
  const findings = importFindings(importTensors(state, file).report, { partial: false }, "state dict");
  const own = new Map([...wantedShapes(state)].map(([path, shape]) => [path, named(shape)]));
  const { tensors } = exportTensors(state, own, { to, form });
  const lines = (list: Iterable<readonly [string, { readonly shape: readonly number[] }]>): Set<string> =>
    new Set([...list].map(([name, { shape }]) => `${name} ${shape.join(" ")}`));
  const [there, here] = [lines(file), lines(tensors)];
  const different = [...there].filter((line) => !here.has(line)).length + [...here].filter((l) => !there.has(l)).length;
  return [
    { what: "names imported", value: findings.length, bound: 0 },
    { what: "names exported", value: different, bound: 0 },
  ];
}
