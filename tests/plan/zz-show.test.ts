import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { printPlan } from "../../src/compiler/plan/print-plan.ts";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { programOf } from "./agree.ts";
test.each(["models/mnist.bcos", "models/cifar/resnet20.bcos", "models/resnet34.bcos"])("%s", (file) => {
  const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
  const batch = file.includes("34") ? 1 : 32;
  for (const name of ["predict", "explain", "train"] as const) {
    const { program } = programOf(network!, [name], { batch });
    const t = performance.now();
    const code = createWasmCode(program.graphs, batch);
    const took = performance.now() - t;
    writeFileSync(
      `/tmp/showplan/${network!.name}-${name}.txt`,
      `${took} ms, module ${code.module.length}\n${printPlan(code.plans[name]!)}`,
    );
  }
});
