/** `bcosc doctor`: what this machine has, which device will compute, and why. */
import { totalmem } from "node:os";
import { bestDevice } from "../../runtime/devices/best-device.ts";
import { tfjsBackends, type TfjsTarget } from "../../compiler/targets/tfjs/backends.ts";
import { loadTfjs } from "../../runtime/devices/tfjs/load.ts";
import { lookUpAdapter } from "../../runtime/devices/webgpu/adapter.ts";
import { defaultThreads, wasmFeatures } from "../../runtime/devices/wasm/features.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { writeJson } from "../json.ts";
import { countOf, formatTable } from "../table.ts";
import { version } from "../version.ts";

export const doctor: Command = {
  positionals: "",
  options: [{ flags: "--json", summary: "Write JSON" }],
  examples: ["bcosc doctor", "bcosc doctor --json"],
  run: async (args, { out }) => {
    const found = await examine();
    if (args.flag("--json")) writeJson(found, out);
    else out.write(text(found));
    return exitCodes.ok;
  },
};

interface Findings {
  readonly bcosc: string;
  readonly node: string;
  readonly system: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly sharedMemory: boolean;
  readonly simd: boolean;
  readonly relaxedSimd: boolean;
  readonly webgpu: WebgpuFindings;
  /** The devices that compute with TensorFlow.js. */
  readonly tfjs: Readonly<Record<TfjsTarget, TfjsFindings>>;
  readonly device: { readonly name: string; readonly threads: number; readonly reason: string };
}

type WebgpuFindings =
  | {
      readonly adapter: string;
      /** Whether it runs on the processor. */
      readonly software: boolean;
      readonly subgroups: string;
      readonly f16: boolean;
      readonly timestamps: boolean;
    }
  | { readonly missing: string; readonly hint: string };

type TfjsFindings =
  | { readonly usable: true; readonly description: string }
  | { readonly usable: false; readonly missing: string; readonly hints: readonly string[] };

/** One after the other: the library has one current backend. */
async function examineTfjs(): Promise<Findings["tfjs"]> {
  const found: [TfjsTarget, TfjsFindings][] = [];
  for (const backend of tfjsBackends) {
    const loaded = await loadTfjs(backend);
    found.push([
      `tfjs:${backend}`,
      "missing" in loaded ? { usable: false, ...loaded } : { usable: true, description: loaded.description },
    ]);
  }
  return Object.fromEntries(found) as Findings["tfjs"];
}

async function examineWebgpu(): Promise<WebgpuFindings> {
  const found = await lookUpAdapter();
  if (!("adapter" in found)) return found;
  const { name, software, features, subgroupSizes, timestamps } = found.traits;
  const sizes = subgroupSizes === undefined ? "" : ` of ${[...new Set(subgroupSizes)].join(" to ")}`;
  return {
    adapter: name,
    software,
    subgroups: features.includes("subgroups") ? `yes${sizes}` : "no",
    f16: features.includes("shader-f16"),
    timestamps,
  };
}

async function examine(): Promise<Findings> {
  const { simd, relaxedSimd, sharedMemory, processors } = wasmFeatures();
  const { name, reason } = await bestDevice();
  return {
    bcosc: version(),
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
    processors,
    memoryBytes: Math.min(process.constrainedMemory() || Infinity, totalmem()),
    sharedMemory,
    simd,
    relaxedSimd,
    webgpu: await examineWebgpu(),
    tfjs: await examineTfjs(),
    device: { name, reason, threads: name === "wasm" ? defaultThreads() : 1 },
  };
}

function webgpuRows(found: WebgpuFindings): string[][] {
  if ("missing" in found) return [["WebGPU", `no: ${found.missing}; ${found.hint}`]];
  const plain = (has: boolean): string => (has ? "yes" : "no");
  return [
    ["WebGPU", `${found.adapter}${found.software ? ", on the processor: taken only by `--device webgpu`" : ""}`],
    ["WebGPU subgroups", found.subgroups],
    ["WebGPU f16", plain(found.f16)],
    ["WebGPU timestamps", plain(found.timestamps)],
  ];
}

function tfjsRows(found: Findings["tfjs"]): string[][] {
  return Object.entries(found).map(([device, backend]) => [
    device,
    backend.usable ? backend.description : `no: ${[backend.missing, ...backend.hints.slice(0, 1)].join("; ")}`,
  ]);
}

function text(found: Findings): string {
  const { device } = found;
  const yesNo = (has: boolean, without: string): string => (has ? "yes" : `no: ${without}`);
  const rows = [
    ["bcosc", found.bcosc],
    ["Node", `${found.node} on ${found.system}`],
    ["processors", String(found.processors)],
    ["memory", `${(found.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ["WebAssembly SIMD", yesNo(found.simd, "the device `wasm` can not run")],
    ["relaxed SIMD", yesNo(found.relaxedSimd, "products are not fused with sums; Node 22 and later have it")],
    ["shared memory", yesNo(found.sharedMemory, "one thread only")],
    ...webgpuRows(found.webgpu),
    ...tfjsRows(found.tfjs),
  ];
  const lines = formatTable(rows, ["left", "left"]).map((line) => `  ${line}`);
  const threads = device.name === "wasm" ? `, ${countOf(device.threads, "thread")}` : "";
  return [...lines, "", `device ${device.name}${threads}: ${device.reason}`, ""].join("\n");
}
