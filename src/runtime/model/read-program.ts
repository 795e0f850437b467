/** Reads a program that `bcosc compile` wrote: one file with its plans, and its kernels. */
import type { TargetName } from "../../compiler/plan/plan.ts";
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { sha256 } from "../../hash.ts";
import { wasmFeatures } from "../devices/wasm/features.ts";
import type { Asset, ProgramFiles } from "./description.ts";
import { decodeBase64, fetchBytes } from "./fetch-bytes.ts";

/** What `programToJson` of the compiler writes. */
export const PROGRAM_FORMAT = "bcosc program";
export const PROGRAM_VERSION = 1;

/**
 * The program with code for the device `target` alone, without graphs. Throws `data/unreadable`, `data/plan-hash` where a
 * file is another one than the module was emitted with, and `run/no-plan` where there is no code for the device.
 */
export async function readProgram(files: ProgramFiles, target: TargetName): Promise<Program> {
  if (target === "wasm" && files.wasm !== undefined) {
    const { plan, kernels, relaxedKernels } = files.wasm;
    // An engine runs one of the two modules.
    const relaxed = wasmFeatures().relaxedSimd;
    const [{ program, code }, module] = await Promise.all([
      readPlanFile(plan),
      readAsset(relaxed ? relaxedKernels : kernels),
    ]);
    return { ...program, wasm: { ...(code as Pick<WasmCode, "plans">), module, relaxedModule: module } };
  }
  if (target === "webgpu" && files.webgpu !== undefined) {
    const { program, code } = await readPlanFile(files.webgpu.plan);
    return { ...program, webgpu: code as WebgpuCode };
  }
  return fail("run/no-plan", { device: target, graph: "predict" });
}

type WasmCode = NonNullable<Program["wasm"]>;
type WebgpuCode = NonNullable<Program["webgpu"]>;

interface PlanFile {
  readonly program: Program;
  readonly code: unknown;
}

async function readPlanFile(asset: Asset): Promise<PlanFile> {
  const file = nameOf(asset);
  const bytes = await readAsset(asset);
  const { format, version, program, code } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  if (format !== PROGRAM_FORMAT || version !== PROGRAM_VERSION) {
    const problem = `it has the version ${JSON.stringify(version)}, this runtime reads ${PROGRAM_VERSION}`;
    fail("data/plan", { file, problem }, { hints: ["compile the model with the version of bcosc that the page has"] });
  }
  return { program: { ...(program as Program), graphs: {} }, code };
}

async function readAsset(asset: Asset): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await assetBytes(asset);
  const found = sha256(bytes);
  if (found !== asset.sha256) fail("data/plan-hash", { file: nameOf(asset), expected: asset.sha256, found });
  return bytes;
}

function assetBytes(asset: Asset): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> {
  if ("text" in asset) return new TextEncoder().encode(asset.text);
  return "base64" in asset ? decodeBase64(asset.base64) : fetchBytes(asset.url);
}

function nameOf(asset: Asset): string {
  const address = "url" in asset ? String(asset.url) : "";
  return address === "" || address.startsWith("data:") ? "the plan in the module" : address;
}
