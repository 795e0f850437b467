/**
 * Checks a plan from anywhere before it runs: its form, that every buffer exists and is large enough, and that each
 * launch finds the values it means to read, by following what is written where.
 */
import { planVersion, targetNames } from "./plan.ts";
import { arrayOf, isCount, isRecord, isRef, type Ref } from "./plan-shapes.ts";
import { storageTypes } from "./storage.ts";

/** Sentences, first things first; empty for a sound plan. Never throws. */
export function verifyPlan(value: unknown): readonly string[] {
  const problems: string[] = [];
  if (!isRecord(value)) return ["a plan is an object"];
  if (value["version"] !== planVersion) {
    return [`the plan has version ${JSON.stringify(value["version"])}, this program reads version ${planVersion}`];
  }
  if (!targetNames.some((name) => name === value["target"]))
    problems.push(`there is no target ${JSON.stringify(value["target"])}`);
  if (!["predict", "train", "explain", "gradient"].includes(String(value["graph"]))) {
    problems.push(`there is no graph ${JSON.stringify(value["graph"])}`);
  }
  const { storage } = value;
  if (storage !== undefined && !storageTypes.some((type) => type === storage)) {
    problems.push(`there is no storage ${JSON.stringify(storage)}`);
  } else if (storage === "f16" && value["target"] !== "webgpu") problems.push("only `webgpu` has the storage f16");
  if (!isCount(value["batch"]) || value["batch"] < 1) problems.push("the batch must be a whole number from 1 on");
  if (!isCount(value["scratchBytes"])) problems.push("scratchBytes must be a whole number");
  if (typeof value["hash"] !== "string" || !/^[0-9a-f]{64}$/.test(value["hash"]))
    problems.push("the hash is no SHA-256");
  const slots = arrayOf(value["slots"], isCount);
  const constants = arrayOf(value["constants"], (c) => arrayOf(c, (n) => typeof n === "number") !== undefined);
  if (slots === undefined) problems.push("slots must be a list of sizes in bytes");
  slots?.forEach((bytes, i) => {
    if (bytes === 0 || bytes % 16 !== 0) problems.push(`slot ${i} has ${bytes} bytes, which is no multiple of 16`);
  });
  if (constants === undefined) problems.push("constants must be lists of numbers");
  if (!isRecord(value["saved"])) problems.push("saved must be an object");
  for (const part of ["inputs", "outputs"]) if (!isRecord(value[part])) problems.push(`${part} must be an object`);
  if (!Array.isArray(value["launches"])) problems.push("launches must be a list");
  if (problems.length > 0) return problems;
  const checker = createChecker(slots!, constants as number[][], problems);
  for (const [name, tensor] of Object.entries(value["inputs"] as object)) checker.input(name, tensor);
  (value["launches"] as unknown[]).forEach((launch, i) => checker.launch(i, launch));
  for (const [name, tensor] of Object.entries(value["outputs"] as object)) checker.output(name, tensor);
  // What is wrong already would be told twice.
  if (value["repeat"] !== undefined && problems.length === 0) verifyRepeat(value, checker, problems);
  return problems;
}

/** Follows the part that may run again a second time, behind the whole run. */
function verifyRepeat(plan: Record<string, unknown>, checker: Checker, problems: string[]): void {
  const { repeat } = plan;
  const launches = plan["launches"] as Record<string, unknown>[];
  const inputs = plan["inputs"] as Record<string, { readonly buffer: Ref }>;
  const complain = (what: string): void => void problems.push(`repeat: ${what}`);
  if (!isRecord(repeat)) return complain("must be an object");
  const { first } = repeat;
  const feeds = arrayOf(repeat["feeds"], (feed): feed is string => typeof feed === "string");
  if (!isCount(first) || first >= launches.length) return complain("there is no such launch to begin with");
  if (feeds === undefined) return complain("feeds must be names");
  const fed = new Set<number>();
  for (const feed of feeds) {
    const buffer = Object.hasOwn(inputs, feed) ? inputs[feed]!.buffer : undefined;
    if (buffer?.kind === "slot") fed.add(buffer.index);
    else complain(`there is no input ${feed}`);
  }
  launches.forEach((launch, i) => {
    const { read, written } = buffersOf(launch);
    const place = `launch ${i}`;
    if (i < first && read.some((ref) => ref.kind === "slot" && fed.has(ref.index))) {
      problems.push(`${place}: reads a feed that changes for the launches from ${first} on`);
    }
    if (i >= first && written.some((ref) => ref.kind === "state")) {
      problems.push(`${place}: writes state, and may run again`);
    }
  });
  for (let i = first; i < launches.length; i++) checker.launch(i, launches[i], " when it runs again");
  for (const [name, tensor] of Object.entries(plan["outputs"] as object)) checker.output(name, tensor);
}

/** Of a launch that was checked. */
function buffersOf(launch: Record<string, unknown>): {
  readonly read: readonly Ref[];
  readonly written: readonly Ref[];
} {
  if (launch["kind"] === "random") {
    const step = launch["step"] as Ref | undefined;
    return { read: step === undefined ? [] : [step], written: [launch["out"] as Ref] };
  }
  const buffers = launch["buffers"] as Ref[];
  const reads = launch["reads"] as number;
  return { read: buffers.slice(0, reads), written: buffers.slice(reads) };
}

/** What a place holds: a value's number where the plan names it, else only that something was written. */
type Content = number | "unnamed";

interface Checker {
  input(name: string, value: unknown): void;
  /** `when` is said behind the number of the launch. */
  launch(index: number, launch: unknown, when?: string): void;
  output(name: string, value: unknown): void;
}

function createChecker(
  slots: readonly number[],
  constants: readonly (readonly number[])[],
  problems: string[],
): Checker {
  const contents = new Map<string, Content>();
  const inputSlots = new Set<number>();
  let prepared = true;
  const preparedSlots = new Map<number, Content>();

  const complain = (where: string, what: string): void => void problems.push(`${where}: ${what}`);
  const keyOf = (ref: Ref): string => (ref.kind === "state" ? `state ${ref.path}` : `${ref.kind} ${ref.index}`);
  /** Whether the place exists and is large enough. */
  const exists = (where: string, ref: unknown, bytes: number | undefined): ref is Ref => {
    if (!isRef(ref)) {
      complain(where, `${JSON.stringify(ref)} is no buffer`);
      return false;
    }
    if (ref.kind === "state") return true;
    const sizes = ref.kind === "slot" ? slots : constants.map((values) => values.length * 4);
    const size = sizes[ref.index];
    if (size === undefined) {
      complain(where, `there is no ${keyOf(ref)}`);
      return false;
    }
    if (bytes !== undefined && bytes > size) complain(where, `${bytes} bytes do not fit into ${keyOf(ref)} of ${size}`);
    return true;
  };
  const read = (where: string, ref: Ref, value: Content): void => {
    if (ref.kind === "constant") return;
    const content = contents.get(keyOf(ref));
    if (content === undefined) {
      if (ref.kind === "slot") complain(where, `${keyOf(ref)} is read before anything is written to it`);
      return;
    }
    if (content !== value && content !== "unnamed" && value !== "unnamed") {
      complain(where, `${keyOf(ref)} holds value ${content}, not value ${value} that is to be read`);
    }
  };
  const write = (where: string, ref: Ref, value: Content, prepares: boolean): void => {
    if (ref.kind === "constant") complain(where, "a constant is written");
    if (ref.kind === "slot" && inputSlots.has(ref.index))
      complain(where, `the input in slot ${ref.index} is overwritten`);
    if (prepares && ref.kind === "state") complain(where, "a launch that prepares writes state");
    if (ref.kind === "slot") {
      if (prepares) preparedSlots.set(ref.index, value);
      else preparedSlots.delete(ref.index);
    }
    contents.set(keyOf(ref), value);
  };
  const tensor = (where: string, value: unknown): { buffer: Ref; value: Content } | undefined => {
    if (!isRecord(value)) {
      complain(where, "must be an object");
      return undefined;
    }
    const shape = arrayOf(value["shape"], isCount);
    if (shape === undefined) complain(where, "the shape must be a list of whole numbers");
    const bytes = shape?.reduce((a, b) => a * b, 4);
    if (!exists(where, value["buffer"], bytes)) return undefined;
    return { buffer: value["buffer"], value: isCount(value["value"]) ? value["value"] : "unnamed" };
  };
  const labels = (where: string, launch: Record<string, unknown>): void => {
    if (typeof launch["path"] !== "string") complain(where, "the path must be a text");
    if (arrayOf(launch["ops"], (op) => typeof op === "string") === undefined) complain(where, "ops must be texts");
    const isPart = (part: unknown): boolean =>
      isRecord(part) && typeof part["path"] === "string" && isCount(part["flops"]) && isCount(part["bytes"]);
    const parts = launch["parts"];
    if (parts !== undefined && (arrayOf(parts, isPart)?.length ?? 0) < 2) {
      complain(where, "parts must be at least two layers, each with its operations and bytes");
    }
  };

  const kernel = (where: string, launch: Record<string, unknown>): void => {
    const { buffers, reads, values, sizes } = launch;
    if (typeof launch["kernel"] !== "string" || launch["kernel"] === "") complain(where, "the kernel needs a name");
    for (const field of ["units", "flops", "bytes"]) {
      if (!isCount(launch[field])) complain(where, `${field} must be a whole number that is not negative`);
    }
    if (!Array.isArray(buffers)) return complain(where, "buffers must be a list");
    if (!isCount(reads) || reads > buffers.length) return complain(where, `${String(reads)} buffers can't be read`);
    for (const [name, list] of [
      ["values", values],
      ["sizes", sizes],
    ] as const) {
      if (list !== undefined && arrayOf(list, isCount)?.length !== buffers.length) {
        return complain(where, `${name} must be a whole number a buffer`);
      }
    }
    const prepares = launch["prepare"] === true;
    if (prepares && !prepared) complain(where, "launches that prepare must come first");
    if (!prepares) prepared = false;
    const sizeOf = (i: number): number | undefined => (sizes as number[] | undefined)?.[i];
    const valueOf = (i: number): Content => (values as number[] | undefined)?.[i] ?? "unnamed";
    const written = new Set<string>();
    buffers.forEach((ref: unknown, i) => {
      if (!exists(`${where}, buffer ${i}`, ref, sizeOf(i))) return;
      if (i < reads) {
        read(where, ref, valueOf(i));
        if (prepares && ref.kind === "slot" && !preparedSlots.has(ref.index)) {
          complain(where, `a launch that prepares reads slot ${ref.index}, which another kind of launch fills`);
        }
        return;
      }
      if (written.has(keyOf(ref))) complain(where, `${keyOf(ref)} is written twice at once`);
      written.add(keyOf(ref));
      write(where, ref, valueOf(i), prepares);
    });
  };

  return {
    input(name, value): void {
      const placed = tensor(`input ${name}`, value);
      if (placed === undefined) return;
      if (placed.buffer.kind !== "slot") return complain(`input ${name}`, "an input must have a slot");
      if (inputSlots.has(placed.buffer.index)) complain(`input ${name}`, "two inputs share a slot");
      contents.set(keyOf(placed.buffer), placed.value);
      inputSlots.add(placed.buffer.index);
    },
    launch(index, launch, when = ""): void {
      const where = `launch ${index}${when}`;
      if (!isRecord(launch)) return complain(where, "must be an object");
      labels(where, launch);
      if (launch["kind"] === "kernel") return kernel(where, launch);
      if (launch["kind"] !== "random") return complain(where, `there is no kind ${JSON.stringify(launch["kind"])}`);
      prepared = false;
      if (!isCount(launch["count"])) complain(where, "count must be a whole number");
      if (!isCount(launch["key"])) complain(where, "the key must be a whole number");
      const bytes = isCount(launch["count"]) ? launch["count"] * 4 : undefined;
      const step = launch["step"];
      if (step !== undefined && exists(where, step, 4)) read(where, step, "unnamed");
      const out = launch["out"];
      if (exists(where, out, bytes)) write(where, out, isCount(launch["value"]) ? launch["value"] : "unnamed", false);
    },
    output(name, value): void {
      const placed = tensor(`output ${name}`, value);
      if (placed !== undefined) read(`output ${name}`, placed.buffer, placed.value);
    },
  };
}
