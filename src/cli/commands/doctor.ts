/** `bcosc doctor`: what this machine has, which device will compute, and why. */
import { totalmem } from "node:os";
import { bestDevice } from "../../runtime/devices/registry.ts";
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
  run: (args, { out }) => {
    const found = examine();
    if (args.flag("--json")) writeJson(found, out);
    else out.write(text(found));
    return Promise.resolve(exitCodes.ok);
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
  readonly device: { readonly name: string; readonly threads: number; readonly reason: string };
}

function examine(): Findings {
  const { simd, relaxedSimd, sharedMemory, processors } = wasmFeatures();
  const { name, reason } = bestDevice();
  return {
    bcosc: version(),
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
    processors,
    memoryBytes: Math.min(process.constrainedMemory() || Infinity, totalmem()),
    sharedMemory,
    simd,
    relaxedSimd,
    device: { name, reason, threads: name === "wasm" ? defaultThreads() : 1 },
  };
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
  ];
  const lines = formatTable(rows, ["left", "left"]).map((line) => `  ${line}`);
  const threads = countOf(device.threads, "thread");
  return [...lines, "", `device ${device.name}, ${threads}: ${device.reason}`, ""].join("\n");
}
