/**
 * What the project wants of itself, and what this run says. Medians decide; beside them stands the same from the fastest
 * runs, which tells how much of a miss was the machine's other work.
 */
import type { Outcome } from "./report.ts";
import type { MemoryRow } from "./memory.ts";
import { fusedOnTfjs } from "./ours/on-tfjs.ts";
import { format, table } from "./table.ts";
import { flopsOf } from "./workloads.ts";

type Statistic = "milliseconds" | "fastest";

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly value: number;
  readonly fastest?: number;
  readonly met: boolean;
}

interface Ratio {
  readonly what: string;
  /** Workload and contender, over workload and contender. */
  readonly over: readonly [Side, Side];
  readonly least?: number;
  readonly most?: number;
}

type Side = readonly [workload: string, contender: string, threads: number];

const ours = "bcosc wasm";
const oursOnGpu = "bcosc webgpu";
const sizes = ["8x56x56x64-64", "32x16x16x128-128"] as const;

function ratios(): readonly Ratio[] {
  const kernel = (size: string, pass: string, form: string, threads: number): Side => [
    `conv/${size}/${pass}/${form}`,
    ours,
    threads,
  ];
  const convolutions = sizes.flatMap((size): Ratio[] => {
    const forward = kernel(size, "forward", "plain", 1);
    const gradients = (["plain", "bcos"] as const).flatMap((form) =>
      (["input-gradient", "weight-gradient"] as const).map((pass): Ratio => {
        const over = [kernel(size, pass, form, 1), kernel(size, "forward", form, 1)] as const;
        return { what: `conv ${size} ${form}: ${pass} over forward`, over, most: 1.5 };
      }),
    );
    const scaling = (["forward", "input-gradient", "weight-gradient"] as const).flatMap((pass) =>
      (["plain", "bcos"] as const).map((form): Ratio => ({
        what: `conv ${size} ${form} ${pass}: one thread over two`,
        over: [kernel(size, pass, form, 1), kernel(size, pass, form, 2)],
        least: 1.8,
      })),
    );
    return [
      { what: `conv ${size}: B-cos over plain`, over: [kernel(size, "forward", "bcos", 1), forward], most: 1.12 },
      { what: `conv ${size}: tfjs-wasm over ours, ×1`, over: [[forward[0], "tfjs-wasm", 1], forward], least: 1 },
      ...gradients,
      ...scaling,
    ];
  });
  const product = (threads: number): Side => ["product/1024", ours, threads];
  const network = (id: string, threads = 2): Side => [id, ours, threads];
  const steps = ["resnet20/32/train", "resnet20-norm-free/32/train"].flatMap((id): Ratio[] => [
    { what: `${id}: tfjs-wasm over ours`, over: [[id, "tfjs-wasm", 1], network(id)], least: 4 },
    { what: `${id}: ours over PyTorch`, over: [network(id), [id, "PyTorch", 2]], most: 2 },
  ]);
  const explanations = ["resnet20/32", "resnet18/1", "resnet18/8"].map((id): Ratio => {
    return {
      what: `${id}: explain over predict`,
      over: [network(`${id}/explain`), network(`${id}/predict`)],
      most: 2.2,
    };
  });
  const onGpu = ["resnet20/32/train", "resnet20-norm-free/32/train"].flatMap((id): Ratio[] =>
    (
      [
        ["tfjs-webgpu", 8],
        ["jax-js webgpu", 3],
      ] as const
    ).map(([peer, least]): Ratio => {
      return {
        what: `${id}, WebGPU: ${peer} over ours`,
        over: [
          [id, peer, 1],
          [id, oursOnGpu, 1],
        ],
        least,
      };
    }),
  );
  const explanationsOnGpu = ["resnet20/32", "resnet18/1", "resnet18/8"].map((id): Ratio => {
    return {
      what: `${id}, WebGPU: explain over predict`,
      over: [
        [`${id}/explain`, oursOnGpu, 1],
        [`${id}/predict`, oursOnGpu, 1],
      ],
      most: 2.2,
    };
  });
  return [
    ...onTfjs(),
    { what: "product: tfjs-wasm over ours, ×1", over: [["product/1024", "tfjs-wasm", 1], product(1)], least: 1 },
    { what: "product: one thread over two", over: [product(1), product(2)], least: 1.8 },
    ...convolutions,
    ...steps,
    ...explanations,
    ...onGpu,
    ...explanationsOnGpu,
  ];
}

/** Our plans for TensorFlow.js, and our kernels in its programs. */
function onTfjs(): readonly Ratio[] {
  const pair = (id: string, a: string, b: string): readonly [Side, Side] => [
    [id, a, 1],
    [id, b, 1],
  ];
  const steps = ["resnet20/32/train", "resnet20-norm-free/32/train"].map((id): Ratio => {
    const over = pair(id, "tfjs-wasm", "bcosc tfjs:wasm");
    return { what: `${id}, tfjs-wasm: gradients by hand over ours`, over, least: 1 };
  });
  const small = "resnet20-norm-free/1/train";
  const explanations = (["wasm", "cpu", "webgpu"] as const).flatMap((backend) =>
    ["resnet20/32", "resnet18/1"].map((id): Ratio => {
      const side = (task: string): Side => [`${id}/${task}`, `bcosc tfjs:${backend}`, 1];
      return {
        what: `${id}, tfjs:${backend}: explain over predict`,
        over: [side("explain"), side("predict")],
        most: 2.5,
      };
    }),
  );
  const fused = ["train", "predict", "explain"].flatMap((task): Ratio[] => {
    const id = `resnet20/32/${task}`;
    return ["tfjs-webgpu", "bcosc tfjs:webgpu"].map((operations): Ratio => {
      const what = `${id}, device of tfjs-webgpu: ${operations} over our kernels`;
      return { what, over: pair(id, operations, fusedOnTfjs), least: 5 };
    });
  });
  return [
    ...steps,
    {
      what: `${small}, tfjs-cpu: its own gradients over ours`,
      over: pair(small, "own gradients of tfjs-cpu", "bcosc tfjs:cpu"),
      least: 10,
    },
    ...explanations,
    ...fused,
  ];
}

/** Those that this run has the numbers for. */
export function goalsOf(outcomes: readonly Outcome[], memory: readonly MemoryRow[]): readonly Goal[] {
  const found = ratios().flatMap(({ what, over: [a, b], least, most }): Goal[] => {
    const ratio = (statistic: Statistic): number | undefined =>
      divide(time(outcomes, a, statistic), time(outcomes, b, statistic));
    return goal(what, ratio, least, most);
  });
  const speeds = sizes.flatMap((size): Goal[] => {
    const id = `conv/${size}/forward/plain`;
    const speed = (statistic: Statistic): number | undefined => {
      const [product, convolution] = ["product/1024", id].map((workload) =>
        speedOf(outcomes, workload, ours, statistic),
      );
      return divide(convolution, product);
    };
    return goal(`conv ${size} plain: speed over the product's, ×1`, speed, 0.8, undefined);
  });
  const gpuSpeeds = sizes.flatMap((size): Goal[] => {
    const id = `conv/${size}/forward/plain`;
    const speed = (statistic: Statistic): number | undefined => speedOf(outcomes, id, oursOnGpu, statistic);
    return goal(`conv ${size} plain, WebGPU on a processor: GFLOP/s`, speed, 15, undefined);
  });
  const shares = memory
    .filter(({ contender }) => contender.startsWith("PyTorch"))
    .flatMap(({ id, bytes }): Goal[] => {
      const own = memory.find((row) => row.id === id && row.contender === ours);
      return goal(`${id}: ours over what PyTorch keeps`, () => divide(own?.bytes, bytes), undefined, 0.45);
    });
  return [...speeds, ...gpuSpeeds, ...found, ...shares];
}

function goal(
  what: string,
  of: (statistic: Statistic) => number | undefined,
  least: number | undefined,
  most: number | undefined,
): Goal[] {
  const [value, fastest] = [of("milliseconds"), of("fastest")];
  if (value === undefined) return [];
  const met = (least === undefined || value >= least) && (most === undefined || value <= most);
  const wanted = least === undefined ? `≤ ${most}` : `≥ ${least}`;
  return [{ what, wanted, value, met, ...(fastest === undefined || fastest === value ? {} : { fastest }) }];
}

function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

function time(outcomes: readonly Outcome[], [id, name, threads]: Side, statistic: Statistic): number | undefined {
  const measured = outcomes.find(({ workload }) => workload.id === id)?.measured;
  return measured?.find((one) => one.contender.startsWith(name) && one.threads === threads)?.[statistic];
}

/** Of one of our devices, on one thread; GFLOP/s. */
function speedOf(outcomes: readonly Outcome[], id: string, device: string, statistic: Statistic): number | undefined {
  const outcome = outcomes.find(({ workload }) => workload.id === id);
  const speed = divide(
    outcome === undefined ? undefined : flopsOf(outcome.workload),
    time(outcomes, [id, device, 1], statistic),
  );
  return divide(speed, 1e6);
}

export function goalTable(goals: readonly Goal[]): string[] {
  if (goals.length === 0) return [];
  const rows = goals.map(({ what, wanted, value, fastest, met }) => [
    what,
    wanted,
    format(value, 2),
    format(fastest, 2),
    met ? "met" : "missed",
  ]);
  return ["Goals", "", ...table([["", "wanted", "medians", "fastest", ""], ...rows]), ""];
}
