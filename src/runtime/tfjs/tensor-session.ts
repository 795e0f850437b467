/** Sessions that take tensors of TensorFlow.js and give them. */
import type { GraphName } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { signatureOf } from "../../graph-signature.ts";
import { sameShape } from "../../shape.ts";
import { requireGraph, type Session } from "../session.ts";
import { isTensor, passageTo, type After, type TensorFeeds } from "./passage.ts";
import { countImages, inBatches, requireFloat } from "./tensor-images.ts";
import type { NamedTensors, Tensor, Tensor1D, Tensor2D, TensorFlow } from "./tensorflow.ts";

export interface TensorSession {
  readonly session: Session;
  /**
   * Whether tensors go in and come out where they are, without the processor: a session on the graphics device of
   * tfjs-webgpu (`fusedDevice`), or on a device `tfjs:NAME`, while TensorFlow.js computes with that backend.
   */
  readonly direct: boolean;
  /**
   * Runs a graph once on exactly one batch. Feeds are tensors in float32 with the shapes of the graph's inputs, or numbers.
   * Throws `run/tensor`, and what `Session.run` throws.
   */
  run(graph: GraphName, feeds: TensorFeeds, only?: readonly string[]): Promise<NamedTensors>;
  /** Logits [n, classes] of images [n, …input shape] with numbers from 0 to 1, any number of them; of one image [1, classes]. */
  predict(images: Tensor): Promise<Tensor2D>;
  /** Explains images [n, …input shape], each by its own class or by one for all. Throws `run/input` for no such class. */
  explain(images: Tensor, options?: TensorExplainOptions): Promise<TensorExplanation>;
}

export interface TensorExplainOptions {
  /** The class to explain: the one with the largest logit (default), one for all images, or one for each. */
  readonly target?: "predicted" | number | ArrayLike<number>;
  /** Explain the difference: logit of the target minus logit of this class, one for all images or one for each. */
  readonly versus?: number | ArrayLike<number>;
}

/**
 * Of n images: `explained = constant + Σ contributions`, up to rounding. The caller's to dispose: `tf.dispose(explanation)`
 * disposes all. (A type and no interface: else it would be no container of tensors to TensorFlow.js.)
 */
export type TensorExplanation = {
  /** [n, classes]. */
  readonly logits: Tensor2D;
  /** [n]: the target's logit, or a difference. */
  readonly explained: Tensor1D;
  /** [n, H, W], for vectors [n, D]: what each pixel adds. */
  readonly contributions: Tensor;
  /** W(x)ᵀv [n, …encoded input's shape]: of an RGB image [n, H, W, 6], red, green, blue, and one minus them. */
  readonly weights: Tensor;
  /** [n]: what no contribution accounts for, the sum of `constants`. */
  readonly constant: Tensor1D;
  /** Its parts by name, [n] each. */
  readonly constants: Readonly<Record<string, Tensor1D>>;
};

/**
 * The session, for tensors of `tf`, which is `import * as tf from "@tensorflow/tfjs"` or tfjs-core. Tensors that are given stay
 * the caller's; what is returned is the caller's to dispose. Works with every device; see `TensorSession.direct`.
 */
export function tensorSession(tf: TensorFlow, session: Session): TensorSession {
  const { program } = session;
  const { batch, classes, input } = program;

  function checkFeeds(graph: GraphName, feeds: TensorFeeds): void {
    requireGraph(program, graph);
    const { inputs } = signatureOf(program, graph)!;
    for (const [name, value] of Object.entries(feeds)) {
      if (!isTensor(value)) continue;
      requireFloat(name, value);
      const shape = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
      if (shape === undefined || sameShape(value.shape, shape)) continue;
      fail("run/tensor", {
        name,
        problem: `has the shape [${value.shape.join(", ")}], not [${shape.join(", ")}]`,
        remedy: `\`${graph}\` computes exactly one batch, of ${batch}; \`predict\` and \`explain\` take any number of images`,
      });
    }
  }

  /** With the images as rows of a batch, even if it is one. */
  async function withRows<T>(images: Tensor, work: (rows: Tensor, count: number) => Promise<T>): Promise<T> {
    const count = countImages(program, images);
    // A view of the same numbers, which stays while the work goes on.
    const rows = tf.reshape(images, [count, ...input.shape]);
    rows.kept = true;
    try {
      return await work(rows, count);
    } finally {
      rows.dispose();
    }
  }

  /** `after` is called for each batch, with its part of the rows. */
  function batches(
    graph: GraphName,
    count: number,
    rows: Readonly<Record<string, Tensor>>,
    only?: readonly string[],
    after?: (parts: Readonly<NamedTensors>) => After,
  ): Promise<NamedTensors> {
    const names = Object.keys(rows);
    return inBatches(tf, { count, batch }, Object.values(rows), (parts) => {
      const cut = Object.fromEntries(names.map((name, i) => [name, parts[i]!]));
      const feeds = Object.fromEntries(Object.entries(cut).filter(([name]) => name !== MINUS));
      return passageTo(tf, session).run(graph, feeds, only, after?.(cut));
    });
  }

  /** Rows with a 1 at the index. */
  const oneHot = (indices: Tensor): Tensor =>
    // Not as float32 at once: tfjs-wasm writes the bits of a whole number then.
    tf.cast(tf.oneHot(indices as Tensor1D, classes, 1, 0, "int32"), "float32");

  /** Explanations of one cotangent for each image, which is made of the logits where the class is not given. */
  async function explained(images: Tensor, count: number, options: TensorExplainOptions): Promise<NamedTensors> {
    const { target = "predicted", versus } = options;
    const chosen = (name: string, choice: number | ArrayLike<number>): Tensor =>
      oneHot(tf.tensor(classIndices(name, choice, count, classes), [count], "int32"));
    const rows: Record<string, Tensor> = { [input.name]: images };
    const made = tf.tidy(() => {
      const minus = versus === undefined ? {} : { [MINUS]: chosen("versus", versus) };
      if (target === "predicted") return minus;
      const plus = chosen("target", target);
      return { cotangent: versus === undefined ? plus : tf.sub(plus, minus[MINUS]!) };
    });
    Object.assign(rows, made);
    const largest = ({ [MINUS]: minus }: Readonly<NamedTensors>): After => ({
      outputs: ["logits"],
      feeds: ({ logits }) => {
        const cotangent = tf.tidy(() => {
          const plus = oneHot(tf.argMax(logits!, 1));
          return minus === undefined ? plus : tf.sub(plus, minus);
        });
        return { cotangent };
      },
    });
    try {
      return await batches("explain", count, rows, undefined, target === "predicted" ? largest : undefined);
    } finally {
      tf.dispose(made);
    }
  }

  return {
    session,
    get direct() {
      return passageTo(tf, session).direct;
    },
    async run(graph, feeds, only) {
      checkFeeds(graph, feeds);
      return passageTo(tf, session).run(graph, feeds, only);
    },
    predict: (images) =>
      withRows(images, async (rows, count) => {
        const { logits } = await batches("predict", count, { [input.name]: rows }, ["logits"]);
        return logits as Tensor2D;
      }),
    async explain(images, options = {}) {
      requireGraph(program, "explain");
      return withRows(images, async (rows, count) => explanationOf(await explained(rows, count, options)));
    },
  };
}

/** What is taken from the cotangent of the largest logit. No feed has this name. */
const MINUS = "-";

/** One class for each image. Throws `run/input`. */
function classIndices(name: string, choice: number | ArrayLike<number>, count: number, classes: number): Int32Array {
  const all = typeof choice === "number" ? new Array<number>(count).fill(choice) : Array.from(choice);
  if (all.length !== count) {
    fail("run/input", { name, expected: `one class for each of ${count} images`, found: String(all.length) });
  }
  const wrong = all.find((index) => !Number.isInteger(index) || index < 0 || index >= classes);
  if (wrong !== undefined) {
    fail("run/input", { name, expected: `a class from 0 to ${classes - 1}`, found: String(wrong) });
  }
  return Int32Array.from(all);
}

const CONSTANT_PREFIX = "constant/";

function explanationOf(outputs: NamedTensors): TensorExplanation {
  const constants = Object.entries(outputs).flatMap(([name, tensor]) =>
    name.startsWith(CONSTANT_PREFIX) ? [[name.slice(CONSTANT_PREFIX.length), tensor as Tensor1D] as const] : [],
  );
  return {
    logits: outputs["logits"] as Tensor2D,
    explained: outputs["explained"] as Tensor1D,
    contributions: outputs["contributions"]!,
    weights: outputs["weights"]!,
    constant: outputs["constant"] as Tensor1D,
    constants: Object.fromEntries(constants),
  };
}
