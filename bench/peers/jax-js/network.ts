/** Residual B-cos networks in jax-js: one jitted function a task. */
import { comparedSteps, type NamedTensor, type Prepared, type Tensors } from "../../contender.ts";
import { permuted, toChannelsFirst } from "../../layout.ts";
import { allLayers, layersOf, type Layer } from "../../networks.ts";
import type { NetworkWorkload } from "../../workloads.ts";
import { averagePool, bcosConvolution, onesName, uncentredNorm, type Mode, type Ones } from "./layers.ts";
import type { Arr, Jax } from "./types.ts";

type Arrays = Readonly<Record<string, Arr>>;

const momentum = 0.1;
const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

export async function prepareNetwork(jax: Jax, workload: NetworkWorkload, given: Tensors): Promise<Prepared> {
  const { numpy, tree } = jax;
  const { network, task } = workload;
  const layers = layersOf(network);
  const create = ({ values, shape }: NamedTensor): Arr => numpy.array(values, { shape });
  const named = (suffix: string): Arrays =>
    Object.fromEntries(
      [...given].filter(([path]) => path.endsWith(suffix)).map(([path, tensor]) => [path, create(wide(tensor))]),
    );
  const zeros = (like: Arrays): Arrays =>
    Object.fromEntries(Object.entries(like).map(([path, { shape }]) => [path, create(filled(shape, 0))]));

  let weights = named(".weight");
  let buffers = named(".running_var");
  let moments: readonly [Arrays, Arrays] =
    network.optimizer.kind === "adam" ? [zeros(weights), zeros(weights)] : [{}, {}];
  const constants = createConstants(workload, create);
  const image = create(permuted(given.get("image")!, toChannelsFirst));
  const targets = create(given.get("targets")!);

  const logits = (
    weights: Arrays,
    buffers: Arrays,
    constants: Ones,
    encoded: Arr,
    mode: Mode,
  ): readonly [Arr, Arrays] => {
    const seen: Record<string, Arr> = {};
    const apply = (x: Arr, { convolution, norm }: Layer): Arr => {
      const y = bcosConvolution(jax, x, weights[convolution.path]!, constants, convolution.stride, mode);
      if (norm === undefined) return y;
      const path = `${norm}.running_var`;
      const [result, variance] = uncentredNorm(jax, y, weights[`${norm}.weight`]!, buffers[path]!, mode);
      seen[path] = buffers[path]!.ref.mul(1 - momentum).add(variance.mul(momentum));
      return result;
    };
    let x = apply(encoded, layers.stem);
    if (layers.pool) x = averagePool(jax, x, constants["pool"]!);
    for (const { main, skip } of layers.blocks) {
      const sum = main.reduce((value, layer) => apply(value, layer), x);
      x = sum.ref.add(skip === undefined ? x.ref : apply(x, skip));
    }
    const pooled = numpy.mean(apply(x, layers.classifier), [2, 3]);
    return [pooled.sub(Math.log(network.classes - 1)), seen];
  };
  const encode = (image: Arr): Arr => numpy.concatenate([image.ref, image.ref.mul(-1).add(1)], 1);

  const predict = jax.jit((weights: Arrays, buffers: Arrays, constants: Arrays, image: Arr) => {
    return logits(weights, buffers, constants, encode(image), "predict")[0];
  });
  const explain = jax.jit((weights: Arrays, buffers: Arrays, constants: Arrays, image: Arr, targets: Arr) => {
    const encoded = encode(image);
    const rows = jax.grad((x: Arr) => numpy.sum(logits(weights, buffers, constants, x, "explain")[0].mul(targets.ref)));
    return numpy.sum(rows(encoded.ref).mul(encoded), 1);
  });
  const step = jax.jit(
    (
      weights: Arrays,
      buffers: Arrays,
      moments: readonly [Arrays, Arrays],
      constants: Arrays,
      image: Arr,
      targets: Arr,
      rates: Arr,
    ) => {
      const lossOf = jax.valueAndGrad(
        (weights: Arrays): readonly [Arr, Arrays] => {
          const [scores, seen] = logits(weights, buffers, constants, encode(image), "train");
          return [crossEntropy(jax, scores, targets), seen];
        },
        { hasAux: true },
      );
      const [[loss, seen], gradients] = lossOf(weights);
      return [loss, seen, ...update(jax, network.optimizer.kind, weights, gradients, moments, rates)] as const;
    },
  );

  let steps = 0;
  const train = async (): Promise<Float32Array> => {
    steps++;
    const { learningRate } = network.optimizer;
    // Adam's corrections of the start come in with the rate, so that a step is always the same program.
    const rates = numpy.array(new Float32Array([learningRate, 1 - beta1 ** steps, 1 - beta2 ** steps]), { shape: [3] });
    const [loss, seen, next, first, second] = step(
      weights,
      buffers,
      moments,
      tree.ref(constants),
      image.ref,
      targets.ref,
      rates,
    );
    [weights, buffers, moments] = [next, seen, [first, second]];
    await jax.blockUntilReady([weights, buffers, moments]);
    return loss.data();
  };
  const bodies = {
    train,
    predict: () => predict(tree.ref(weights), tree.ref(buffers), tree.ref(constants), image.ref).data(),
    explain: () => explain(tree.ref(weights), tree.ref(buffers), tree.ref(constants), image.ref, targets.ref).data(),
  };
  const once = async (): Promise<Float32Array> => Float32Array.from(await bodies[task]());
  return {
    async results() {
      if (task === "predict") return new Map([["logits", await once()]]);
      if (task === "explain") return new Map([["contributions", await once()]]);
      const losses = new Float32Array(comparedSteps);
      for (let i = 0; i < comparedSteps; i++) losses[i] = (await once())[0]!;
      const results = new Map([["losses", losses]]);
      for (const [path, array] of Object.entries({ ...weights, ...buffers })) {
        results.set(path, Float32Array.from(await array.ref.data()));
      }
      return results;
    },
    async run() {
      const start = performance.now();
      await once();
      return performance.now() - start;
    },
    async dispose() {
      for (const jitted of [predict, explain, step]) jitted.dispose();
      tree.dispose([weights, buffers, moments, constants, image, targets]);
    },
  };
}

/** Vectors of norms as [1,C,1,1], which broadcasts to images. */
function wide(tensor: NamedTensor): NamedTensor {
  return tensor.shape.length === 1 ? { shape: [1, tensor.shape[0]!, 1, 1], values: tensor.values } : tensor;
}

function filled(shape: readonly number[], value: number): NamedTensor {
  return { shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) };
}

/** Filters of ones for the norms of patches, and the pool's. */
function createConstants({ network }: NetworkWorkload, create: (tensor: NamedTensor) => Arr): Arrays {
  const layers = layersOf(network);
  const constants: Record<string, Arr> = {};
  for (const { convolution } of allLayers(layers)) {
    const { inputs, kernel } = convolution;
    constants[onesName(inputs, kernel)] ??= create(filled([1, inputs, kernel, kernel], 1));
  }
  if (layers.pool) constants["pool"] = create(filled([network.stem.width, 1, 3, 3], 1 / 9));
  return constants;
}

/** Mean over batch and classes of BCE with logits, without overflow. */
function crossEntropy({ numpy }: Jax, logits: Arr, targets: Arr): Arr {
  const rest = numpy.log(numpy.exp(numpy.absolute(logits.ref).mul(-1)).add(1));
  return numpy.mean(numpy.maximum(logits.ref, 0).sub(logits.ref.mul(targets.ref)).add(rest));
}

/** `rates`: learning rate, 1 − β₁ᵗ, 1 − β₂ᵗ. */
function update(
  { numpy }: Jax,
  kind: "sgd" | "adam",
  weights: Arrays,
  gradients: Arrays,
  [first, second]: readonly [Arrays, Arrays],
  rates: Arr,
): readonly [Arrays, Arrays, Arrays] {
  const rate = (i: number): Arr => numpy.sum(rates.ref.mul(numpy.array(oneHot(i), { shape: [3] })));
  const paths = Object.keys(weights);
  const map = (f: (path: string) => Arr): Arrays => Object.fromEntries(paths.map((path) => [path, f(path)]));
  if (kind === "sgd") return [map((path) => weights[path]!.ref.sub(gradients[path]!.ref.mul(rate(0)))), {}, {}];
  const m = map((path) => first[path]!.ref.mul(beta1).add(gradients[path]!.ref.mul(1 - beta1)));
  const v = map((path) =>
    second[path]!.ref.mul(beta2).add(gradients[path]!.ref.mul(gradients[path]!.ref).mul(1 - beta2)),
  );
  const moved = map((path) => {
    const direction = m[path]!.ref.div(rate(1)).div(numpy.sqrt(v[path]!.ref.div(rate(2))).add(epsilon));
    return weights[path]!.ref.sub(direction.mul(rate(0)));
  });
  return [moved, m, v];
}

function oneHot(i: number): Float32Array {
  return Float32Array.from({ length: 3 }, (_, j) => (i === j ? 1 : 0));
}
