/** The model of an emitted module: what it is, and how it is opened. */
import type { TargetName } from "../../compiler/plan/plan.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { bestDevice } from "../devices/best-device.ts";
import type { Device } from "../device.ts";
import { openSessionOn, type Session } from "../session.ts";
import type { ModelDescription, ProgramFiles } from "./description.ts";
import { createLoadedModel, type OpenProgram } from "./loaded-model.ts";
import { readProgram } from "./read-program.ts";
import type { CompiledModel, LoadedModel, LoadOptions, ModelTypes, ModelWeights, WeightsSource } from "./types.ts";
import { readModelWeights } from "./weights.ts";

/** Called by the modules that `bcosc compile` writes. */
export function compiledModel<T extends ModelTypes>(description: ModelDescription<T>): CompiledModel<T> {
  const { name, form, architecture, planHash, input, classes, params } = description;

  const readWeights = (source: WeightsSource): Promise<ModelWeights<T>> => readModelWeights<T>(description, source);

  async function load(options: LoadOptions<T>): Promise<LoadedModel<T>> {
    const { device: choice = "auto", weights, ...rest } = options;
    const { main } = description.programs;
    const own: Device | undefined = typeof choice === "object" ? choice : undefined;
    const target = await chooseTarget(own?.name ?? (choice as string), main);
    // Both come over the network: neither waits for the other.
    const [device, program, given] = await Promise.all([
      own ?? loadDevice(target),
      readProgram(main, target),
      weights === undefined ? undefined : typedWeights(weights),
    ]);
    const open: OpenProgram = async (files, tensors) =>
      openSessionOn(device, await readProgram(files, target), { ...rest, weights: tensors });
    const initial = given === undefined ? {} : { weights: given.tensors };
    const session: Session = await openSessionOn(device, program, { ...rest, ...initial });
    return createLoadedModel({ model, description, session, open });
  }

  async function typedWeights(weights: ModelWeights<T> | WeightsSource): Promise<ModelWeights<T>> {
    if (!isModelWeights<T>(weights)) return readWeights(weights);
    if (weights.architecture === architecture) return weights;
    const found: string = weights.architecture;
    return fail("weights/architecture", { model: name, expected: architecture, found });
  }

  const model: CompiledModel<T> = {
    name,
    form,
    architecture,
    planHash,
    input,
    classes,
    params,
    load,
    readWeights,
  };
  return model;
}

function isModelWeights<T extends ModelTypes>(weights: ModelWeights<T> | WeightsSource): weights is ModelWeights<T> {
  return typeof weights === "object" && "architecture" in weights && "tensors" in weights;
}

/** Throws `run/device` for a name that the model was not compiled for. */
async function chooseTarget(choice: string, files: ProgramFiles): Promise<TargetName> {
  const targets = (["webgpu", "wasm"] as const).filter((target) => files[target] !== undefined);
  if (choice === "auto") {
    const { name } = await bestDevice(new Set(targets));
    return targets.find((target) => target === name) ?? targets.at(-1)!;
  }
  const found = targets.find((target) => target === choice);
  return found ?? fail("run/device", { name: choice, available: ["auto", ...targets].join(", ") });
}

/** By literal imports, so that bundlers make a part of each that is loaded when it is needed. */
async function loadDevice(target: TargetName): Promise<Device> {
  switch (target) {
    case "wasm":
      return (await import("../devices/wasm/device.ts")).wasmDevice;
    case "webgpu":
      return (await import("../devices/webgpu/device.ts")).webgpuDevice;
    default:
      throw new Error(`unknown target ${JSON.stringify(target satisfies never)}`);
  }
}
