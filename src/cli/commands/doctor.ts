/** `bcosc doctor`: what this machine has, which device will compute, and why. */
import { totalmem } from "node:os";
import { bestDevice } from "../../runtime/devices/best-device.ts";
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
  ];
  const lines = formatTable(rows, ["left", "left"]).map((line) => `  ${line}`);
  const threads = device.name === "wasm" ? `, ${countOf(device.threads, "thread")}` : "";
  return [...lines, "", `device ${device.name}${threads}: ${device.reason}`, ""].join("\n");
}
