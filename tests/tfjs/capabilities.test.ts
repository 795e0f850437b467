/** What the table says of TensorFlow.js's backends, against the packages that are installed. */
import { createRequire } from "node:module";
import type * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import type { TfjsPlanTarget } from "../../src/compiler/targets/tfjs/backends.ts";
import { allKernels, capabilities } from "../../src/compiler/targets/tfjs/capabilities.ts";
import { createPlanOf } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";

const require = createRequire(import.meta.url);
// The packages' builds for Node share one tfjs-core; those of backends for browsers register their kernels without one.
const { getKernelsForBackend } = require("@tensorflow/tfjs-core") as Pick<typeof tf, "getKernelsForBackend">;
const installed = ["cpu", "wasm", "webgl", "webgpu"] as const satisfies readonly TfjsPlanTarget[];
for (const name of installed) require(`@tensorflow/tfjs-backend-${name}`);

function lackedBy(backend: string): readonly string[] {
  const kernels = new Set(getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
  expect(kernels.size).toBeGreaterThan(100);
  return allKernels.filter((kernel) => !kernels.has(kernel));
}

describe("the table of backends", () => {
  it.each(installed)("names the kernels that %s lacks", (backend) => {
    expect(capabilities[backend].lacks).toEqual(lackedBy(backend));
  });

  it("takes for all of them what none lacks", () => {
    expect(capabilities.portable.lacks).toEqual([...new Set(installed.flatMap(lackedBy))].sort());
  });
});

describe("a plan that a backend can't run", () => {
  const builder = createBuilder("predict");
  const x = g.input(builder, "image", [2, 3]);
  builder.within({ path: "features.0.gelu" }, () => builder.output("logits", g.erf(builder, x)));
  const graph = builder.finish();
  const options = { name: "predict", batch: 2 } as const;

  it("is refused with the layer and what is missing", () => {
    const without = { ...capabilities.wasm, lacks: [...capabilities.wasm.lacks, "Erf"] };
    expect(() => createPlanOf(graph, without, options)).toThrow(BcosError);
    expect(() => createPlanOf(graph, without, options)).toThrow(/`features\.0\.gelu` needs the kernel Erf/);
  });

  it("is made where nothing is missing", () => {
    expect(createPlanOf(graph, capabilities.wasm, options).calls.map(({ op }) => op)).toEqual(["erf"]);
  });
});
