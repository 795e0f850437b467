/** How images are looked at: by the network's own explanation, or by a method that asks it from outside. */
import type { ProgramOptions } from "../../compiler/compile.ts";
import type { Form, Program } from "../../compiler/graph/program.ts";
import { lastMap } from "../../compiler/network/last-map.ts";
import type { Network } from "../../compiler/network/network.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { methodNames, programFor, type AttributeOptions, type Method } from "../../runtime/posthoc/attribute.ts";
import type { Arguments } from "../arguments.ts";
import { optionName, type OptionSpec } from "../command.ts";
import type { Subject } from "./subject.ts";

export interface ChosenMethod {
  readonly name: Method;
  readonly options: AttributeOptions;
}

interface MethodOption extends OptionSpec {
  /** The methods that read it. */
  readonly of: readonly Method[];
  readonly read: (args: Arguments, option: string) => AttributeOptions;
}

/** An option that is a whole number. */
function whole(option: string, min: number, name: "steps" | "masks" | "seed" | "kernel" | "stride") {
  return (args: Arguments): AttributeOptions => {
    const value = args.integer(option, { min });
    return value === undefined ? {} : { [name]: value };
  };
}

const baselines = ["zero", "black"] as const;

const methodOptionTable: readonly MethodOption[] = [
  {
    flags: "--steps <n>",
    summary: "Of `intgrad`: points between the baseline and the image (50)",
    of: ["intgrad"],
    read: whole("--steps", 1, "steps"),
  },
  {
    flags: "--masks <n>",
    summary: "Of `rise`: how many (500)",
    of: ["rise"],
    read: whole("--masks", 1, "masks"),
  },
  {
    flags: "--seed <n>",
    summary: "Of the masks of `rise` (0)",
    of: ["rise"],
    read: whole("--seed", 0, "seed"),
  },
  {
    flags: "--kernel <n>",
    summary: "Of `occlusion`: side of the squares in pixels (a seventh of the image)",
    of: ["occlusion"],
    read: whole("--kernel", 2, "kernel"),
  },
  {
    flags: "--stride <n>",
    summary: "Of `occlusion`: distance of the squares (as `--kernel`)",
    of: ["occlusion"],
    read: whole("--stride", 1, "stride"),
  },
  {
    flags: "--baseline <name>",
    summary: `What stands for nothing: ${baselines.join(" (all channels of the encoding) or ")} (zero)`,
    of: ["ixg", "intgrad", "deeplift", "occlusion", "rise"],
    read: (args) => {
      const baseline = args.choice("--baseline", baselines);
      return baseline === undefined ? {} : { baseline };
    },
  },
];

export const methodOptions: readonly OptionSpec[] = [
  { flags: "--method <name>", summary: `What to draw: ${methodNames.join(", ")} (bcos)` },
  ...methodOptionTable.map(({ flags, summary }) => ({ flags, summary })),
];

/** Reads the options; throws a code of the area `usage`. */
export function readMethod(args: Arguments): ChosenMethod {
  const name = args.choice("--method", methodNames) ?? "bcos";
  for (const spec of methodOptionTable) {
    const option = optionName(spec);
    if (!args.given.has(option) || spec.of.includes(name)) continue;
    fail("usage/needs-option", { option, other: `--method ${spec.of.join("|")}` });
  }
  const read = methodOptionTable.map((spec) => spec.read(args, optionName(spec)));
  return { name, options: Object.assign({}, ...read) as AttributeOptions };
}

/** What the program needs for a method and a subject. Throws a code of the area `usage` for what the method can't look at. */
export function programOptionsFor(
  { name }: ChosenMethod,
  subject: Subject,
  network: Network,
  form: Form,
): Pick<ProgramOptions, "graphs" | "encodedInput" | "gradientLayer" | "explainedLayer"> {
  const layer = subject.kind === "neuron" ? { explainedLayer: subject.layer } : {};
  if (name === "bcos") return { graphs: ["explain"], ...layer };
  if (name !== "gradcam") return programFor(name);
  const gradientLayer = subject.kind === "classes" ? subject.layer : undefined;
  if (gradientLayer === undefined && lastMap(network, form) === undefined) {
    fail("usage/needs-option", { option: "--method gradcam", other: "--at LAYER" });
  }
  return { ...programFor(name), gradientLayer: gradientLayer ?? true };
}

/** The program as one that is fed with images: what it is fed with may be their encoding. */
export function fedWithImages<P extends Pick<Program, "input">>(program: P): P {
  const { imageShape, ...input } = program.input;
  return imageShape === undefined ? program : { ...program, input: { ...input, shape: imageShape } };
}
