/** A compiled model on a device: predicts, explains and trains in the terms of its own classes, shapes and layers. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Tensor } from "../device.ts";
import { explain as explainSession } from "../explain/explainer.ts";
import type { Explanation } from "../explain/explanation.ts";
import { explainNeurons } from "../explain/neurons.ts";
import { requireFiniteLogits } from "../finite.ts";
import type { Session } from "../session.ts";
import { top } from "../top.ts";
import { train as trainSession } from "../train/trainer.ts";
import type { Weights } from "../weights/weights.ts";
import { classIndex } from "./class-index.ts";
import type { ModelDescription, ProgramFiles } from "./description.ts";
import { imageNumbers, type ImageSource } from "./images.ts";
import { explanationPicture } from "./picture.ts";
import type {
  CompiledModel,
  ExplainOptionsOf,
  FitOptions,
  Images,
  LoadedModel,
  ModelExplainOptions,
  ModelExplanation,
  ModelTypes,
  NameOf,
  NeuronExplainOptions,
  Prediction,
  RankedClass,
  Train,
} from "./types.ts";
import { createOtherSessions } from "./other-sessions.ts";
import { modelWeights } from "./weights.ts";

/** Opens another program of the model on the same device, with the given weights. */
export type OpenProgram = (files: ProgramFiles, weights: Weights) => Promise<Session>;

export interface LoadedParts<T extends ModelTypes> {
  readonly model: CompiledModel<T>;
  readonly description: ModelDescription<T>;
  /** Of the main program. */
  readonly session: Session;
  readonly open: OpenProgram;
}

export function createLoadedModel<T extends ModelTypes>(parts: LoadedParts<T>): LoadedModel<T> {
  const { model, description, session, open } = parts;
  const { classes, programs } = description;
  const { program } = session;
  const others = createOtherSessions(session, open);
  const nameOf = (index: number): NameOf<T> => classes[index] as NameOf<T>;
  /** One image or several: what is given for one is given back for one. */
  async function forImages<R>(
    given: Images<T>,
    { shorterSide }: FitOptions,
    run: (images: readonly Float32Array[], names: readonly string[]) => Promise<R[]>,
  ): Promise<R | R[]> {
    const single = !Array.isArray(given);
    const sources = (single ? [given] : given) as readonly ImageSource<T["input"]>[];
    const names = sources.map((_, i) => (single ? "the image" : `image ${i}`));
    const images = await Promise.all(
      sources.map((source, i) => imageNumbers(source, program.input.shape, { shorterSide, name: names[i]! })),
    );
    const results = await run(images, names);
    return single ? results[0]! : results;
  }

  function predict(given: Images<T>, options: FitOptions = {}): Promise<unknown> {
    return forImages(given, options, async (images) => {
      const logits = await session.predict(joined(images));
      requireFiniteLogits(logits, program.classes);
      return images.map((_, i) => prediction(logits.slice(i * program.classes, (i + 1) * program.classes)));
    });
  }

  function prediction(logits: Tensor): Prediction<T> {
    const ranked = (count: number): readonly RankedClass<T>[] =>
      top(count, logits).map((index) => ({ index, name: nameOf(index), logit: logits[index]! }));
    const [first] = ranked(1);
    return { index: first!.index, name: first!.name, logits, top: ranked };
  }

  function explain(given: Images<T>, options: ExplainOptionsOf<T> = {}): Promise<unknown> {
    return forImages(given, options, async (images, names) => {
      const explanations = isNeuron(options)
        ? await explainNeuron(joined(images), names, options)
        : await explainClass(joined(images), names, options);
      return explanations.map((explanation) => describe(explanation, images[explanation.image]!));
    });
  }

  function explainClass(images: Float32Array, names: readonly string[], options: ModelExplainOptions<T>) {
    const { target, versus, bound, smooth } = options;
    return explainSession(session, images, {
      names,
      ...(target === undefined ? {} : { target: classIndex(classes, "target", target) }),
      ...(versus === undefined ? {} : { versus: classIndex(classes, "versus", versus) }),
      ...(bound === undefined ? {} : { bound }),
      ...(smooth === undefined ? {} : { smooth }),
    });
  }

  async function explainNeuron(images: Float32Array, names: readonly string[], options: NeuronExplainOptions<T>) {
    const { at, unit, place, bound, smooth } = options;
    const files = programs.at !== undefined && Object.hasOwn(programs.at, at) ? programs.at[at] : undefined;
    if (files === undefined) {
      const available = Object.keys(programs.at ?? {}).map((path) => `\`${path}\``);
      const expected = available.length === 0 ? "no layer: the model was compiled without" : available.join(", ");
      return fail("run/input", { name: "at", expected, found: `\`${at}\`` });
    }
    return explainNeurons(await others.get(at, files), images, {
      names,
      ...(unit === undefined ? {} : { unit }),
      ...(place === undefined ? {} : { place }),
      ...(bound === undefined ? {} : { bound }),
      ...(smooth === undefined ? {} : { smooth }),
    });
  }

  function describe({ image: _, ...explanation }: Explanation, input: Float32Array): ModelExplanation<T> {
    const { predicted, target } = explanation;
    return {
      ...explanation,
      predictedName: nameOf(predicted),
      targetName: target === undefined ? undefined : nameOf(target),
      input,
      toImageData: (picture = "colour") => explanationPicture(explanation, program.input.shape, picture),
    };
  }

  const train: Train = async (dataset, options) => {
    const training = await others.training(programs.train!);
    try {
      const result = await trainSession(training, dataset, options);
      await session.importWeights(await training.exportWeights());
      await others.weightsChanged();
      return result;
    } catch (error) {
      await others.endTraining();
      throw error;
    }
  };

  return {
    model,
    device: session.device,
    session,
    predict: predict as LoadedModel<T>["predict"],
    explain: (description.form === "bcos" ? explain : undefined) as LoadedModel<T>["explain"],
    train: (programs.train === undefined ? undefined : train) as LoadedModel<T>["train"],
    weights: async () => modelWeights<T>(description, await session.exportWeights()),
    dispose: async () => {
      await others.dispose();
      await session.dispose();
    },
  };
}

function isNeuron<T extends ModelTypes>(
  options: ModelExplainOptions<T> | NeuronExplainOptions<T>,
): options is NeuronExplainOptions<T> {
  return options.at !== undefined;
}

function joined(images: readonly Float32Array[]): Float32Array {
  if (images.length === 1) return images[0]!;
  const all = new Float32Array(images.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const image of images) {
    all.set(image, at);
    at += image.length;
  }
  return all;
}
