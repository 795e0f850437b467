/** What of each image is explained: logits of classes, a difference of two, or a neuron; and how it is done. */
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { ClassNames } from "../../runtime/data/class-names.ts";
import { explain } from "../../runtime/explain/explainer.ts";
import type { Explanation } from "../../runtime/explain/explanation.ts";
import { explainNeurons, neuronFault } from "../../runtime/explain/neurons.ts";
import { attribute, type Method } from "../../runtime/posthoc/attribute.ts";
import type { Attribution } from "../../runtime/posthoc/attribution.ts";
import type { ProgressOptions } from "../../runtime/posthoc/progress.ts";
import type { Session } from "../../runtime/session.ts";
import type { Arguments } from "../arguments.ts";
import type { OptionSpec } from "../command.ts";
import { readClass } from "./class-names.ts";
import type { ChosenMethod } from "./method.ts";

export const subjectOptions: readonly OptionSpec[] = [
  { flags: "--class <c>", summary: "Explain this class, by number or name, instead of the predicted one" },
  { flags: "--top <k>", summary: "Explain the classes with the k largest logits" },
  { flags: "--versus <c>", summary: "Explain the difference to this class" },
  {
    flags: "--at <layer>",
    summary: "Explain a neuron of this layer, binding or block: layer3.2; of `gradcam` the map it looks at",
  },
  { flags: "--unit <n>", summary: "Which of the layer's channels (the one with the largest value)" },
  { flags: "--pixel <y,x>", summary: "Where in the layer's map; of tokens which one (where the largest value is)" },
];

/** As it was typed: classes by number or name. */
export type Subject =
  | {
      readonly kind: "classes";
      readonly target: string | undefined;
      readonly top: number | undefined;
      readonly versus: string | undefined;
      /** The map that Grad-CAM looks at, where not the last one. */
      readonly layer: string | undefined;
    }
  | {
      readonly kind: "neuron";
      readonly layer: string;
      readonly unit: number | undefined;
      readonly place: readonly number[] | undefined;
    };

/** Reads the options; throws a code of the area `usage`. */
export function readSubject(args: Arguments, method: Method): Subject {
  const layer = args.text("--at");
  const [unit, pixel] = [args.integer("--unit", { min: 0 }), args.text("--pixel")];
  if (layer !== undefined && method !== "bcos" && method !== "gradcam") {
    fail("usage/conflict", { option: "--at", other: `--method ${method}` });
  }
  if (method !== "bcos") {
    for (const option of ["--unit", "--pixel"]) {
      if (args.given.has(option)) fail("usage/conflict", { option, other: `--method ${method}` });
    }
  } else if (layer !== undefined) {
    const other = ["--class", "--top", "--versus"].find((option) => args.given.has(option));
    if (other !== undefined) fail("usage/conflict", { option: "--at", other });
    return { kind: "neuron", layer, unit, place: pixel === undefined ? undefined : readPlace(pixel) };
  }
  for (const option of ["--unit", "--pixel"]) {
    if (args.given.has(option)) fail("usage/needs-option", { option, other: "--at" });
  }
  const top = args.integer("--top", { min: 1 });
  const target = args.text("--class");
  if (top !== undefined && target !== undefined) fail("usage/conflict", { option: "--top", other: "--class" });
  return { kind: "classes", target, top, versus: args.text("--versus"), layer };
}

function readPlace(text: string): readonly number[] {
  if (/^\d+(,\d+)*$/.test(text)) return text.split(",").map(Number);
  return fail("usage/value", {
    option: "--pixel",
    expected: "y,x in the layer's map, or a token's number",
    found: text,
  });
}

export interface Explainer {
  /** Explanations of each image. */
  readonly times: number;
  /** Explains images [n, …input shape] that are called so; those of one image follow each other. */
  run(
    session: Session,
    images: Float32Array,
    names: readonly string[],
    progress: ProgressOptions,
  ): Promise<readonly Finding[]>;
}

/** What there is to show of an image: the network's own explanation, or what a method from outside attributes. */
export type Finding = Explanation | Attribution;

export function isExplanation(finding: Finding): finding is Explanation {
  return "residual" in finding;
}

/** Checks the subject against the program that was built for it. */
export function createExplainer(
  subject: Subject,
  method: ChosenMethod,
  program: Program,
  names: ClassNames | undefined,
): Explainer {
  if (subject.kind === "neuron") return neuronExplainer(subject, program);
  const { target, top, versus } = subject;
  if (top !== undefined && top > program.classes) {
    const expected = `a number up to ${program.classes}, the number of classes`;
    fail("usage/value", { option: "--top", expected, found: String(top) });
  }
  const classOf = (option: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : readClass(option, text, program, names);
  const [chosen, other] = [classOf("--class", target), classOf("--versus", versus)];
  if (chosen !== undefined && chosen === other) {
    fail("usage/value", { option: "--versus", expected: "another class than `--class`", found: versus! });
  }
  const options = {
    target: top === undefined ? (chosen ?? ("predicted" as const)) : { top },
    ...(other === undefined ? {} : { versus: other }),
  };
  return {
    times: top ?? 1,
    run: (session, images, called, progress) =>
      method.name === "bcos"
        ? explain(session, images, { ...options, names: called })
        : attribute(session, images, method.name, { ...method.options, ...options, ...progress }),
  };
}

function neuronExplainer(
  { unit, place }: Extract<Subject, { kind: "neuron" }>,
  { explainedLayer }: Program,
): Explainer {
  const options = { ...(unit === undefined ? {} : { unit }), ...(place === undefined ? {} : { place }) };
  const fault = neuronFault(explainedLayer!, options);
  if (fault !== undefined) {
    const { name, expected, found } = fault;
    fail("usage/value", { option: name === "unit" ? "--unit" : "--pixel", expected, found });
  }
  return {
    times: 1,
    run: (session, images, called) => explainNeurons(session, images, { ...options, names: called }),
  };
}
