import { expect, test } from "vitest";
import { planVersion, type BufferRef, type KernelLaunch, type Plan } from "../../src/compiler/plan/plan.ts";
import { planFromJson, planHash, planToJson } from "../../src/compiler/plan/plan-json.ts";
import { verifyPlan } from "../../src/compiler/plan/verify-plan.ts";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { net } from "../layers/nets.ts";
import { programOf } from "./agree.ts";

function plans(): { predict: Plan; train: Plan; explain: Plan } {
  const b = net([6, 6, 2]);
  const conv = b.layer("conv", "conv", "input", { width: 3, kernel: 3 });
  const norm = b.layer("norm", "norm", conv);
  const dropout = b.layer("dropout", "dropout", norm, { rate: 0.5 });
  const pooled = b.layer("global_avg_pool", "pool", dropout);
  const { program } = programOf(b.finish(b.layer("linear", "fc", pooled, { width: 3 })), [
    "predict",
    "train",
    "explain",
  ]);
  const { predict, train, explain } = createWasmCode(program.graphs, program.batch).plans;
  return { predict: predict!, train: train!, explain: explain! };
}

const { predict, train, explain } = plans();

type Loose = Record<string, unknown>;

/** The problems of a plan after a change. */
function broken(plan: Plan, change: (plan: Loose & { launches: Loose[]; slots: number[] }) => void): string {
  const copy = JSON.parse(JSON.stringify(plan)) as Loose & { launches: Loose[]; slots: number[] };
  change(copy);
  return verifyPlan(copy).join("\n");
}

/** Index of the first launch of a kernel for which the condition holds. */
function find(plan: Plan, condition: (launch: KernelLaunch) => boolean): number {
  return plan.launches.findIndex((launch) => launch.kind === "kernel" && condition(launch));
}

const first = find(predict, (launch) => launch.prepare !== true);

test("sound plans have no problems, also as JSON", () => {
  for (const plan of [predict, train, explain]) {
    expect(verifyPlan(plan)).toEqual([]);
    expect(planFromJson(planToJson(plan))).toEqual({ plan: JSON.parse(JSON.stringify(plan)) as unknown });
  }
  expect(train.launches.some((launch) => launch.kind === "random")).toBe(true);
});

test.each<[string, unknown, string]>([
  ["null", null, "a plan is an object"],
  ["a list", [], "a plan is an object"],
  ["another version", { ...predict, version: 1 }, `the plan has version 1, this program reads version ${planVersion}`],
  ["another target", { ...predict, target: "gpu" }, 'there is no target "gpu"'],
  ["another graph", { ...predict, graph: "guess" }, 'there is no graph "guess"'],
  ["no samples", { ...predict, batch: 0 }, "the batch must be a whole number from 1 on"],
  ["slots of odd sizes", { ...predict, slots: [...predict.slots, 24] }, "24 bytes, which is no multiple of 16"],
  ["negative slots", { ...predict, slots: [-16] }, "slots must be a list of sizes in bytes"],
  ["no launches", { ...predict, launches: {} }, "launches must be a list"],
  ["a hash that is none", { ...predict, hash: "abc" }, "the hash is no SHA-256"],
])("%s", (_, plan, problem) => {
  expect(verifyPlan(plan).join("\n")).toContain(problem);
});

test("launches of unknown forms", () => {
  expect(broken(predict, (p) => (p.launches[first] = null as unknown as Loose))).toContain(
    `launch ${first}: must be an object`,
  );
  expect(broken(predict, (p) => (p.launches[first]!["kind"] = "wait"))).toContain('there is no kind "wait"');
  expect(broken(predict, (p) => (p.launches[first]!["units"] = -1))).toContain("units must be a whole number");
  expect(broken(predict, (p) => (p.launches[first]!["units"] = 1.5))).toContain("units must be a whole number");
  expect(broken(predict, (p) => (p.launches[first]!["reads"] = 99))).toContain("99 buffers can't be read");
  expect(broken(predict, (p) => (p.launches[first]!["kernel"] = ""))).toContain("the kernel needs a name");
  expect(broken(predict, (p) => (p.launches[first]!["path"] = 3))).toContain("the path must be a text");
});

test("parts of launches that are of several layers", () => {
  const part = { path: "conv", flops: 1, bytes: 2 };
  const withParts = (parts: unknown) => broken(predict, (p) => (p.launches[first]!["parts"] = parts));
  for (const parts of [[part], "conv", [part, { path: "fc" }], [part, null]]) {
    expect(withParts(parts)).toContain("parts must be at least two layers");
  }
});

test("buffers that do not exist or are too small", () => {
  const buffer = (plan: Loose & { launches: Loose[] }, ref: unknown): void => {
    (plan.launches[first]!["buffers"] as unknown[])[0] = ref;
  };
  expect(broken(predict, (p) => buffer(p, { kind: "slot", index: 999 }))).toContain("there is no slot 999");
  expect(broken(predict, (p) => buffer(p, { kind: "constant", index: 99 }))).toContain("there is no constant 99");
  expect(broken(predict, (p) => buffer(p, { kind: "register" }))).toContain("is no buffer");
  const largest = predict.slots.indexOf(Math.max(...predict.slots));
  expect(broken(predict, (p) => (p.slots[largest] = 16))).toMatch(/bytes do not fit into slot \d+ of 16/);
});

test("values that are not there when they are read", () => {
  const last = predict.launches.length - 1;
  expect(broken(predict, (p) => p.launches.splice(first, 1))).toMatch(/is read before anything is written|holds value/);
  expect(broken(predict, (p) => p.launches.reverse())).toMatch(/before anything is written/);
  expect(broken(predict, (p) => p.launches.splice(last, 1))).toMatch(/output logits: slot \d+/);
  expect(broken(predict, (p) => (p["inputs"] = {}))).toMatch(/is read before anything is written/);
});

test("values that are overwritten while they are still needed", () => {
  // Let every launch write into a slot that another value lives in: what was there is read later and no longer found.
  const writer = find(train, (launch) => launch.path === "conv" && launch.ops[0] === "conv2d" && launch.reads === 2);
  const launch = train.launches[writer] as KernelLaunch;
  const kept = launch.buffers.at(-1) as { index: number };
  const between = train.launches.findIndex(
    (other, i) => i > writer && other.kind === "kernel" && other.path === "norm",
  );
  const problems = broken(train, (p) => {
    const buffers = p.launches[between]!["buffers"] as unknown[];
    buffers[buffers.length - 1] = { kind: "slot", index: kept.index };
  });
  expect(problems).toMatch(/holds value \d+, not value \d+ that is to be read/);
  const { buffer } = predict.inputs["image"]!;
  expect(
    broken(predict, (p) => {
      const buffers = p.launches.at(-1)!["buffers"] as unknown[];
      buffers[buffers.length - 1] = buffer;
    }),
  ).toContain("is overwritten");
});

test("launches that prepare", () => {
  expect(broken(predict, (p) => p.launches.push({ ...p.launches[0] }))).toContain(
    "launches that prepare must come first",
  );
  const image = predict.inputs["image"]!.buffer;
  expect(broken(predict, (p) => ((p.launches[0]!["buffers"] as unknown[])[0] = image))).toContain(
    "which another kind of launch fills",
  );
});

test("the part that runs again", () => {
  const { first } = explain.repeat!;
  expect(explain.repeat).toEqual({ first, feeds: ["cotangent"] });
  expect([predict.repeat, train.repeat]).toEqual([undefined, undefined]);
  const changed = (repeat: unknown): string => verifyPlan({ ...explain, repeat }).join("\n");
  expect(changed(3)).toBe("repeat: must be an object");
  for (const wrong of [-1, explain.launches.length, "0"]) {
    expect(changed({ first: wrong, feeds: ["cotangent"] })).toBe("repeat: there is no such launch to begin with");
  }
  expect(changed({ first, feeds: "cotangent" })).toBe("repeat: feeds must be names");
  expect(changed({ first, feeds: ["constructor"] })).toBe("repeat: there is no input constructor");
  expect(changed({ first, feeds: ["image"] })).toMatch(
    new RegExp(`^launch \\d+: reads a feed that changes for the launches from ${first} on$`, "m"),
  );
  expect(changed({ first: first + 2, feeds: ["cotangent"] })).toContain("reads a feed that changes");

  // What the last launch writes may go where nothing is read any more, but not where the part reads when it runs again.
  const last = explain.launches.length - 1;
  const target = (explain.launches[last] as KernelLaunch).buffers.at(-1) as BufferRef & { kind: "slot" };
  const size = explain.slots[target.index]!;
  const made = new Set(
    explain.launches
      .slice(0, first)
      .flatMap((launch) =>
        launch.kind === "kernel" && launch.prepare !== true ? launch.buffers.slice(launch.reads) : [],
      )
      .flatMap((ref) => (ref.kind === "slot" ? [ref.index] : [])),
  );
  const outputs = new Set(Object.values(explain.outputs).map(({ buffer }) => JSON.stringify(buffer)));
  const kept = explain.launches
    .slice(first)
    .flatMap((launch) => (launch.kind === "kernel" ? launch.buffers.slice(0, launch.reads) : []))
    .find((ref) => ref.kind === "slot" && made.has(ref.index) && !outputs.has(JSON.stringify(ref)));
  const overwriting = (p: Loose & { launches: Loose[]; slots: number[] }): void => {
    const index = (kept as { index: number }).index;
    p.slots[index] = Math.max(p.slots[index]!, size);
    (p.launches[last]!["buffers"] as unknown[])[(p.launches[last]!["buffers"] as unknown[]).length - 1] = kept;
    for (const output of Object.values(p["outputs"] as Record<string, { buffer: BufferRef }>)) {
      if (JSON.stringify(output.buffer) === JSON.stringify(target)) output.buffer = kept!;
    }
  };
  expect(broken(explain, overwriting)).toMatch(
    /^launch \d+ when it runs again: slot \d+ holds value \d+, not value \d+ that is to be read/m,
  );
  const { repeat: _, ...whole } = explain;
  expect(broken(whole, overwriting)).toBe("");
});

test("plans that are changed after they were made", () => {
  const other = planToJson({ ...predict, scratchBytes: predict.scratchBytes + 16 });
  expect(planFromJson(other)).toEqual({ problems: ["the hash is that of another plan"] });
  expect(planFromJson("{").problems?.[0]).toMatch(/^not JSON/);
  expect(planHash(predict)).toBe(predict.hash);
});
