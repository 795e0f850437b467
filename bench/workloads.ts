/** What is timed, as data. */
import { resnet18, resnet20, resnet20NormFree, resnet50, type ResidualNetwork } from "./networks.ts";

export type Workload = KernelWorkload | NetworkWorkload;
export type KernelWorkload = ProductWorkload | StreamWorkload | ConvolutionWorkload;

/** A square matrix product. */
export interface ProductWorkload {
  readonly kind: "product";
  readonly id: string;
  readonly size: number;
}

/** y = x + 1 for [rows, 1024]: what memory gives. */
export interface StreamWorkload {
  readonly kind: "stream";
  readonly id: string;
  readonly rows: number;
}

export const passes = ["forward", "input-gradient", "weight-gradient"] as const;
export type Pass = (typeof passes)[number];
export type ConvolutionForm = "plain" | "bcos";

/**
 * One 3×3 convolution of stride 1, padding 1. In the form `bcos` y = o·|o|/n of unit rows with n = √(Σx² + 1e-6) over
 * the patch; its gradients are the true ones, taken from o and n, which the forward pass leaves. The weights' unit rows
 * are made in every run.
 */
export interface ConvolutionWorkload {
  readonly kind: "convolution";
  readonly id: string;
  readonly batch: number;
  readonly side: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly pass: Pass;
  readonly form: ConvolutionForm;
}

/** One training step (loss, gradients, update), or the logits, or logits and contributions of a batch. */
export interface NetworkWorkload {
  readonly kind: "network";
  readonly id: string;
  readonly network: ResidualNetwork;
  readonly batch: number;
  readonly task: Task;
}

export const tasks = ["train", "predict", "explain"] as const;
export type Task = (typeof tasks)[number];

const sizes = [
  { batch: 8, side: 56, inputs: 64, outputs: 64 },
  { batch: 32, side: 16, inputs: 128, outputs: 128 },
] as const;

function convolutions(): readonly ConvolutionWorkload[] {
  return sizes.flatMap((size) =>
    passes.flatMap((pass) =>
      (["plain", "bcos"] as const).map((form) => ({
        kind: "convolution" as const,
        id: `conv/${size.batch}x${size.side}x${size.side}x${size.inputs}-${size.outputs}/${pass}/${form}`,
        ...size,
        pass,
        form,
      })),
    ),
  );
}

function network(name: string, spec: ResidualNetwork, batch: number, ...wanted: readonly Task[]): NetworkWorkload[] {
  return wanted.map((task) => ({ kind: "network", id: `${name}/${batch}/${task}`, network: spec, batch, task }));
}

/** The default. */
const onProcessors: readonly Workload[] = [
  { kind: "product", id: "product/1024", size: 1024 },
  ...convolutions(),
  ...network("resnet20", resnet20, 32, "train", "predict", "explain"),
  ...network("resnet20-norm-free", resnet20NormFree, 32, "train"),
  // Small enough for gradients that take seconds.
  ...network("resnet20-norm-free", resnet20NormFree, 1, "train"),
  ...network("resnet18", resnet18, 1, "predict", "explain"),
  ...network("resnet18", resnet18, 8, "predict", "explain"),
];

/** For graphics cards: what they could do at most, and networks large enough for them. */
const onGraphicsCards: readonly Workload[] = [
  { kind: "product", id: "product/2048", size: 2048 },
  { kind: "stream", id: "stream/64MiB", rows: 2 ** 14 },
  ...convolutions(),
  ...network("resnet20", resnet20, 32, "train", "predict", "explain"),
  ...network("resnet18", resnet18, 32, "train", "predict", "explain"),
  ...network("resnet50", resnet50, 32, "predict", "explain"),
];

export const sets = { default: onProcessors, gpu: onGraphicsCards } as const;

/** Multiplications and additions of the product alone; undefined for what is more than one. */
export function flopsOf(workload: Workload): number | undefined {
  switch (workload.kind) {
    case "product":
      return 2 * workload.size ** 3;
    case "convolution":
      return 2 * workload.batch * workload.side ** 2 * workload.outputs * 9 * workload.inputs;
    case "stream":
    case "network":
      return undefined;
    default:
      throw new Error(`unknown workload ${JSON.stringify(workload satisfies never)}`);
  }
}

/** Read and written at least; of a stream only. */
export function bytesOf(workload: Workload): number | undefined {
  return workload.kind === "stream" ? 2 * 4 * 1024 * workload.rows : undefined;
}
