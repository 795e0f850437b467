/** What plans keep in f16, and what in f32: by the bytes that launches read and write. */
import { describe, expect, it } from "vitest";
import { buildProgram, type ProgramOptions } from "../../src/compiler/compile.ts";
import { planFromJson, planToJson } from "../../src/compiler/plan/plan-json.ts";
import type { KernelLaunch, Plan } from "../../src/compiler/plan/plan.ts";
import { printPlan } from "../../src/compiler/plan/print-plan.ts";
import { verifyPlan } from "../../src/compiler/plan/verify-plan.ts";
import type { StorageType } from "../../src/compiler/plan/storage.ts";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { createWebgpuCode } from "../../src/compiler/targets/webgpu/plan-code.ts";
import type { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { net } from "../layers/nets.ts";

const BATCH = 2;

function network() {
  const b = net([16, 16, 4]);
  let x = b.layer("conv", "first", "input", { width: 8, kernel: 3, padding: 1 });
  x = b.layer("norm", "norm", x);
  x = b.layer("conv", "second", x, { width: 8, kernel: 3, padding: 1 });
  return b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", x), { width: 3 }));
}

const { program } = buildProgram(network(), { form: "bcos", batch: BATCH, graphs: ["predict", "explain"] });

function plansIn(storage: StorageType): { readonly predict: Plan; readonly explain: Plan } {
  const { predict, explain } = createWebgpuCode(program.graphs, BATCH, { storage }).plans;
  return { predict: predict!, explain: explain! };
}

const [full, half] = [plansIn("f32"), plansIn("f16")];

function launchOf(plan: Plan, path: string, op: string): KernelLaunch {
  const found = plan.launches.find((launch) => launch.path === path && launch.ops[0] === op);
  if (found?.kind !== "kernel") throw new Error(`no ${op} of ${path}`);
  return found;
}

const pixels = BATCH * 16 * 16;

describe("a plan in f16", () => {
  it("keeps activations and unit weights in it, norms in f32", () => {
    const [before, now] = [full.explain, half.explain].map((plan) => launchOf(plan, "second", "conv2d"));
    // x, ŵ, and behind what an epilogue reads the norms and o.
    expect(before!.sizes!.slice(0, 2)).toEqual([4 * pixels * 8, 4 * 8 * 9 * 8]);
    expect(now!.sizes!.slice(0, 2)).toEqual([2 * pixels * 8, 2 * 8 * 9 * 8]);
    expect(before!.sizes!.slice(before!.reads, before!.reads + 2)).toEqual([4 * pixels, 4 * pixels * 8]);
    expect(now!.sizes!.slice(now!.reads, now!.reads + 2)).toEqual([4 * pixels, 2 * pixels * 8]);
  });

  it("keeps state, feeds, results and statistics in f32", () => {
    for (const plan of [half.predict, half.explain]) {
      for (const launch of plan.launches) {
        if (launch.kind !== "kernel") throw new Error("random numbers are kernels");
        launch.buffers.forEach((ref, i) => {
          const spec = ref.kind === "state" ? program.state.find(({ path }) => path === ref.path) : undefined;
          if (spec !== undefined) expect(launch.sizes![i]).toBe(4 * spec.shape.reduce((a, b) => a * b, 1));
        });
      }
      const bytes = new Map<number, number>();
      for (const { values = [], sizes = [] } of plan.launches as readonly KernelLaunch[]) {
        values.forEach((value, i) => bytes.set(value, sizes[i]!));
      }
      for (const tensor of [...Object.values(plan.inputs), ...Object.values(plan.outputs)]) {
        expect(bytes.get(tensor.value!)).toBe(4 * tensor.shape.reduce((a, b) => a * b, 1));
      }
    }
  });

  it("keeps what is computed from the cotangent in f32", () => {
    const { launches, repeat } = half.explain;
    const again = launches.slice(repeat!.first) as readonly KernelLaunch[];
    const before = full.explain.launches.slice(full.explain.repeat!.first) as readonly KernelLaunch[];
    expect(again.map((launch) => launch.ops)).toEqual(before.map((launch) => launch.ops));
    again.forEach((launch, i) => {
      expect(launch.sizes!.slice(launch.reads)).toEqual(before[i]!.sizes!.slice(before[i]!.reads));
    });
  });

  it("is as much smaller as it says", () => {
    const sum = ({ slots }: Plan): number => slots.reduce((a, b) => a + b, 0);
    // The image, which is fed in f32, is a good part of so small a network.
    expect(sum(half.predict) / sum(full.predict)).toBeLessThan(0.65);
    expect(sum(half.explain)).toBeLessThan(sum(full.explain));
    const saved = ({ saved }: Plan): number => Object.values(saved).reduce((a, b) => a + b, 0);
    expect(saved(half.explain)).toBeLessThan(0.7 * saved(full.explain));
  });

  it("is another plan, sound, and says what it is", () => {
    expect(half.predict.hash).not.toBe(full.predict.hash);
    expect(planFromJson(planToJson(half.explain)).problems).toBeUndefined();
    expect(printPlan(half.explain)).toMatch(
      /^plan explain for webgpu, batch 2, activations and prepared weights in f16\n/,
    );
    expect(full.predict).not.toHaveProperty("storage");
    const kernels = ({ launches }: Plan): Set<string> => new Set(launches.map((l) => (l as KernelLaunch).kernel));
    const shared = [...kernels(half.explain)].filter((name) => kernels(full.explain).has(name));
    // Those alone that have nothing in f16: a name stands for the same code in both.
    const code = [createWebgpuCode(program.graphs, BATCH), createWebgpuCode(program.graphs, BATCH, { storage: "f16" })];
    for (const name of shared) expect(code[1]!.kernels[name]).toEqual(code[0]!.kernels[name]);
  });

  it("is refused with a storage type that there is not", () => {
    expect(verifyPlan({ ...half.predict, storage: "f8" })).toEqual(['there is no storage "f8"']);
    const wasm = createWasmCode(program.graphs, BATCH).plans.predict!;
    expect(verifyPlan({ ...wasm, storage: "f16" })).toEqual(["only `webgpu` has the storage f16"]);
  });
});

describe("a program in f16", () => {
  const refusal = (options: Partial<ProgramOptions>): string => {
    try {
      buildProgram(network(), { form: "bcos", batch: 1, graphs: ["predict"], storage: "f16", ...options });
    } catch (error) {
      return (error as BcosError).diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n");
    }
    return "built";
  };

  it("needs the target and does not train", () => {
    const train = {
      loss: { kind: "bce" },
      optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 },
    } as const;
    expect(refusal({ targets: ["webgpu"] })).toBe("built");
    expect(refusal({})).toBe("run/input `storage` takes `f32` without the target `webgpu`, not `f16`");
    expect(refusal({ targets: ["wasm"] })).toContain("run/input");
    expect(refusal({ targets: ["webgpu"], graphs: ["predict", "train"], train })).toBe(
      "run/input `storage` takes `f32` with the graph `train`, not `f16`",
    );
  });

  it("says in its code what it needs; plans for WASM beside it are as they were", () => {
    const options = { form: "bcos", batch: BATCH, graphs: ["predict"], targets: ["wasm", "webgpu"] } as const;
    const [plain, small] = [
      buildProgram(network(), options).program,
      buildProgram(network(), { ...options, storage: "f16" }).program,
    ];
    expect(small.webgpu!.storage).toBe("f16");
    expect(plain.webgpu!.storage).toBeUndefined();
    expect(small.wasm!.plans).toEqual(plain.wasm!.plans);
  });
});
