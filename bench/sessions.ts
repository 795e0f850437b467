/** Our own devices as contenders. */
import { checkFile } from "../src/compiler/check/check.ts";
import { createNodeHost } from "../src/compiler/check/node-host.node.ts";
import { buildProgram } from "../src/compiler/compile.ts";
import type { Program } from "../src/compiler/graph/program.ts";
import { sizeOf } from "../src/shape.ts";
import { fillUniform } from "../src/runtime/random.ts";
import { openSession } from "../src/runtime/session.ts";
import type { Contender } from "./contender.ts";

export function compileForBench(file: string, batch: number): Program {
  const { networks, diagnostics } = checkFile(createNodeHost(), file);
  const [network] = networks;
  if (network === undefined) throw new Error(diagnostics.map((d) => d.message).join("\n"));
  return buildProgram(network, {
    form: "bcos",
    batch,
    graphs: ["train", "predict", "explain"],
    train: {
      loss: { kind: "bce" },
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false },
    },
    wasm: true,
  }).program;
}

export async function sessionContender(
  program: Program,
  device: "reference" | "wasm",
  threads: number,
): Promise<Contender> {
  const session = await openSession(program, { device, threads, seed: 1 });
  const { batch, classes, input } = program;
  const image = new Float32Array(batch * sizeOf(input.shape));
  fillUniform(1, 0, image);
  const rows = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) rows[i * classes + (i % classes)] = 1;
  const feeds = { [input.name]: image };
  let step = 0;
  const bodies = {
    train: () => session.run("train", { ...feeds, targets: rows, learningRate: [1e-3], step: [++step] }, ["loss"]),
    predict: () => session.run("predict", feeds),
    explain: () => session.run("explain", { ...feeds, cotangent: rows }, ["contributions", "weights"]),
  };
  const { memoryBytes } = session;
  return {
    name: device,
    threads,
    run: async (task) => {
      const start = performance.now();
      await bodies[task]();
      return performance.now() - start;
    },
    ...(memoryBytes === undefined ? {} : { memory: { bytes: memoryBytes, what: "everything" } }),
    ...(device === "reference" ? { mostRuns: 2 } : {}),
    end: () => session.dispose(),
  };
}
