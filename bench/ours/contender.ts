/** Our devices as contenders. */
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import type { Plan } from "../../src/compiler/plan/plan.ts";
import { planTotals } from "../../src/compiler/plan/print-plan.ts";
import type { CodeTarget } from "../../src/compiler/targets/code-target.ts";
import { tfjsBackendOf, type TfjsTarget } from "../../src/compiler/targets/tfjs/backends.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { comparedSteps, type Contender, type Prepared, type Tensors, type Work } from "../contender.ts";
import type { NetworkWorkload } from "../workloads.ts";
import { kernelProgram, probe, resultPath } from "./kernel-program.ts";
import { networkProgram } from "./network-program.ts";
import { stateFor } from "./state.ts";

export type OurDevice = "wasm" | "webgpu" | "reference" | TfjsTarget;

export function ourContender(device: OurDevice, threads: number): Contender {
  return contenderOf({
    name: `bcosc ${device}`,
    threads,
    target: device === "reference" ? undefined : device,
    open: (program) => openSession(program, { device, ...(device === "wasm" ? { threads } : {}) }),
  });
}

export interface OurWay extends Pick<Contender, "name" | "threads"> {
  readonly target: CodeTarget | undefined;
  open(program: Program): Promise<Session>;
}

export function contenderOf({ name, threads, target, open }: OurWay): Contender {
  const opened = async (program: Program, given: Tensors): Promise<Session> => {
    const session = await open(program);
    await session.importWeights(stateFor(program, given));
    return session;
  };
  return {
    name,
    threads,
    async prepare(workload, given) {
      if (workload.kind === "network") {
        const program = networkProgram(workload.network, workload.batch, [workload.task], target);
        return { ...network(await opened(program, given), workload, given), ...workOf(program, target, workload.task) };
      }
      const program = kernelProgram(workload, target);
      return { ...kernel(await opened(program, given)), ...workOf(program, target, "predict") };
    },
    async memory({ network: spec, batch }) {
      const plan = planOf(networkProgram(spec, batch, ["train"], target), target, "train");
      if (plan === undefined) return undefined;
      const { peakBytes, savedBytes } = planTotals(plan);
      return { bytes: peakBytes, kept: savedBytes, what: "everything at its peak, counted by the plan" };
    },
    end: async () => undefined,
  };
}

/** TensorFlow.js gets calls, which count nothing, and the reference device the graph itself. */
function planOf(program: Program, target: CodeTarget | undefined, graph: GraphName): Plan | undefined {
  return target === "wasm" || target === "webgpu" ? program[target]?.plans[graph] : undefined;
}

/** As the plan counts it. */
function workOf(program: Program, target: CodeTarget | undefined, graph: GraphName): { readonly work?: Work } {
  const plan = planOf(program, target, graph);
  if (plan === undefined) return {};
  const { flops, bytes } = planTotals(plan);
  return { work: { flops, bytes } };
}

function kernel(session: Session): Prepared {
  const once = async (): Promise<void> => void (await session.run("predict", {}, [probe]));
  return {
    async results() {
      await once();
      const { data } = (await session.exportWeights()).get(resultPath)!;
      return new Map([[resultPath, Float32Array.from(data)]]);
    },
    run: () => timed(once),
    ...profileOf(session, once),
    dispose: () => session.dispose(),
  };
}

function network(session: Session, { network: spec, task }: NetworkWorkload, given: Tensors): Prepared {
  const image = { [session.program.input.name]: given.get("image")!.values };
  const targets = given.get("targets")!.values;
  let steps = 0;
  const train = async (): Promise<number> => {
    const feeds = { ...image, targets, learningRate: [spec.optimizer.learningRate], step: [++steps] };
    return (await session.run("train", feeds, ["loss"]))["loss"]![0]!;
  };
  const predict = async (): Promise<Float32Array> => (await session.run("predict", image))["logits"] as Float32Array;
  const explain = async (): Promise<Float32Array> => {
    const results = await session.run("explain", { ...image, cotangent: targets }, ["logits", "contributions"]);
    return results["contributions"] as Float32Array;
  };
  const bodies = { train, predict, explain };
  return {
    async results() {
      if (task === "predict") return new Map([["logits", await predict()]]);
      if (task === "explain") return new Map([["contributions", await explain()]]);
      const losses = new Float32Array(comparedSteps);
      for (let i = 0; i < comparedSteps; i++) losses[i] = await train();
      const weights = await session.exportWeights();
      return new Map([
        ["losses", losses],
        ...[...weights].map(([path, { data }]) => [path, Float32Array.from(data)] as const),
      ]);
    },
    run: () => timed(bodies[task]),
    ...profileOf(session, bodies[task]),
    dispose: () => session.dispose(),
  };
}

/** The reference device has no launches, TensorFlow.js no times of them. */
function profileOf(session: Session, body: () => Promise<unknown>): Pick<Prepared, "profile"> {
  if (session.device === "reference" || tfjsBackendOf(session.device) !== undefined) return {};
  return {
    async profile(runs) {
      await session.startProfile({ runs });
      for (let run = 0; run < runs; run++) await body();
      return session.stopProfile();
    },
  };
}

export async function timed(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}
