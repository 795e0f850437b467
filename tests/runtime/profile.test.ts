/** What is made of measured times: the report and the Chrome trace, from times that are given. */
import { expect, it } from "vitest";
import { profileText } from "../../src/cli/profile-text.ts";
import type { Plan } from "../../src/compiler/plan/plan.ts";
import type { LaunchTiming, Profile } from "../../src/runtime/device.ts";
import { profileReport } from "../../src/runtime/profile/report.ts";
import { chromeTrace } from "../../src/runtime/profile/trace.ts";
import { openSession } from "../../src/runtime/session.ts";
import { toyProgram } from "./toy-program.ts";

const span = { file: "net.bcos", start: 10, end: 20 };
const kernel = { kind: "kernel", buffers: [], reads: 0, units: 8 } as const;

const plan = {
  graph: "predict",
  launches: [
    { ...kernel, kernel: "pack", path: "conv", ops: ["unit_rows"], flops: 1e6, bytes: 1e6, prepare: true },
    { ...kernel, kernel: "convolve", path: "conv", ops: ["conv2d", "bcos_scale"], flops: 80e6, bytes: 1e6, span },
    { kind: "random", key: 1, out: { kind: "slot", index: 0 }, count: 1000, path: "drop", ops: ["random_uniform"] },
    { ...kernel, kernel: "copy", path: "", ops: ["mul"], flops: 1e6, bytes: 20e6 },
  ],
} as unknown as Plan;

/** Run 0 begins at 100 and prepares, run 1 at 200; the convolution is shared by two threads, the copy is in two slices. */
const launches: readonly LaunchTiming[] = [
  { run: 0, launch: 0, thread: 0, start: 100, end: 102 },
  ...[0, 1].flatMap((run): LaunchTiming[] => {
    const at = 103 + 100 * run;
    return [
      { run, launch: 1, thread: 0, start: at, end: at + 3 },
      { run, launch: 1, thread: 1, start: at + 1, end: at + 4 },
      { run, launch: 2, thread: 0, start: at + 4, end: at + 5 },
      { run, launch: 3, thread: 0, start: at + 6, end: at + 7 },
      { run, launch: 3, thread: 0, start: at + 9, end: at + 10 },
    ];
  }),
];

const profile: Profile = {
  plans: { predict: plan },
  runs: [
    { graph: "predict", resumed: false, start: 99, end: 119 },
    { graph: "predict", resumed: false, start: 200, end: 215 },
  ],
  launches,
};

it("divides a launch of several layers among them, by what each would take at the best rates", () => {
  const parts = [
    { path: "conv", flops: 0, bytes: 15e6 },
    { path: "fc", flops: 1e6, bytes: 5e6 },
  ];
  const launches = plan.launches.map((launch) => (launch.path === "" ? { ...launch, parts } : launch));
  const several = { ...profile, plans: { predict: { ...plan, launches } } };
  const [report] = profileReport(several);
  // Two milliseconds at 10 GB/s, of 20 MB.
  expect(report!.layers.map(({ path, launches, milliseconds }) => [path, launches, milliseconds])).toEqual([
    ["conv", 3, 6.5],
    ["drop", 1, 1],
    ["fc", 1, 0.5],
  ]);
  expect(report!.layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  expect(profileText([report!])).toContain("conv, fc");
  const copies = chromeTrace(several).traceEvents.filter(({ name }) => name === "conv, fc: mul");
  expect(copies).toHaveLength(4);
  expect(copies[0]!.args).toMatchObject({ layers: ["conv", "fc"] });
});

it("reports time, rates and shares for each launch and layer, the costliest first", () => {
  const [report, ...others] = profileReport(profile);
  expect(others).toEqual([]);
  // 2 / 2 runs + 4 + 1 + 2.
  expect(report).toMatchObject({
    graph: "predict",
    runs: 2,
    milliseconds: 15,
    busy: { milliseconds: 8, flops: 81.5e6 },
  });
  expect(report!.best).toEqual({ flops: 20, bytes: 10 });
  expect(report!.launches.map(({ index, times, milliseconds, share }) => [index, times, milliseconds, share])).toEqual([
    [1, 2, 4, 0.5],
    [3, 2, 2, 0.25],
    [0, 1, 2, 0.125],
    [2, 2, 1, 0.125],
  ]);
  expect(report!.launches.map(({ gigaflops, gigabytes }) => [gigaflops, gigabytes])).toEqual([
    [20, 0.25],
    [0.5, 10],
    [0.5, 0.5],
    [0, 0.004],
  ]);
  expect(report!.launches.map(({ bound }) => bound)).toEqual([
    { by: "compute", reached: 1 },
    { by: "memory", reached: 1 },
    { by: "memory", reached: 0.05 },
    undefined,
  ]);
  expect(
    report!.layers.map(({ path, launches, milliseconds, share }) => [path, launches, milliseconds, share]),
  ).toEqual([
    ["conv", 2, 5, 0.625],
    ["", 1, 2, 0.25],
    ["drop", 1, 1, 0.125],
  ]);
  expect(report!.layers.reduce((sum, layer) => sum + layer.flops, 0)).toBe(report!.busy.flops);
});

it("reports nothing of graphs that did not run, and survives clocks that stand still", () => {
  expect(profileReport({ plans: { predict: plan }, runs: [], launches: [] })).toEqual([]);
  const still = launches.map((timing) => ({ ...timing, end: timing.start }));
  const [report] = profileReport({ ...profile, launches: still.filter(({ thread }) => thread === 0) });
  expect(report!.busy).toMatchObject({ milliseconds: 0, gigaflops: 0, gigabytes: 0 });
  expect(profileText([report!])).not.toMatch(/NaN|Infinity/);
});

it("is printed as tables that add up", () => {
  expect(profileText(profileReport(profile))).toMatchSnapshot();
});

it("becomes a Chrome trace: a track for the runs and one a thread", () => {
  const trace = chromeTrace(profile, ({ file, start }) => `${file}:1:${start + 1}`);
  expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
  const names = trace.traceEvents.flatMap((event) =>
    event.ph === "M" && event.name === "thread_name" ? [[event.tid, event.args.name]] : [],
  );
  expect(names).toEqual([
    [0, "runs"],
    [1, "thread 0"],
    [2, "thread 1"],
  ]);
  const events = trace.traceEvents.flatMap((event) => (event.ph === "X" ? [event] : []));
  expect(events.filter(({ cat }) => cat === "run").map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
    ["predict", 0, 20_000],
    ["predict", 101_000, 15_000],
  ]);
  expect(events.filter(({ cat }) => cat === "launch")).toHaveLength(launches.length);
  expect(events.find(({ tid }) => tid === 2)).toEqual({
    ph: "X",
    name: "conv: conv2d bcos_scale",
    cat: "launch",
    pid: 1,
    tid: 2,
    ts: 5000,
    dur: 3000,
    args: {
      graph: "predict",
      run: 0,
      launch: 1,
      kernel: "convolve",
      flops: 80e6,
      bytes: 1e6,
      units: 8,
      source: "net.bcos:1:11",
    },
  });
  expect(chromeTrace(profile).traceEvents.some((event) => "source" in event.args)).toBe(true);
  expect(chromeTrace({ ...profile, runs: [], launches: [] }).traceEvents).toHaveLength(2);
});

it("is refused by devices that take no times, and for numbers of runs that make no sense", async () => {
  const session = await openSession(toyProgram(), { device: "reference" });
  await expect(session.startProfile()).rejects.toThrow("the device `reference` takes no times of launches");
  await expect(session.stopProfile()).rejects.toThrow("run/no-profile");
  await expect(session.startProfile({ runs: 0 })).rejects.toThrow("`runs` takes a whole number from 1 on");
});
